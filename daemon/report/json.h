// The report for programs. Pure.
#pragma once

#include <string>

#include "daemon/report/report.h"

namespace tegodrop {

// One document, schema tegodrop-report/1: {schema, verdict, to_do, host, from, to, daemon: {running, since, process},
// counts, builds: [{version, platform, count, median_ms, p90_ms, longest_ms, longest_job}], folders: [{name, path,
// state, reason, since, counts, builds}], jobs: [...], notices: [{about, message, since}]}. Every key is always there;
// what is not known is null. No list is cut.
std::string ReportJson(const Report& report);

}  // namespace tegodrop
