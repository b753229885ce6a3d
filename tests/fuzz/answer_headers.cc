// Retry-After and Date: `NOW-BYTE VALUE`. A delay is none that lets a job wait for ever, and a date is read again as
// the same.
#include <array>
#include <ctime>
#include <string>

#include "daemon/net/transfer.h"
#include "tests/fuzz/fuzz.h"

namespace tegodrop::fuzzing {

void Try(std::string_view input) {
  Pieces pieces(input);
  const std::int64_t now = std::int64_t{1'700'000'000'000} + std::int64_t{pieces.Byte()} * 86'400'000;
  HttpAnswer answer;
  answer.headers = {{"retry-after", std::string(pieces.rest())}, {"date", std::string(pieces.rest())}};
  if (const auto delay = answer.RetryAfter(now)) {
    Must(delay->count() >= 0, "nobody waits for the past", pieces.rest());
    Must(*delay <= std::chrono::hours(24), "nobody waits for more than a day", pieces.rest());
  }
  if (const auto date = answer.Date()) {
    const auto seconds = static_cast<std::time_t>(*date / 1000);
    std::tm parts{};
    Must(gmtime_r(&seconds, &parts) != nullptr, "a date is a date", pieces.rest());
    std::array<char, 64> text{};
    Must(std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts) > 0, "and can be written");
    HttpAnswer again;
    again.headers = {{"date", text.data()}};
    if (parts.tm_year + 1900 >= 1000 && parts.tm_year + 1900 <= 9999) {
      Must(again.Date() == date, "and is read again as the same", text.data());
    }
  }
}

}  // namespace tegodrop::fuzzing
