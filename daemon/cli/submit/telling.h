// What `submit` prints. Pure.
#pragma once

#include <string>
#include <vector>

#include "daemon/cli/submit/drop.h"
#include "daemon/cli/submit/follow.h"
#include "daemon/cli/submit/options.h"

namespace tegodrop {

// One artifact that stands in the drop folder, or did; only the outcome's submit_id is known of one that is looked for
// again.
struct Dropped {
  Parcel parcel;
  Awaited outcome;
};

// Lines for people and for scripts; the trace's path ends its line.
std::string DroppedLine(const SubmitOptions& options, const Dropped& one);
std::string PassedLine(const Awaited& one);
std::string FailedLine(const Awaited& one);
// How to wait for those that are open again.
std::string LookAgain(const SubmitOptions& options, const std::vector<Dropped>& drops);

// {schema: tegodrop-submit/1, folder, artifacts: [{file, file_name, submit_id, size, sha256, commit_sha, commit_from,
// state, job, trace, failure}]}; `commit_from` as in MergedSidecar; `state` is dropped, delivered, duplicate or failed,
// or null where it is not known.
std::string Document(const SubmitOptions& options, const std::vector<Dropped>& drops);

}  // namespace tegodrop
