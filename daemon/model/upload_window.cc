#include "daemon/model/upload_window.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::string_view kAllowed =
    "; allowed is HH:MM-HH:MM from 00:00 to 24:00, with days in front where it is not every day's: 22:00-06:00, "
    "mon-fri "
    "22:00-06:00, sat,sun 00:00-24:00";
constexpr int kMinutesOfDay = 24 * 60;
constexpr std::int64_t kDay = 86400;
// A window of one day in the week that falls into an hour that is left out opens the week after.
constexpr int kDaysAhead = 16;
constexpr int kDaysBack = 16;

// The day of the week of a day since 1970-01-01, a Thursday.
std::size_t WeekDay(std::int64_t day) { return static_cast<std::size_t>(((day + 3) % 7 + 7) % 7); }

std::int64_t FloorDay(std::int64_t seconds) { return seconds >= 0 ? seconds / kDay : -((-seconds + kDay - 1) / kDay); }

std::optional<int> ReadTime(std::string_view text) {
  const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4)) return std::nullopt;
  const int hours = (text[0] - '0') * 10 + text[1] - '0';
  const int minutes = (text[3] - '0') * 10 + text[4] - '0';
  if (minutes > 59 || hours > 24 || (hours == 24 && minutes > 0)) return std::nullopt;
  return hours * 60 + minutes;
}

std::optional<std::size_t> ReadDay(std::string_view text) {
  const auto* found = std::find(kDays.begin(), kDays.end(), text);
  if (found == kDays.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kDays.begin());
}

std::string Quoted(std::string_view text) { return "'" + Printable(text.substr(0, 60)) + "'"; }

// Fills `days` from "mon-fri,sun"; returns what is wrong.
std::string ReadDays(std::string_view text, std::bitset<7>& days) {
  for (;;) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view item = text.substr(0, comma);
    const std::size_t dash = std::min(item.find('-'), item.size());
    const std::string_view last_text = dash == item.size() ? item : item.substr(dash + 1);
    const auto first = ReadDay(item.substr(0, dash));
    const auto last = ReadDay(last_text);
    if (!first || !last) {
      return "names the day " + Quoted(first ? last_text : item.substr(0, dash)) +
             "; days are mon, tue, wed, thu, fri, sat, sun, as mon-fri or sat,sun";
    }
    for (std::size_t day = *first;; day = (day + 1) % 7) {
      days.set(day);
      if (day == *last) break;
    }
    if (comma == text.size()) return "";
    text.remove_prefix(comma + 1);
  }
}

using Spans = std::vector<TimeZone::Span>;

// The moments at which clocks of the zone show `local`, first and last; where they never do, the moment of the change
// that leaves it out, as both.
struct Moments {
  std::int64_t first = 0;
  std::int64_t last = 0;
  bool left_out = false;
};
Moments MomentsOf(const Spans& spans, std::int64_t local) {
  // No clock is further from UTC than a day and a half.
  auto span = std::upper_bound(spans.begin(), spans.end(), local - 2 * kDay,
                               [](std::int64_t time, const TimeZone::Span& one) { return time < one.from; });
  if (span != spans.begin()) --span;
  std::optional<Moments> found;
  std::int64_t jump = 0;
  for (; span != spans.end() && (span == spans.begin() || span->from <= local + 2 * kDay); ++span) {
    const bool is_first = span == spans.begin();
    const auto next = span + 1;
    const std::int64_t time = local - span->ahead;
    const bool begun = is_first || time >= span->from;
    if (begun && (next == spans.end() || time < next->from)) {
      if (!found) found = Moments{time, time, false};
      found->last = time;
    }
    // Of the span before it this moment would be too late, of this one too early.
    if (!begun && local - (span - 1)->ahead >= span->from) jump = span->from;
  }
  return found.value_or(Moments{jump, jump, true});
}

std::int64_t BeginOf(const Spans& spans, std::int64_t local) { return MomentsOf(spans, local).first; }

// The last second before it decides: the end itself is no longer in the window.
std::int64_t EndOf(const Spans& spans, std::int64_t local) {
  const Moments moments = MomentsOf(spans, local - 1);
  return moments.left_out ? moments.last : moments.last + 1;
}

int AheadAt(const Spans& spans, std::int64_t time) {
  const auto next = std::upper_bound(spans.begin(), spans.end(), time,
                                     [](std::int64_t one, const TimeZone::Span& span) { return one < span.from; });
  return next == spans.begin() ? next->ahead : (next - 1)->ahead;
}

std::int64_t SecondsOf(WallMs time) { return time >= 0 ? time / 1000 : -((-time + 999) / 1000); }

}  // namespace

std::string UploadWindow::Read(const std::string& text, Part& part) {
  std::string wanted = ToLowerAscii(Trim(text));
  const std::size_t space = wanted.rfind(' ');
  std::string days = space == std::string::npos ? "" : wanted.substr(0, space);
  const std::string_view times = std::string_view(wanted).substr(space == std::string::npos ? 0 : space + 1);
  std::erase(days, ' ');
  const std::string what = Quoted(text) + " ";
  const std::size_t dash = times.find('-');
  const auto begin = dash == std::string_view::npos ? std::nullopt : ReadTime(times.substr(0, dash));
  const auto end = dash == std::string_view::npos ? std::nullopt : ReadTime(times.substr(dash + 1));
  if (!begin || !end) {
    const bool day = times.size() >= 3 && ReadDay(times.substr(0, 3)).has_value();
    return what + (day ? "names no times; between [ and ] a text with a comma needs quotes" : "is no window") +
           std::string(kAllowed);
  }
  if (*begin == kMinutesOfDay) return what + "begins at the end of a day; write 00:00 and the day after";
  if (*begin == *end) return what + "is empty: it ends when it begins; the whole day is 00:00-24:00, any time is null";
  part.days.set();
  if (!days.empty()) {
    part.days.reset();
    if (std::string wrong = ReadDays(days, part.days); !wrong.empty()) return what + wrong;
  }
  part.begin = *begin;
  part.end = *end + (*end < *begin ? kMinutesOfDay : 0);
  part.text = (days.empty() ? "" : days + " ") + std::string(times);
  return "";
}

std::string UploadWindow::Check(std::string& text) {
  Part part;
  std::string wrong = Read(text, part);
  if (wrong.empty()) text = part.text;
  return wrong;
}

Result<UploadWindow> UploadWindow::Parse(const std::vector<std::string>& texts, TimeZone zone) {
  UploadWindow window;
  for (const std::string& text : texts) {
    window.parts_.emplace_back();
    if (std::string wrong = Read(text, window.parts_.back()); !wrong.empty()) {
      return Fail(ErrorKind::kRejected, std::move(wrong));
    }
  }
  window.zone_ = std::move(zone);
  window.always_open_ = window.CoversAll();
  return window;
}

bool UploadWindow::CoversAll() const {
  if (parts_.empty()) return true;
  constexpr std::size_t kWeek = 7UL * kMinutesOfDay;
  std::bitset<kWeek> covered;
  for (const Part& part : parts_) {
    for (std::size_t day = 0; day < 7; ++day) {
      if (!part.days.test(day)) continue;
      for (int minute = part.begin; minute < part.end; ++minute) {
        covered.set((day * kMinutesOfDay + static_cast<std::size_t>(minute)) % kWeek);
      }
    }
  }
  return covered.all();
}

std::vector<std::pair<std::int64_t, std::int64_t>> UploadWindow::Around(std::int64_t now) const {
  const std::int64_t today = FloorDay(now + AheadAt(zone_.spans, now));
  std::vector<std::pair<std::int64_t, std::int64_t>> pieces;
  for (std::int64_t day = today - kDaysBack; day <= today + kDaysAhead; ++day) {
    for (const Part& part : parts_) {
      if (!part.days.test(WeekDay(day))) continue;
      const std::int64_t begin = BeginOf(zone_.spans, day * kDay + part.begin * 60LL);
      const std::int64_t end = EndOf(zone_.spans, day * kDay + part.end * 60LL);
      if (begin < end) pieces.emplace_back(begin, end);
    }
  }
  std::sort(pieces.begin(), pieces.end());
  std::vector<std::pair<std::int64_t, std::int64_t>> merged;
  for (const auto& piece : pieces) {
    if (!merged.empty() && piece.first <= merged.back().second) {
      merged.back().second = std::max(merged.back().second, piece.second);
    } else {
      merged.push_back(piece);
    }
  }
  return merged;
}

UploadWindow::Look UploadWindow::At(WallMs now) const {
  if (always_open_) return {};
  const std::int64_t seconds = SecondsOf(now);
  for (const auto& [begin, end] : Around(seconds)) {
    if (end <= seconds) continue;
    return begin <= seconds ? Look{true, end * 1000} : Look{false, begin * 1000};
  }
  return {false, std::nullopt};
}

std::string UploadWindow::Words() const {
  std::string text = "the upload window (";
  for (const Part& part : parts_) text += part.text + ", ";
  return text + zone_.name + ")";
}

std::optional<WallMs> UploadWindow::ClosedBefore(WallMs now) const {
  if (always_open_) return std::nullopt;
  const std::int64_t seconds = SecondsOf(now);
  std::optional<WallMs> closed;
  for (const auto& [begin, end] : Around(seconds)) {
    if (end <= seconds) closed = end * 1000;
  }
  return closed;
}

std::string UploadWindow::Shown(WallMs time, const char* format) const {
  const std::int64_t seconds = SecondsOf(time);
  const std::time_t local = seconds + AheadAt(zone_.spans, seconds);
  std::tm fields{};
  gmtime_r(&local, &fields);
  char text[32];
  return {text, std::strftime(text, sizeof text, format, &fields)};
}

std::string UploadWindow::TimeText(WallMs time) const {
  return Shown(time, "%a %Y-%m-%d %H:%M") + " (" + zone_.name + ")";
}

std::string UploadWindow::MinuteStamp(WallMs time) const { return Shown(time, "%Y-%m-%d-%H%M"); }

std::string UploadWindow::SecondStamp(WallMs time) const { return Shown(time, "%Y-%m-%d-%H%M%S"); }

}  // namespace tegodrop
