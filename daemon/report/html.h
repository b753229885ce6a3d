// The report as one page that needs nothing else: no script, no font, no image, no network. Pure.
#pragma once

#include <string>

#include "daemon/report/report.h"

namespace tegodrop {

// A whole document, UTF-8. Every list is complete. Light and dark, from 360 pixels on, and on paper.
std::string ReportHtml(const Report& report);

}  // namespace tegodrop
