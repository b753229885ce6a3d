// A disk that fails on command, under every database that this process opens by default.
#pragma once

#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <utility>

namespace tegodrop::testing {

class FaultyDisk {
 public:
  FaultyDisk() {
    sqlite3_initialize();
    real_ = sqlite3_vfs_find("unix");
    ours_ = *real_;
    ours_.pNext = nullptr;
    ours_.zName = "faulty";
    ours_.xOpen = Open;
    sqlite3_vfs_register(&ours_, 1);
    Heal();
  }
  ~FaultyDisk() {
    sqlite3_vfs_unregister(&ours_);
    sqlite3_vfs_register(real_, 1);
  }
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  // The `nth` write, sync or truncation from now on (1: the next) and all after it give `code`.
  void FailFrom(int nth, int code) {
    code_ = code;
    left_ = nth;
  }
  void Heal() { left_ = -1; }
  // Whether the fault was met since it was set.
  bool met() const { return left_ == 0; }

 private:
  static bool Strike() {
    int left = left_;
    while (left > 0 && !left_.compare_exchange_weak(left, left - 1)) {
    }
    return left == 0 || left == 1;
  }
  // SQLite has two sets of calls: with locks for databases, without for logs and journals.
  template <int kSet>
  struct Calls {
    static int Write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
      return Strike() ? code_.load() : real->xWrite(file, from, size, at);
    }
    static int Sync(sqlite3_file* file, int flags) { return Strike() ? SQLITE_IOERR_FSYNC : real->xSync(file, flags); }
    static int Truncate(sqlite3_file* file, sqlite3_int64 size) {
      return Strike() ? SQLITE_IOERR_TRUNCATE : real->xTruncate(file, size);
    }
    static void Replace(sqlite3_file* file) {
      static const sqlite3_io_methods kFaulty = [file] {
        real = file->pMethods;
        sqlite3_io_methods faulty = *real;
        faulty.xWrite = Write;
        faulty.xSync = Sync;
        faulty.xTruncate = Truncate;
        return faulty;
      }();
      if (file->pMethods == real) file->pMethods = &kFaulty;
    }
    static inline const sqlite3_io_methods* real = nullptr;
  };
  static int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    const int code = real_->xOpen(real_, name, file, flags, out_flags);
    if (code != SQLITE_OK) return code;
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0) {
      Calls<0>::Replace(file);
    } else {
      Calls<1>::Replace(file);
    }
    return code;
  }

  static inline sqlite3_vfs* real_ = nullptr;
  static inline sqlite3_vfs ours_{};
  static inline std::atomic<int> left_ = -1;
  static inline std::atomic<int> code_ = SQLITE_OK;
};

// Reads of every database of this process that fail with an errno or are counted, also of those that are only looked
// at.
class FaultyReads {
 public:
  FaultyReads() {
    sqlite3_initialize();
    sqlite3_vfs* system = sqlite3_vfs_find("unix");
    for (auto& [name, real] : real_) real = system->xGetSystemCall(system, name);
    // SQLite has one of them, by how it was built.
    system->xSetSystemCall(system, "read", reinterpret_cast<sqlite3_syscall_ptr>(Read));
    system->xSetSystemCall(system, "pread", reinterpret_cast<sqlite3_syscall_ptr>(ReadAt));
    system->xSetSystemCall(system, "pread64", reinterpret_cast<sqlite3_syscall_ptr>(ReadAt));
    Heal();
    Count();
  }
  ~FaultyReads() {
    Count();
    sqlite3_vfs* system = sqlite3_vfs_find("unix");
    for (const auto& [name, real] : real_) system->xSetSystemCall(system, name, real);
  }
  FaultyReads(const FaultyReads&) = delete;
  FaultyReads& operator=(const FaultyReads&) = delete;

  // The `nth` read from now on, and all after it unless it is to be one alone.
  void FailFrom(int nth, int sys, bool one = false) {
    sys_ = sys;
    one_ = one;
    met_ = false;
    left_ = nth;
  }
  void Heal() { left_ = -1; }
  bool met() const { return met_; }

  // From now on.
  void Count() {
    at_ = 0;
    fn_ = nullptr;
    count_ = 0;
  }
  int count() const { return count_; }
  // In the read of that count, once; what is read inside is counted too.
  void At(int nth, std::function<void()> fn) {
    at_ = nth;
    fn_ = std::move(fn);
  }

 private:
  static bool Strike() {
    if (++count_ == at_) std::exchange(fn_, nullptr)();
    if (left_ < 0) return false;
    if (left_ > 1) {
      --left_;
      return false;
    }
    left_ = one_ ? -1 : 1;
    met_ = true;
    errno = sys_;
    return true;
  }
  static ssize_t Read(int fd, void* to, size_t size) { return Strike() ? -1 : read(fd, to, size); }
  static ssize_t ReadAt(int fd, void* to, size_t size, off_t at) { return Strike() ? -1 : pread(fd, to, size, at); }

  std::pair<const char*, sqlite3_syscall_ptr> real_[3] = {{"read", nullptr}, {"pread", nullptr}, {"pread64", nullptr}};
  static inline std::atomic<int> count_ = 0;
  static inline int at_ = 0;
  static inline std::function<void()> fn_;
  static inline int left_ = -1;
  static inline int sys_ = EIO;
  static inline bool one_ = false;
  static inline bool met_ = false;
};

}  // namespace tegodrop::testing
