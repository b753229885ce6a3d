#include "daemon/cli/portal/listing.h"

#include <algorithm>
#include <utility>

#include "daemon/portal/request_rules.h"
#include "daemon/tracking/tracker.h"

namespace tegodrop {
namespace {

constexpr int kReadings = 4;

Result<BuildListing> PageOf(PortalSession& session, const std::string& version, std::int64_t page) {
  return session.Ask<BuildListing>(
      [&](auto done) { return session.administration().ListBuilds(version, page, kLargestPageSize, std::move(done)); });
}

bool Same(const BuildRow& a, const BuildRow& b) { return Matches(a, {b.version, b.platform, b.start_time, b.name}); }

void AddNew(BuildListing& all, BuildListing page) {
  for (ListedBuild& one : page.builds) {
    const bool known = std::any_of(all.builds.begin(), all.builds.end(),
                                   [&](const ListedBuild& other) { return Same(other.row, one.row); });
    if (!known) all.builds.push_back(std::move(one));
  }
}

}  // namespace

std::string BuildWord(const BuildRow& row) {
  switch (JudgeBuild(row, /*signature_required=*/true)) {
    case GateVerdict::kRunning:
      return "running";
    case GateVerdict::kPassed:
      return "done";
    case GateVerdict::kNotSigned:
      // Without a key nobody wanted a signature.
      return row.signing_error_message.value_or("").empty() && row.signing_key_id.value_or("").empty() ? "done"
                                                                                                       : "unsigned";
    case GateVerdict::kFailed:
      return "failed";
    case GateVerdict::kReset:
      return "reset";
    case GateVerdict::kDeleted:
      break;
  }
  return "deleted";
}

std::string BuildMessage(const BuildRow& row) {
  for (const auto* text : {&row.error_message, &row.signing_error_message, &row.status_message}) {
    if (*text && !(*text)->empty()) return **text;
  }
  return "";
}

Result<BuildListing> ListEveryBuild(PortalSession& session, const std::string& version) {
  for (int reading = 1;; ++reading) {
    Result<BuildListing> first = PageOf(session, version, 1);
    if (!first) return first;
    BuildListing all;
    all.json = first->json;
    all.total_count = first->total_count;
    std::int64_t pages = first->total_pages;
    bool steady = true;
    AddNew(all, std::move(*first));
    for (std::int64_t page = 2; page <= pages && steady; ++page) {
      Result<BuildListing> next = PageOf(session, version, page);
      if (!next) return next;
      steady = next->total_count == all.total_count || reading == kReadings;
      // A portal that names no number of pages has another one behind each full one.
      pages = next->builds.empty() ? page : next->total_pages;
      AddNew(all, std::move(*next));
    }
    if (steady) return all;
  }
}

Result<std::optional<BuildRow>> FindBuild(PortalSession& session, const BuildIdentity& build) {
  Tracker tracker(session.portal());
  const Result<HistoryLook> look =
      session.Ask<HistoryLook>([&](auto done) { return tracker.Look(build.version, {build}, std::move(done)); });
  if (!look) return Fail(look.error());
  const std::optional<BuildRow>& row = look->found.front();
  if (!row && !look->complete) {
    return Fail(ErrorKind::kRetry, "the history of " + build.version + " changes while it is read; try again");
  }
  return row;
}

}  // namespace tegodrop
