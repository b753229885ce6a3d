// The real file system, with its reads counted and failing on command.
#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "daemon/disk/file_system.h"

namespace tegodrop::testing {

class WatchedFileSystem final : public FileSystem {
 public:
  Result<std::size_t> ReadAt(int fd, void* to, std::size_t size, std::uint64_t offset) override {
    if (offset + size > fail_reads_beyond) return FailPosix("cannot read", "an open file", EIO);
    // Short reads are what a network share gives.
    auto count = real_->ReadAt(fd, to, std::min(size, largest_read), offset);
    if (count) bytes_read += *count;
    if (count) read_end = std::max<std::uint64_t>(read_end, offset + *count);
    ++reads;
    return count;
  }
  // As if `cached` bytes from its beginning were in memory, whatever is.
  std::size_t ReadCachedAt(int fd, void* to, std::size_t size, std::uint64_t offset) override {
    if (offset >= cached || offset + size > fail_reads_beyond) return 0;
    const auto count = real_->ReadAt(fd, to, std::min({size, largest_read, cached - offset}), offset);
    if (count) bytes_cached += *count;
    return count ? *count : 0;
  }
  void WillRead(int, std::uint64_t offset, std::uint64_t size) override {
    hinted = std::max<std::uint64_t>(hinted, offset + size);
  }
  Result<FileStat> Stat(int fd) override {
    ++stats;
    if (fail_stat == stats) return FailPosix("cannot stat", "an open file", EIO);
    return real_->Stat(fd);
  }

  Result<Fd> OpenFolder(const std::string& path) override { return real_->OpenFolder(path); }
  Result<Fd> OpenFolderAt(int dir, const std::string& name) override { return real_->OpenFolderAt(dir, name); }
  Result<Fd> OpenFileAt(int dir, const std::string& name) override { return real_->OpenFileAt(dir, name); }
  Result<Fd> OpenToWriteAt(int dir, const std::string& name) override { return real_->OpenToWriteAt(dir, name); }
  Result<Fd> CreateAt(int dir, const std::string& name, mode_t mode) override {
    return real_->CreateAt(dir, name, mode);
  }
  Status MakeFolderAt(int dir, const std::string& name, mode_t mode) override {
    return real_->MakeFolderAt(dir, name, mode);
  }
  Result<FileStat> StatAt(int dir, const std::string& name) override { return real_->StatAt(dir, name); }
  Result<FsType> TypeOf(int fd) override { return real_->TypeOf(fd); }
  Result<bool> MayChange(int dir) override { return real_->MayChange(dir); }
  Result<std::uint64_t> FreeBytes(int fd) override { return real_->FreeBytes(fd); }
  Status List(int dir, const std::function<bool(std::string_view, EntryType)>& visit) override {
    return real_->List(dir, visit);
  }
  Status WriteAt(int fd, const void* from, std::size_t size, std::uint64_t offset) override {
    return real_->WriteAt(fd, from, size, offset);
  }
  Status Reserve(int fd, std::uint64_t size) override { return real_->Reserve(fd, size); }
  Status CutTo(int fd, std::uint64_t size) override { return real_->CutTo(fd, size); }
  Status Sync(int fd) override { return real_->Sync(fd); }
  Status SyncFolder(int fd) override { return real_->SyncFolder(fd); }
  Status Close(Fd fd) override { return real_->Close(std::move(fd)); }
  Status MoveAt(int from_dir, const std::string& from, int to_dir, const std::string& to) override {
    return real_->MoveAt(from_dir, from, to_dir, to);
  }
  Status RenameAt(int from_dir, const std::string& from, int to_dir, const std::string& to) override {
    return real_->RenameAt(from_dir, from, to_dir, to);
  }
  Status RemoveAt(int dir, const std::string& name) override { return real_->RemoveAt(dir, name); }
  Status RemoveFolderAt(int dir, const std::string& name) override { return real_->RemoveFolderAt(dir, name); }
  Status SetModeAndGroup(int fd, mode_t mode, gid_t group) override { return real_->SetModeAndGroup(fd, mode, group); }
  Status TouchAt(int dir, const std::string& name) override { return real_->TouchAt(dir, name); }
  Writers ProbeWriters(int fd) override { return real_->ProbeWriters(fd); }

  // Set before the work begins: workers read them.
  std::uint64_t fail_reads_beyond = UINT64_MAX;
  int fail_stat = 0;  // which call of Stat, from 1
  std::size_t largest_read = SIZE_MAX;
  std::uint64_t cached = 0;

  std::atomic<std::uint64_t> hinted = 0;  // the end of what was said to be read soon
  std::atomic<std::uint64_t> read_end = 0;
  std::atomic<std::uint64_t> bytes_read = 0;    // by workers
  std::atomic<std::uint64_t> bytes_cached = 0;  // by the loop
  std::atomic<int> reads = 0;
  std::atomic<int> stats = 0;

 private:
  std::unique_ptr<FileSystem> real_ = MakePosixFileSystem();
};

}  // namespace tegodrop::testing
