// The report for a terminal and for a mail. Pure.
#pragma once

#include <string>

#include "daemon/report/report.h"

namespace tegodrop {

// Lines, the first of which is the verdict. Long lists end with how many more there are: JSON and HTML have them all.
std::string ReportText(const Report& report);

}  // namespace tegodrop
