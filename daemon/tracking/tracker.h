// The build history, looked through once for every awaited build of a version.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/loop/handle.h"
#include "daemon/model/build.h"
#include "daemon/portal/portal.h"
#include "daemon/tracking/learnt_times.h"

namespace tegodrop {

struct HistoryLook {
  std::vector<std::optional<BuildRow>> found;  // one for each that was asked for, in their order; nullopt: not found
  // Every page was read and the listing did not shift meanwhile: what was not found is not there. Always true where all
  // were found.
  bool complete = false;
  LearntTimes times = {};  // of the finished builds on the pages that were read
};

class Tracker {
 public:
  // `portal` must outlive it.
  explicit Tracker(Portal& portal) : portal_(portal) {}

  // Looks through the listing of `version`, page by page, until all of `awaited` are found or the pages end. The page
  // names no order, so none is assumed. A listing that shifts while it is paged (total_count or the first row changes)
  // is read again from the start, at most three times. Errors are those of Portal::ListBuilds.
  HandlePtr Look(const std::string& version, std::vector<BuildIdentity> awaited,
                 std::function<void(Result<HistoryLook>)> done);

 private:
  Portal& portal_;
};

}  // namespace tegodrop
