// What a job was doing when, from its timeline. Pure.
#pragma once

#include <vector>

#include "daemon/ledger/sqlite_ledger.h"
#include "daemon/report/report.h"

namespace tegodrop {

// From the drop to its end or to `to`, in order, clipped to the span; neighbours of one kind are one.
std::vector<Phase> PhasesOf(const JobStory& story, WallMs from, WallMs to);

}  // namespace tegodrop
