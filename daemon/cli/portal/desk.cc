#include "daemon/cli/portal/desk.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <optional>

#include "daemon/base/text.h"
#include "daemon/base/version.h"

namespace tegodrop {
namespace {

ExitCode CodeOf(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kSignIn:
      return ExitCode::kCredentials;
    case ErrorKind::kRetry:
      return ExitCode::kUnreachable;
    case ErrorKind::kLocalDisk:
      return ExitCode::kOutput;
    case ErrorKind::kCancelled:
      return ExitCode::kLeft;
    case ErrorKind::kBug:
      return ExitCode::kInternal;
    default:
      return ExitCode::kFailed;
  }
}

std::string RemedyOf(const Error& error, std::string_view lookup) {
  const std::string look = std::string(kToolName) + " " + std::string(lookup);
  if (error.outcome_unknown)
    return "it may have been done all the same: look with '" + look + "' before doing it again";
  switch (error.kind) {
    case ErrorKind::kSignIn:
      if (error.http_status == 403) {
        return "have the token's permissions (Builds) and the tenant's plan looked at in the portal";
      }
      return "put a token that the portal knows into place as one line KEY:SECRET";
    case ErrorKind::kSlowDown:
      return "wait, and give the command again";
    case ErrorKind::kRetry:
      return "look at portal.url, portal.proxy, the name service and the firewall, or wait for the portal";
    case ErrorKind::kRejected:
      if (error.http_status == 404) return "see '" + look + "' for what there is";
      return error.http_status != 0 ? "do as the portal says, then give the command again" : "";
    default:
      return "";
  }
}

std::string Formatted(std::optional<std::int64_t> seconds, bool utc, const char* format) {
  if (!seconds) return "";
  const std::time_t time = *seconds;
  std::tm parts{};
  if ((utc ? gmtime_r(&time, &parts) : localtime_r(&time, &parts)) == nullptr) return std::to_string(*seconds);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), format, &parts);
  return text.data();
}

}  // namespace

void Complain(const std::string& text) { std::fprintf(stderr, "%s: %s\n", kToolName, Printable(text).c_str()); }

ExitCode TellRefusal(const Error& error, std::string_view lookup) {
  const std::string remedy = RemedyOf(error, lookup);
  Complain(error.message + (remedy.empty() ? "" : "; " + remedy));
  return CodeOf(error);
}

bool MayDelete(const PortalDesk& desk, const std::string& what, ExitCode* code) {
  if (desk.options.yes) return true;
  if (!desk.person.there()) {
    Complain("there is no terminal to ask at: give --yes to delete " + what);
    *code = ExitCode::kUsage;
    return false;
  }
  if (desk.person.Agrees("Delete " + what + "?")) return true;
  Complain("nothing was deleted");
  *code = ExitCode::kFailed;
  return false;
}

std::string TimeCell(std::optional<std::int64_t> seconds, bool utc) {
  return Formatted(seconds, utc, utc ? "%Y-%m-%d %H:%MZ" : "%Y-%m-%d %H:%M");
}

std::string DayCell(std::optional<std::int64_t> seconds, bool utc) { return Formatted(seconds, utc, "%Y-%m-%d"); }

}  // namespace tegodrop
