// Which of the waiting uploads begin now. Pure.
//
// Higher priority first; among equals the folders take turns, so that one with hundreds of drops does not keep another
// one's single drop waiting; inside a folder the oldest first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tegodrop {

struct QueuedUpload {
  std::string_view folder;  // its name; must live as long as the call
  int priority = 0;
};

class UploadQueue {
 public:
  // Indices into `waiting`, which is in the order of age, in the order in which they begin: at most `free`. `running`:
  // uploads under way by folder. The folder with the fewest comes first, then the one that was served longest ago
  // (never before any other), then the one with the oldest upload. Remembers whom it served. n + free × folders, and
  // nothing where nothing is free.
  std::vector<std::size_t> Pick(const std::vector<QueuedUpload>& waiting, std::map<std::string_view, int> running,
                                int free);

 private:
  std::uint64_t turn_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> served_;  // the last turn of each folder
};

}  // namespace tegodrop
