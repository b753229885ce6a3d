// A token or a password that a server repeats is in nothing that is kept or shown: `SECRET\nWAY\nTEXT`.
#include <string>

#include "daemon/portal/refusal.h"
#include "daemon/portal/words.h"
#include "tests/fuzz/fuzz.h"

namespace tegodrop::fuzzing {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

std::string InUrl(std::string_view secret) {
  std::string text;
  for (const char c : secret) {
    const auto byte = static_cast<unsigned char>(c);
    text += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
  }
  return text;
}

std::string InJson(std::string_view secret) {
  std::string text;
  for (const char c : secret) {
    const auto byte = static_cast<unsigned char>(c);
    text += std::string("\\u00") + kHex[byte >> 4U] + kHex[byte & 15U];
  }
  return text;
}

// Letters and digits, as tokens have them, so that no reader takes them for something else; long enough to be one.
std::string SecretOf(std::string_view line) {
  std::string secret = "Qz7";
  for (const char c : line.substr(0, 40)) secret += kHex[static_cast<unsigned char>(c) & 15U];
  while (secret.size() < 16) secret += 'k';
  return secret;
}

void TryPassword(const Secret& password, const std::string& text) {
  Must(Repeats(text, password), "a repeated password is noticed", text);
  HttpAnswer answer;
  answer.status = 400;
  answer.body = text;
  answer.headers = {{"content-type", "text/plain"}, {"location", text}, {"retry-after", text}};
  LeaveOut(password, &answer);
  const Error error = ErrorOfAnswer(answer, "a signing key", 0);
  MustBePrintable(error.message);
  Must(!Contains(error.message, password.Reveal()), "no message repeats the password", error.message);
  Must(!Contains(PortalWords(answer.body), password.Reveal()), "nor do the words", answer.body);
}

void TryToken(const std::string& secret, const std::string& text) {
  const Secret token("tego-key:" + secret);
  const HiddenToken hidden(token);
  const std::string cleaned = hidden.Cleaned(text);
  Must(!Contains(cleaned, secret), "the token is taken out", cleaned);
  Must(!Contains(PortalWords(cleaned), secret), "nor do the words hold it", cleaned);
}

}  // namespace

void Try(std::string_view input) {
  Pieces pieces(input);
  const std::string secret = SecretOf(pieces.Line());
  const int way = pieces.Byte() % 3;
  const std::string_view text = pieces.rest();
  const std::string spelled = way == 0 ? secret : way == 1 ? InUrl(secret) : InJson(secret);
  // Anywhere in the text, and as a word of a JSON answer.
  const std::size_t middle = text.size() / 2;
  const std::string anywhere = std::string(text.substr(0, middle)) + spelled + std::string(text.substr(middle));
  TryPassword(Secret(secret), "{\"message\": \"not " + spelled + "\"}");
  if (way == 0) TryPassword(Secret(secret), anywhere);
  if (way == 0) TryToken(secret, anywhere);
  (void)Repeats(text, Secret(secret));
}

}  // namespace tegodrop::fuzzing
