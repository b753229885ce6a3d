// The night as a drawing: inline SVG for the page. Pure.
//
// Few jobs have a lane each. Many are bundled: for each folder how many were waiting, uploading, building and
// delivering at a time, when they ended, and a lane for each that did not end well.
#pragma once

#include <string>

#include "daemon/report/report.h"

namespace tegodrop {

// So many jobs have a lane each.
inline constexpr std::size_t kMostLanes = 60;
// So many of those that did not end well have one beside bundles.
inline constexpr std::size_t kMostOwnLanes = 40;

// A figure with its legend; empty where no job was there.
std::string TimelineFigure(const Report& report);

}  // namespace tegodrop
