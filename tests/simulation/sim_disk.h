// The file system of a simulated machine: a real one below, made to fail by the weather, and cut off by the death of
// the process at a chosen change. What the program compares of files (inode, times) is numbered here, so that a seed
// gives the same night on every machine.
#pragma once

#include <cerrno>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/disk/file_system.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/sim_loop.h"
#include "tests/simulation/weather.h"

namespace tegodrop::simulation {

class SimDisk final : public FileSystem {
 public:
  SimDisk(FileSystem& below, SimLoop& loop, Weather& weather, Dice dice)
      : below_(below), loop_(loop), weather_(weather), dice_(dice) {}

  // What lies below `path` is on the disk of that place.
  void Mount(std::string path, Place place) { mounts_.emplace_back(std::move(path), place); }

  // The process dies with the `nth` change of the disk from now on (1: the next); 0: it does not.
  void DieAtChange(std::int64_t nth, std::function<void()> die) {
    die_at_ = nth;
    die_ = std::move(die);
  }
  // What happens where a disk hangs: its workers do.
  void OnHang(std::function<void(Place)> hang) { hang_ = std::move(hang); }
  // Nothing works any more until Revive: whoever still runs changes nothing.
  void Die() { dead_ = true; }
  void Revive() {
    dead_ = false;
    die_at_ = 0;
  }

  Result<Fd> OpenFolder(const std::string& path) override;
  Result<Fd> OpenFolderAt(int dir, const std::string& name) override;
  Result<Fd> OpenFileAt(int dir, const std::string& name) override;
  Result<Fd> OpenToWriteAt(int dir, const std::string& name) override;
  Result<Fd> CreateAt(int dir, const std::string& name, mode_t mode) override;
  Status MakeFolderAt(int dir, const std::string& name, mode_t mode) override;
  Result<FileStat> Stat(int fd) override;
  Result<FileStat> StatAt(int dir, const std::string& name) override;
  Result<FsType> TypeOf(int fd) override;
  Result<bool> MayChange(int dir) override;
  Result<std::uint64_t> FreeBytes(int fd) override;
  Status List(int dir, const std::function<bool(std::string_view, EntryType)>& visit) override;
  Result<std::size_t> ReadAt(int fd, void* to, std::size_t size, std::uint64_t offset) override;
  // Every other page is in memory: the same on every machine, whatever is.
  std::size_t ReadCachedAt(int fd, void* to, std::size_t size, std::uint64_t offset) override;
  Status WriteAt(int fd, const void* from, std::size_t size, std::uint64_t offset) override;
  Status CutTo(int fd, std::uint64_t size) override;
  Status Reserve(int fd, std::uint64_t size) override;
  Status Sync(int fd) override;
  Status SyncFolder(int fd) override;
  Status Close(Fd fd) override;
  Status MoveAt(int from_dir, const std::string& from, int to_dir, const std::string& to) override;
  Status RenameAt(int from_dir, const std::string& from, int to_dir, const std::string& to) override;
  Status RemoveAt(int dir, const std::string& name) override;
  Status RemoveFolderAt(int dir, const std::string& name) override;
  Status SetModeAndGroup(int fd, mode_t mode, gid_t group) override;
  Status TouchAt(int dir, const std::string& name) override;
  Writers ProbeWriters(int fd) override;

 private:
  enum class Call : std::uint8_t { kLook, kChange, kGrow };  // reads; changes; needs room as well
  template <typename T, typename Work>
  T Run(Place place, Call call, const char* name, const Work& work);
  Place PlaceOf(int fd) const;
  Place PlaceOf(const std::string& path) const;
  Result<Fd> Opened(Result<Fd> fd, Place place);
  FileStat Numbered(FileStat stat);
  void Touched(int fd, bool content);
  void TouchedAt(int dir, const std::string& name);

  struct Versions {
    std::uint64_t number = 0;
    std::int64_t content = 0;  // grows with each change of the content
    std::int64_t any = 0;      // and with each change at all
  };

  FileSystem& below_;
  SimLoop& loop_;
  Weather& weather_;
  Dice dice_;
  std::vector<std::pair<std::string, Place>> mounts_;
  std::map<int, Place> places_;              // of descriptors
  std::map<std::uint64_t, Versions> files_;  // by real inode
  std::int64_t changes_ = 0;
  std::int64_t die_at_ = 0;
  std::function<void()> die_;
  std::function<void(Place)> hang_;
  bool dead_ = false;
  bool dying_ = false;  // in the very call in which the process dies
};

}  // namespace tegodrop::simulation
