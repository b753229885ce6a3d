// builds list, delete, sign.
#include <fnmatch.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "daemon/base/json.h"
#include "daemon/base/safe_json.h"
#include "daemon/base/text.h"
#include "daemon/base/units.h"
#include "daemon/cli/portal/actions.h"
#include "daemon/cli/portal/listing.h"
#include "daemon/cli/portal/table.h"
#include "daemon/portal/request_rules.h"

namespace tegodrop {
namespace {

constexpr std::size_t kWide = 120;
constexpr std::int64_t kLongestBuild = 366L * 24 * 3600;  // seconds; beyond it is no time that a build took

BuildIdentity IdentityOf(const PortalOptions& asked) {
  return {asked.version, asked.platform, asked.start_time, asked.name};
}

std::string Lookup(const std::string& version) { return "builds list --version " + (version.empty() ? "V" : version); }

bool Filters(const PortalOptions& asked) { return asked.since || !asked.state.empty() || !asked.glob.empty(); }

bool Wanted(const PortalOptions& asked, const BuildRow& row, WallMs now) {
  if (asked.since && row.start_time < (now - asked.since->count()) / 1000) return false;
  if (!asked.state.empty() && BuildWord(row) != asked.state) return false;
  return asked.glob.empty() || fnmatch(asked.glob.c_str(), row.name.c_str(), 0) == 0;
}

// The answer's other fields as the portal sent them, but those of a page where there are several in one.
std::string Document(const BuildListing& listing, bool whole) {
  const Result<rapidjson::Document> summary = ParseJson(listing.json);
  Json json(2);
  json.Begin();
  json.Text("schema", "tegodrop-builds/1");
  if (summary && summary->IsObject()) {
    for (const auto& member : summary->GetObject()) {
      const std::string_view name(member.name.GetString(), member.name.GetStringLength());
      if (name == "schema" || (whole && (name == "page" || name == "page_size" || name == "total_pages"))) continue;
      json.Raw(name, JsonText(member.value));
    }
  }
  json.BeginList("results");
  for (const ListedBuild& one : listing.builds) json.RawItem(one.json);
  json.EndList();
  json.End();
  return json.Finish();
}

std::string TookCell(const BuildRow& row) {
  if (!row.end_time || row.start_time < 0 || *row.end_time < row.start_time) return "";
  if (*row.end_time - row.start_time > kLongestBuild) return "";
  const std::chrono::seconds took(*row.end_time - row.start_time);
  return took.count() == 0 ? "<1s" : HumanDuration(took);
}

void Print(const PortalOptions& asked, const BuildListing& listing, bool whole) {
  std::vector<std::vector<std::string>> rows;
  for (const ListedBuild& one : listing.builds) {
    const BuildRow& row = one.row;
    rows.push_back({std::to_string(row.start_time), TimeCell(row.start_time, asked.utc), row.platform, BuildWord(row),
                    TookCell(row), row.name, row.signing_key_name.value_or(""), BuildMessage(row)});
  }
  if (rows.empty()) {
    std::puts(Filters(asked) ? "no build matches" : "no builds");
  } else {
    const std::vector<TableColumn> columns{{"START_TIME"},
                                           {"BEGUN"},
                                           {"PLATFORM"},
                                           {"STATE"},
                                           {"TOOK", Wraps::kNever, kWide},
                                           {"NAME", Wraps::kFirst},
                                           {"KEY", Wraps::kFirst, kWide},
                                           {"MESSAGE", Wraps::kFirst}};
    std::fputs(TableText(columns, rows, OutputWidth()).c_str(), stdout);
  }
  if (whole || listing.total_pages <= 1) return;
  std::printf("page %lld of %lld, %lld builds in all: --page N or --all for the others\n",
              static_cast<long long>(listing.page), static_cast<long long>(listing.total_pages),
              static_cast<long long>(listing.total_count));
}

std::string Named(const BuildRow& row) {
  return "the build of " + row.name + " (" + row.version + ", " + row.platform + ", start_time " +
         std::to_string(row.start_time) + ", begun " + TimeCell(row.start_time, false) + ", " + BuildWord(row) + ")";
}

}  // namespace

ExitCode ListBuilds(const PortalDesk& desk) {
  const PortalOptions& asked = desk.options;
  const bool whole = asked.all || (Filters(asked) && !asked.page);
  Result<BuildListing> listing =
      whole ? ListEveryBuild(desk.session, asked.version) : desk.session.Ask<BuildListing>([&](auto done) {
        return desk.session.administration().ListBuilds(asked.version, asked.page.value_or(1),
                                                        asked.page_size.value_or(kLargestPageSize), std::move(done));
      });
  if (!listing) return TellRefusal(listing.error(), Lookup(asked.version));
  const WallMs now = desk.session.clock().Wall();
  std::erase_if(listing->builds, [&](const ListedBuild& one) { return !Wanted(asked, one.row, now); });
  if (asked.json) {
    std::fputs(Document(*listing, whole).c_str(), stdout);
  } else {
    Print(asked, *listing, whole);
  }
  return ExitCode::kDone;
}

ExitCode DeleteBuild(const PortalDesk& desk) {
  const BuildIdentity build = IdentityOf(desk.options);
  std::string what = "the build of " + build.name + " (" + build.version + ", " + build.platform + ", start_time " +
                     std::to_string(build.start_time) + ")";
  if (!desk.options.yes) {
    const auto row = FindBuild(desk.session, build);
    if (!row) return TellRefusal(row.error(), Lookup(build.version));
    if (!*row) {
      Complain("the history does not have " + what + "; see 'tegodrop " + Lookup(build.version) + "'");
      return ExitCode::kFailed;
    }
    what = Named(**row);
  }
  ExitCode code = ExitCode::kDone;
  if (!MayDelete(desk, what, &code)) return code;
  const Status done = desk.session.Await<void>(
      [&](auto answer) { return desk.session.administration().DeleteBuild(build, std::move(answer)); });
  if (!done) return TellRefusal(done.error(), Lookup(build.version));
  std::printf("deleted %s\n", Printable(what).c_str());
  return ExitCode::kDone;
}

ExitCode SignBuild(const PortalDesk& desk) {
  const PortalOptions& asked = desk.options;
  const SignRequest request{asked.platform, asked.name, asked.start_time};
  const Status done = desk.session.Await<void>(
      [&](auto answer) { return desk.session.administration().SignBuild(request, std::move(answer)); });
  if (!done) return TellRefusal(done.error(), Lookup(""));
  std::printf("queued for signing: %s (%s, start_time %lld)\n", Printable(asked.name).c_str(), asked.platform.c_str(),
              static_cast<long long>(asked.start_time));
  return ExitCode::kDone;
}

}  // namespace tegodrop
