// Many jobs of one folder in one band of the drawing. Pure.
#pragma once

#include <string>

#include "daemon/report/axis.h"
#include "daemon/report/report.h"

namespace tegodrop {

inline constexpr int kBundleHeight = 96;

// From `top` on, kBundleHeight high: how many jobs there were of each phase at a time, and below when they ended.
std::string BundleBand(const FolderReport& folder, const Axis& axis, int top);

// The most jobs that were there at once.
int MostAtOnce(const FolderReport& folder);

}  // namespace tegodrop
