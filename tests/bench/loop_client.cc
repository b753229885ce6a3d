// Four transfers at the same time in one process, by the daemon's own rooms on one loop, and what the loop's callbacks
// cost meanwhile (loop_times.h):
//
//   loop_client FILE CHUNK PREFIX PREFIX URL OUTFILE OUTFILE [CA]
//
// FILE goes up twice in parts of CHUNK bytes, each to its own prefix, as an artifact that intake has just read (which
// is done before anything is measured); URL comes down twice, each into a folder of its own. Prints one line of JSON,
// and exits with 0, where all went well.
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/bench/loop_times.h"
#include "tests/bench/one_job.h"
#include "tests/bench/rooms.h"

namespace tegodrop::bench {
namespace {

constexpr int kPartsAtOnce = 4;  // of one artifact, as the daemon has it

Status Upload(Rooms& rooms, const std::string& path, std::uint64_t chunk, const std::vector<std::string>& prefixes) {
  std::string sha256;
  for (const std::string& prefix : prefixes) {
    auto file = rooms.OpenFile(path);
    if (!file) return Fail(file.error());
    auto stat = rooms.fs().Stat(file->get());
    if (!stat) return Fail(stat.error());
    if (sha256.empty()) {
      auto read = rooms.ReadAsIntakeDoes(*file, stat->size);
      if (!read) return Fail(read.error());
      sha256 = *read;
    }
    Job job = JobOf(path, stat->size);
    job.artifact.sha256 = sha256;
    rooms.Upload(std::move(job), std::move(*file), prefix, chunk, kPartsAtOnce);
  }
  return {};
}

int Main(const std::vector<std::string>& words) {
  Rooms rooms;
  const auto told = [](const Status& status) {
    if (!status) std::cerr << "loop_client: " << status.error().message << "\n";
    return status ? 0 : 1;
  };
  if (auto open = rooms.Open(words.size() > 7 ? std::optional(words[7]) : std::nullopt); !open) return told(open);
  if (auto begun = Upload(rooms, words[0], std::stoull(words[1]), {words[2], words[3]}); !begun) return told(begun);
  rooms.Download(words[4], words[5]);
  rooms.Download(words[4], words[6]);
  const LoopWatch watch(rooms.loop());
  const Status ended = rooms.Run();
  if (ended) std::cout << watch.times().Json() << "\n";
  return told(ended);
}

}  // namespace
}  // namespace tegodrop::bench

int main(int argc, char** argv) {
  if (argc != 8 && argc != 9) {
    std::cerr << "usage: loop_client FILE CHUNK PREFIX PREFIX URL OUTFILE OUTFILE [CA]\n";
    return 64;
  }
  return tegodrop::bench::Main({argv + 1, argv + argc});
}
