#include "daemon/base/time_zone.h"

// As Debian builds the library: it reads /usr/share/zoneinfo.
#define USE_OS_TZDB 1
#include <date/tz.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <fstream>
#include <optional>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr std::string_view kDatabase = "/usr/share/zoneinfo/";
constexpr std::string_view kLocalFile = "/etc/localtime";
constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kFirst = 946'684'800;   // 2000-01-01
constexpr std::int64_t kLast = 4'102'444'800;  // 2100-01-01

// The library takes for granted what stands in its folder, and ends the process where that is wrong.
bool IsZoneFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 4> magic{};
  return file.read(magic.data(), magic.size()) && std::string_view(magic.data(), magic.size()) == "TZif";
}

void Append(TimeZone& zone, std::int64_t from, int ahead) {
  if (zone.spans.empty() || zone.spans.back().ahead != ahead) zone.spans.push_back({from, ahead});
}

std::string NearestZone(const std::string& name) {
  constexpr std::size_t kLongest = 64;  // each is compared: no name is as long
  if (name.size() > kLongest) return "";
  std::vector<std::string> names;
  for (const date::time_zone& zone : date::get_tzdb().zones) names.push_back(zone.name());
  return Nearest(name, names);
}

int AheadAt(std::int64_t time) {
  const std::time_t seconds = time;
  std::tm local{};
  localtime_r(&seconds, &local);
  return static_cast<int>(local.tm_gmtoff);
}

// The C library tells of single moments only, so changes are looked for between days.
void AppendLocal(TimeZone& zone) {
  Append(zone, kFirst, AheadAt(kFirst));
  for (std::int64_t day = kFirst; day < kLast; day += kDay) {
    const int ahead = AheadAt(day + kDay);
    if (ahead == zone.spans.back().ahead) continue;
    std::int64_t before = day;
    std::int64_t after = day + kDay;
    while (after - before > 1) {
      const std::int64_t middle = before + (after - before) / 2;
      (AheadAt(middle) == ahead ? after : before) = middle;
    }
    Append(zone, after, ahead);
  }
}

// "Europe/Berlin" of a path into the database.
std::optional<std::string> NameInDatabase(std::string_view path) {
  constexpr std::string_view kFolder = "zoneinfo/";
  const std::size_t at = path.rfind(kFolder);
  if (at == std::string_view::npos) return std::nullopt;
  return std::string(path.substr(at + kFolder.size()));
}

std::string LinkTarget(std::string_view path) {
  std::array<char, 4096> target{};
  const ssize_t length = readlink(std::string(path).c_str(), target.data(), target.size());
  return length <= 0 ? "" : std::string(target.data(), static_cast<std::size_t>(length));
}

}  // namespace

Result<TimeZone> NamedZone(const std::string& name) {
  TimeZone zone;
  zone.name = name;
  if (name == "UTC") return zone;
  constexpr std::string_view kAllowed = "; allowed is local, UTC, or a name from /usr/share/zoneinfo as Europe/Berlin";
  const std::string wrong = "'" + Printable(name.substr(0, 60)) + "' is no time zone of this machine";
  try {
    const auto& zones = date::get_tzdb().zones;
    const bool known = std::any_of(zones.begin(), zones.end(), [&](const auto& one) { return one.name() == name; });
    if (!known || !IsZoneFile(std::string(kDatabase) + name)) {
      const std::string near = NearestZone(name);
      return Fail(ErrorKind::kRejected,
                  wrong + (near.empty() || near == name ? "" : "; did you mean " + near + "?") + std::string(kAllowed));
    }
    zone.spans.clear();
    const date::time_zone* found = date::locate_zone(name);
    const date::sys_seconds last{std::chrono::seconds(kLast)};
    for (date::sys_seconds time{std::chrono::seconds(kFirst)}; time < last;) {
      const date::sys_info info = found->get_info(time);
      Append(zone, time.time_since_epoch().count(), static_cast<int>(info.offset.count()));
      if (info.end <= time) break;
      time = info.end;
    }
    return zone;
  } catch (const std::exception& fault) {
    return Fail(ErrorKind::kRejected, wrong + ": its tz database cannot be read (" + Printable(fault.what()) +
                                          "); install the package tzdata, or set UTC or local");
  }
}

MachineZone LocalZone() {
  tzset();
  MachineZone machine;
  const char* variable = std::getenv("TZ");
  std::string_view said = variable == nullptr ? std::string_view() : variable;
  if (said.starts_with(':')) said.remove_prefix(1);
  const bool by_file = variable == nullptr || said == kLocalFile;
  machine.zone.name = "local time";
  if (by_file) {
    if (access(std::string(kLocalFile).c_str(), R_OK) != 0) {
      machine.zone.name = "local time, which is UTC";
      machine.trouble =
          "this machine has no /etc/localtime, so its local time counts as UTC: make that a link to its zone "
          "(timedatectl set-timezone), or set schedule.timezone";
    } else if (const auto name = NameInDatabase(LinkTarget(kLocalFile))) {
      machine.zone.name = *name;
    }
  } else if (!said.empty()) {
    machine.zone.name = NameInDatabase(said).value_or(std::string(said));
    const std::string path = said.starts_with('/') ? std::string(said) : std::string(kDatabase) + std::string(said);
    // A rule of its own, as CET-1CEST, names hours.
    const bool rule = !said.starts_with('/') && said.find_first_of("0123456789") != std::string_view::npos;
    if (!rule && !IsZoneFile(path)) {
      machine.zone.name = "local time, which is UTC";
      machine.trouble = "TZ is '" + Printable(said) +
                        "', which is no time zone of this machine, so its local time counts as UTC: correct or unset "
                        "it, or set schedule.timezone";
    }
  } else {
    machine.zone.name = "UTC";
  }
  machine.zone.spans.clear();
  AppendLocal(machine.zone);
  return machine;
}

}  // namespace tegodrop
