// What `verify` and `trace find` are about: the deliveries below the given paths.
#pragma once

#include <string>
#include <vector>

#include "daemon/disk/file_system.h"

namespace tegodrop {

// Where a delivery stands, or should.
struct Place {
  std::string folder;  // absolute or as it was given
  std::string trace;   // the trace's name in it; empty: a protected file that no trace belongs to
  std::string output;  // the protected file's name as the trace's name says it

  std::string path() const { return folder + "/" + (trace.empty() ? output : trace); }
  bool operator<(const Place& other) const { return path() < other.path(); }
};

struct Collected {
  std::vector<Place> places;          // sorted, each once
  std::vector<std::string> troubles;  // a path that is not there, a folder that cannot be read: one sentence each
  std::vector<std::string> empty;     // a folder that was named and has no delivery in it: one sentence each
  std::vector<std::string> notes;     // what was passed over, and why: one sentence each
};

// A trace, a protected file, or what else stands beside them names one delivery, whether it is there or not; a folder
// all that stand in it and below, and its artifacts without a trace too. Passed over are dot folders, where the daemon
// stages and keeps what is no delivery, and with a note links, and the quarantine of a room that has a visible name.
// Links are followed only where a person names them.
Collected Collect(FileSystem& fs, const std::vector<std::string>& paths);

}  // namespace tegodrop
