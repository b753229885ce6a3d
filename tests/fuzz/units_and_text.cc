// Durations and sizes are written and read again as the same; foreign text is shown as one printable line.
#include <string>

#include "daemon/base/units.h"
#include "tests/fuzz/fuzz.h"

namespace tegodrop::fuzzing {

void Try(std::string_view input) {
  if (const auto duration = ParseDuration(input)) {
    Must(duration->count() >= 0, "no duration is negative", input);
    Must(ParseDuration(FormatDuration(*duration)) == duration, "a duration is read again as the same", input);
    MustBePrintable(HumanDuration(*duration));
  }
  if (const auto size = ParseSize(input)) {
    Must(ParseSize(FormatSize(*size)) == size, "a size is read again as the same", input);
    MustBePrintable(HumanSize(*size));
  }
  const std::string shown = Printable(input);
  MustBePrintable(shown);
  Must(shown.find_first_of("\r\n\t") == std::string::npos, "one line", shown);
  Must(shown != input || IsUtf8(input), "only UTF-8 is shown as it is", shown);
  Must(ToHex(input).size() == 2 * input.size() && (input.empty() || IsHex(ToHex(input))), "hex is hex");
  const std::string_view trimmed = Trim(input);
  Must(Trim(trimmed) == trimmed, "white space goes at once", trimmed);
}

}  // namespace tegodrop::fuzzing
