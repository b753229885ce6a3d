#include "daemon/conductor/queue.h"

#include <functional>
#include <limits>
#include <tuple>

namespace tegodrop {

std::vector<std::size_t> UploadQueue::Pick(const std::vector<QueuedUpload>& waiting,
                                           std::map<std::string_view, int> running, int free) {
  std::vector<std::size_t> picked;
  if (free <= 0 || waiting.empty()) return picked;
  struct Line {
    std::vector<std::size_t> uploads;  // oldest first; no more than can begin
    std::size_t next = 0;
  };
  std::map<int, std::map<std::string_view, Line>, std::greater<>> lines;  // by priority, then by folder
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    Line& line = lines[waiting[i].priority][waiting[i].folder];
    if (line.uploads.size() < static_cast<std::size_t>(free)) line.uploads.push_back(i);
  }
  for (auto& [priority, folders] : lines) {
    while (static_cast<int>(picked.size()) < free) {
      auto best = folders.end();
      auto least = std::tuple(std::numeric_limits<int>::max(), std::uint64_t{0}, std::size_t{0});
      for (auto it = folders.begin(); it != folders.end(); ++it) {
        const Line& line = it->second;
        if (line.next == line.uploads.size()) continue;
        const auto served = served_.find(it->first);
        const auto rank =
            std::tuple(running[it->first], served == served_.end() ? 0 : served->second, line.uploads[line.next]);
        if (best != folders.end() && rank >= least) continue;
        best = it;
        least = rank;
      }
      if (best == folders.end()) break;
      picked.push_back(best->second.uploads[best->second.next++]);
      ++running[best->first];
      served_[std::string(best->first)] = ++turn_;
    }
  }
  return picked;
}

}  // namespace tegodrop
