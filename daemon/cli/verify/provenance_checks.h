// Whether the provenance beside a trace is the trace's own, and who signed it.
#pragma once

#include <string>
#include <vector>

#include "daemon/disk/file_system.h"
#include "daemon/model/check.h"
#include "daemon/provenance/key.h"

namespace tegodrop {

// "provenance": the statement (bare, in its envelope, or both) is the one that this trace gives; skipped where there is
// none. "provenance_signature": the envelope is signed by one of `keys`; skipped where none was given, and fails
// without an envelope where one was, and for an envelope without a signature in every case. `dir`: the output folder;
// `trace`: the trace's text.
std::vector<Check> CheckProvenance(FileSystem& fs, int dir, const std::string& output, const std::string& trace,
                                   const std::vector<VerifyingKey>& keys);

}  // namespace tegodrop
