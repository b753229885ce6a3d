// The morning after: what a span of time brought, made from the ledger's rows. Pure: a value, which the renderers
// (text.h, json.h, html.h) turn into words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/ledger/history.h"
#include "daemon/model/failure.h"
#include "daemon/model/job.h"

namespace tegodrop {

// What became of a dropped artifact, or where it is.
enum class Outcome : std::uint8_t {
  kDelivered,
  kDuplicate,  // not built again: the same bytes were delivered before
  kFailed,
  kRefused,  // failed before it was taken in, for what was dropped
  kCancelled,
  kWaits,
  kAtWork,
};
std::string_view ToString(Outcome outcome);

enum class PhaseKind : std::uint8_t { kWaiting, kUploading, kBuilding, kDelivering };
std::string_view ToString(PhaseKind kind);

struct Phase {
  PhaseKind kind = PhaseKind::kWaiting;
  WallMs from = 0;
  WallMs to = 0;
};

struct ReportedJob {
  std::string id;
  std::string file;  // below the drop folder
  std::string version;
  std::string platform;
  Outcome outcome = Outcome::kAtWork;
  JobState state = JobState::kClaiming;
  WallMs dropped = 0;
  WallMs ended = 0;  // 0: not yet
  // From the drop to the delivery; none of one that a person had delivered again.
  std::optional<std::int64_t> took_ms;
  // From when the portal had the whole upload to the end of its build, as the history told it.
  std::optional<std::int64_t> build_ms;
  WallMs built = 0;  // when that was
  int redeliveries = 0;
  std::string commit;            // empty: none known
  bool commit_conflict = false;  // what names it disagrees
  std::string protected_name;    // of what is delivered
  std::string trace;             // absolute; of a duplicate that of the earlier delivery
  std::string duplicate_of;
  std::optional<Failure> failure;
  std::string artifact_in;  // of what failed or was cancelled: the folder that the artifact stands in
  std::string record;       // and the file that tells of it in the output folder
  Waiting waiting;
  bool needs_folder = false;  // waits for a folder that somebody should look at
  bool held = false;          // only a person can move it on
  bool late = false;          // its build takes longer than the config's alarm_after
  std::vector<Phase> phases;  // in order, inside the span
};

struct Counts {
  std::int64_t delivered = 0;
  std::int64_t duplicates = 0;
  std::int64_t failed = 0;
  std::int64_t refused = 0;
  std::int64_t cancelled = 0;
  std::int64_t wait = 0;
  std::int64_t at_work = 0;
  std::int64_t all() const { return delivered + duplicates + failed + refused + cancelled + wait + at_work; }
};

// Of the builds that ended inside the span, the failed ones too.
struct BuildTimes {
  std::string version;
  std::string platform;
  std::int64_t count = 0;
  std::int64_t median_ms = 0;
  std::int64_t p90_ms = 0;  // nine of ten took no longer
  std::int64_t longest_ms = 0;
  std::string longest_job;
};

struct FolderReport {
  std::string name;
  std::string path;   // empty: not known
  std::string state;  // as `status` names it; empty: it has left the config
  std::string reason;
  WallMs since = 0;
  Counts counts;
  BuildTimes builds;  // of all versions and platforms; count 0: none
  std::vector<ReportedJob> jobs;
};

// Whether a daemon runs, as far as it can be known.
struct DaemonState {
  enum class Known : std::uint8_t { kNot, kRuns, kDoesNotRun };
  Known known = Known::kNot;
  WallMs since = 0;     // since when it runs, or when the last one began; 0: not known, or there never was one
  std::string process;  // empty: not known
};

struct ReportInput {
  WallMs from = 0;
  WallMs to = 0;     // now
  std::string host;  // empty: left out
  DaemonState daemon;
  std::vector<FolderRecord> folders;  // as they are to be shown (shown.h)
  // Of the ledger: jobs that ended before `from` are passed over; its folders are not looked at.
  LedgerHistory history;
};

struct Report {
  WallMs from = 0;
  WallMs to = 0;
  std::string host;
  DaemonState daemon;
  std::vector<FolderReport> folders;  // those of the config in its order, then what else jobs name
  Counts counts;
  std::vector<BuildTimes> builds;  // for each version and platform
  std::vector<Notice> notices;
};

Report MakeReport(ReportInput input);

// "12 delivered, 1 failed, 2 wait", or that nothing happened.
std::string Headline(const Report& report);
std::string Headline(const Counts& counts);
// What a person has to do, a sentence for each; empty: nothing. Never longer than a page, however much has failed.
std::vector<std::string> ThingsToDo(const Report& report);
// The first line of every rendering: the headline, and whether there is anything to do.
std::string Verdict(const Report& report);
// Since when the daemon has run, or that none runs.
std::string DaemonWords(const Report& report);
// "median 4m 10s, 9 of 10 within 6m 2s, longest 9m 1s".
std::string BuildWords(const BuildTimes& builds);

}  // namespace tegodrop
