// apps list, apps delete.
#include <algorithm>
#include <cstdio>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/cli/portal/actions.h"
#include "daemon/cli/portal/table.h"

namespace tegodrop {
namespace {

constexpr char kLookup[] = "apps list";
constexpr std::size_t kWide = 100;

Result<std::vector<ApplicationRecord>> AskForApps(const PortalDesk& desk) {
  return desk.session.Ask<std::vector<ApplicationRecord>>(
      [&](auto done) { return desk.session.administration().ListApplications(std::move(done)); });
}

std::string Named(const ApplicationRecord& app) {
  std::string what = "application " + app.application_id;
  std::string about;
  for (const std::string& one :
       {app.build_name.value_or(""), app.platform.value_or(""), app.build_version.value_or("")}) {
    if (!one.empty()) about += (about.empty() ? "" : ", ") + one;
  }
  if (app.creation_time) about += ", created " + TimeCell(app.creation_time, false);
  return about.empty() ? what : what + " (" + about + ")";
}

}  // namespace

ExitCode ListApps(const PortalDesk& desk) {
  const auto apps = AskForApps(desk);
  if (!apps) return TellRefusal(apps.error(), kLookup);
  if (desk.options.json) {
    std::fputs(RowsDocument("tegodrop-apps/1", "applications", *apps).c_str(), stdout);
    return ExitCode::kDone;
  }
  if (apps->empty()) {
    std::puts("the tenant has no application records");
    return ExitCode::kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const ApplicationRecord& app : *apps) {
    rows.push_back({app.application_id, app.platform.value_or(""), DayCell(app.creation_time, desk.options.utc),
                    app.build_version.value_or(""), app.build_name.value_or("")});
  }
  std::fputs(
      TableText(
          {{"ID", Wraps::kLast}, {"PLATFORM"}, {"CREATED"}, {"VERSION", Wraps::kFirst, kWide}, {"NAME", Wraps::kFirst}},
          rows, OutputWidth())
          .c_str(),
      stdout);
  return ExitCode::kDone;
}

ExitCode DeleteApp(const PortalDesk& desk) {
  std::string what = "application " + desk.options.id;
  if (!desk.options.yes) {
    const auto apps = AskForApps(desk);
    if (!apps) return TellRefusal(apps.error(), kLookup);
    const auto found = std::find_if(apps->begin(), apps->end(), [&](const ApplicationRecord& app) {
      return app.application_id == desk.options.id;
    });
    if (found == apps->end()) {
      Complain("there is no " + what + "; see 'tegodrop apps list'");
      return ExitCode::kFailed;
    }
    what = Named(*found);
  }
  ExitCode code = ExitCode::kDone;
  if (!MayDelete(desk, what, &code)) return code;
  const Status done = desk.session.Await<void>(
      [&](auto answer) { return desk.session.administration().DeleteApplication(desk.options.id, std::move(answer)); });
  if (!done) return TellRefusal(done.error(), kLookup);
  std::printf("deleted %s\n", Printable(what).c_str());
  return ExitCode::kDone;
}

}  // namespace tegodrop
