// The portal's own words in an answer: one printable line, without the queries of URLs. A signed one is put into the
// middle of every input.
#include <string>

#include "daemon/portal/words.h"
#include "tests/fuzz/fuzz.h"

namespace tegodrop::fuzzing {
void Try(std::string_view given) {
  constexpr std::string_view kSecret = "SIGNED";
  const std::string_view front = given.substr(0, given.size() / 2);
  // With letters before and behind, so that the input cannot cut the query off nor hide its beginning.
  std::string input(front);
  input += "a?X-Amz-Signature=SIGNEDa";
  input += given.substr(front.size());
  if (Contains(given, kSecret)) return;
  const std::string words = PortalWords(input);
  MustBePrintable(words);
  Must(!Contains(words, kSecret), "no query stays", words);
  const std::string message = PortalMessage(input);
  MustBePrintable(message);
  Must(!Contains(message, kSecret), "no query stays", message);
  Must(message.empty() || message == words, "a message is among the words", message);
  (void)SaysItFailed(input);
  const std::string without = WithoutQueries(input);
  Must(WithoutQueries(without) == without, "what was left out stays out", without);
  Must(!Contains(without, kSecret), "no query stays", without);
  const std::string shortened = Shortened(words);
  MustBePrintable(shortened);
  Must(shortened.size() < 700, "words are short", shortened);
}

}  // namespace tegodrop::fuzzing
