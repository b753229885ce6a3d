// The real file system, made to fail at a chosen call: every step of a work on disk can be cut.
#pragma once

#include <atomic>
#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/disk/file_system.h"

namespace tegodrop::testing {

class FaultyFileSystem final : public FileSystem {
 public:
  FaultyFileSystem() : own_(MakePosixFileSystem()), real_(own_.get()) {}
  // Above another one than the real one, which must outlive it.
  explicit FaultyFileSystem(FileSystem& below) : real_(&below) {}

  enum class Fault {
    kRefused,     // that one call fails and does nothing
    kAnswerLost,  // that one call does its work and fails all the same
    kDeath,       // from that call on nothing works any more
  };

  // The call of this number (from 1) fails with this errno.
  void FailAt(int call, Fault fault, int error = EIO) {
    fail_at_ = call;
    fault_ = fault;
    errno_ = error;
    calls_ = 0;
  }
  void Heal() { FailAt(0, Fault::kRefused); }
  // Calls since the last FailAt.
  int calls() const { return calls_; }

  // Fails every call of this name, e.g. "Sync", until set to "".
  std::string fail_every;
  int fail_every_errno = EIO;
  // The Sync or SyncFolder of this number (from 1, from now on) is left out and answered as if it had worked.
  void SkipSync(int number) {
    syncs_ = 0;
    skip_sync_ = number;
  }
  // Of both, since the last SkipSync.
  int syncs() const { return syncs_; }
  // Runs before each call with its name, for what others do in between. Set it while nothing else runs.
  std::function<void(std::string_view call)> before_call;
  std::optional<Writers> writers;         // what ProbeWriters says, as of a file of another user
  std::optional<FsType> type;             // what TypeOf says
  std::uint64_t free_bytes = UINT64_MAX;  // at most so many are said to be free
  bool ctime_is_mtime = false;            // no time of moves is kept, as on sshfs

  Result<Fd> OpenFolder(const std::string& path) override {
    return Run<Result<Fd>>("OpenFolder", [&] { return real_->OpenFolder(path); });
  }
  Result<Fd> OpenFolderAt(int dir, const std::string& name) override {
    return Run<Result<Fd>>("OpenFolderAt", [&] { return real_->OpenFolderAt(dir, name); });
  }
  Result<Fd> OpenFileAt(int dir, const std::string& name) override {
    return Run<Result<Fd>>("OpenFileAt", [&] { return real_->OpenFileAt(dir, name); });
  }
  Result<Fd> OpenToWriteAt(int dir, const std::string& name) override {
    return Run<Result<Fd>>("OpenToWriteAt", [&] { return real_->OpenToWriteAt(dir, name); });
  }
  Result<Fd> CreateAt(int dir, const std::string& name, mode_t mode) override {
    return Run<Result<Fd>>("CreateAt", [&] { return real_->CreateAt(dir, name, mode); });
  }
  Status MakeFolderAt(int dir, const std::string& name, mode_t mode) override {
    return Run<Status>("MakeFolderAt", [&] { return real_->MakeFolderAt(dir, name, mode); });
  }
  Result<FileStat> Stat(int fd) override {
    return Run<Result<FileStat>>("Stat", [&] { return Shown(real_->Stat(fd)); });
  }
  Result<FileStat> StatAt(int dir, const std::string& name) override {
    return Run<Result<FileStat>>("StatAt", [&] { return Shown(real_->StatAt(dir, name)); });
  }
  Result<FsType> TypeOf(int fd) override {
    return Run<Result<FsType>>("TypeOf", [&] { return type ? Result<FsType>(*type) : real_->TypeOf(fd); });
  }
  Result<bool> MayChange(int dir) override {
    return Run<Result<bool>>("MayChange", [&] { return real_->MayChange(dir); });
  }
  bool MayHang(int fd) const override { return real_->MayHang(fd); }
  Result<std::uint64_t> FreeBytes(int fd) override {
    return Run<Result<std::uint64_t>>("FreeBytes", [&] {
      auto free = real_->FreeBytes(fd);
      if (free && *free > free_bytes) free = free_bytes;
      return free;
    });
  }
  Status List(int dir, const std::function<bool(std::string_view, EntryType)>& visit) override {
    return Run<Status>("List", [&] { return real_->List(dir, visit); });
  }
  Result<std::size_t> ReadAt(int fd, void* to, std::size_t size, std::uint64_t offset) override {
    return Run<Result<std::size_t>>("ReadAt", [&] { return real_->ReadAt(fd, to, size, offset); });
  }
  Status WriteAt(int fd, const void* from, std::size_t size, std::uint64_t offset) override {
    return Run<Status>("WriteAt", [&] { return real_->WriteAt(fd, from, size, offset); });
  }
  Status Reserve(int fd, std::uint64_t size) override {
    reserved = size;
    return Run<Status>("Reserve", [&] { return real_->Reserve(fd, size); });
  }
  Status CutTo(int fd, std::uint64_t size) override {
    return Run<Status>("CutTo", [&] { return real_->CutTo(fd, size); });
  }
  Status Sync(int fd) override {
    return Run<Status>("Sync", [&] { return Skips() ? Status() : real_->Sync(fd); });
  }
  Status SyncFolder(int fd) override {
    return Run<Status>("SyncFolder", [&] { return Skips() ? Status() : real_->SyncFolder(fd); });
  }
  Status Close(Fd fd) override {
    return Run<Status>("Close", [&] { return real_->Close(std::move(fd)); });
  }
  Status MoveAt(int from_dir, const std::string& from, int to_dir, const std::string& to) override {
    return Run<Status>("MoveAt", [&] { return real_->MoveAt(from_dir, from, to_dir, to); });
  }
  Status RenameAt(int from_dir, const std::string& from, int to_dir, const std::string& to) override {
    return Run<Status>("RenameAt", [&] { return real_->RenameAt(from_dir, from, to_dir, to); });
  }
  Status RemoveAt(int dir, const std::string& name) override {
    return Run<Status>("RemoveAt", [&] { return real_->RemoveAt(dir, name); });
  }
  Status RemoveFolderAt(int dir, const std::string& name) override {
    return Run<Status>("RemoveFolderAt", [&] { return real_->RemoveFolderAt(dir, name); });
  }
  Status SetModeAndGroup(int fd, mode_t mode, gid_t group) override {
    return Run<Status>("SetModeAndGroup", [&] { return real_->SetModeAndGroup(fd, mode, group); });
  }
  Status TouchAt(int dir, const std::string& name) override {
    return Run<Status>("TouchAt", [&] { return real_->TouchAt(dir, name); });
  }
  Writers ProbeWriters(int fd) override { return writers ? *writers : real_->ProbeWriters(fd); }

  std::atomic<std::uint64_t> reserved = 0;  // what the last Reserve asked for

 private:
  Result<FileStat> Shown(Result<FileStat> stat) const {
    if (stat && ctime_is_mtime) stat->ctime_ns = stat->mtime_ns;
    return stat;
  }
  bool Skips() { return ++syncs_ == skip_sync_; }

  template <typename T, typename Work>
  T Run(const char* name, const Work& work) {
    const int call = ++calls_;
    if (before_call) before_call(name);
    if (fail_every == name) return FailPosix("cut:", name, fail_every_errno);
    const bool now = fail_at_ != 0 && (call == fail_at_ || (fault_ == Fault::kDeath && call > fail_at_));
    if (!now) return work();
    if (fault_ == Fault::kAnswerLost) (void)work();
    return FailPosix("cut:", name, errno_);
  }

  const std::unique_ptr<FileSystem> own_;
  FileSystem* const real_;
  std::atomic<int> calls_ = 0;
  std::atomic<int> syncs_ = 0;
  int skip_sync_ = 0;
  int fail_at_ = 0;
  Fault fault_ = Fault::kRefused;
  int errno_ = EIO;
};

}  // namespace tegodrop::testing
