// Pieces of the daemon's work by themselves, on the daemon's own code: what the micro benchmarks time, and what a test
// counts the instructions of. The same arguments give the same work, whatever the machine and the day.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/disk/file_system.h"
#include "daemon/ledger/sqlite_ledger.h"
#include "daemon/model/job.h"
#include "daemon/share/folder_ops.h"
#include "tests/fakes/seeded_random.h"

namespace tegodrop::bench {

// The work cannot be done: ends the program.
[[noreturn]] void GiveUp(const std::string& why);

// A folder of its own, gone with it.
class WorkFolder {
 public:
  // `under`: where it is made; "" is a file system in memory where there is one.
  explicit WorkFolder(std::string under = "");
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class FixedClock final : public Clock {
 public:
  WallMs Wall() const override { return 1'700'000'000'000; }
  MonoMs Mono() const override { return 1'000'000; }
};

// The portal's answer for one page of a build history, as the page says it.
std::string HistoryAnswer(int rows);
// How many rows were read.
std::size_t ReadHistoryAnswer(const std::string& answer);

// An AndroidManifest.xml as aapt2 writes them, with its permissions and activities.
std::string AndroidManifest();
void ReadManifest(const std::string& manifest);
// An APK of about `size` bytes, most of it in one entry that cannot be made smaller.
std::string Apk(std::size_t size);
// Its end record, its directory, its manifest; with `full_crc` all of its bytes.
void CheckApk(const std::string& path, std::size_t size, bool full_crc);

void Hash(const std::string& bytes);

// One job on its way: each call records its next change, a transaction as the daemon's.
class Transitions {
 public:
  explicit Transitions(const std::string& state_dir);
  void Next();

 private:
  FixedClock clock_;
  std::unique_ptr<LedgerStore> ledger_;
  Job job_;
};

// A drop folder of so many entries, a hundredth of them artifacts.
class ScannedFolder {
 public:
  ScannedFolder(const std::string& root, int entries);
  // How many artifacts were seen.
  std::size_t Scan();
  // Drops an artifact and looks at it as the daemon does before it takes it: read once, hashed, its ZIP checked.
  void Drop(const std::string& name, const std::string& content);
  std::string Inspect(const std::string& name);

 private:
  std::string path_;
  FixedClock clock_;
  testing::SeededRandom random_;
  std::unique_ptr<FileSystem> fs_;
  std::unique_ptr<FolderOps> ops_;
};

}  // namespace tegodrop::bench
