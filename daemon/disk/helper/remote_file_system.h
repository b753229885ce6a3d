// A FileSystem whose every call is done by a helper process: a file system that hangs hangs the helper alone, which can
// be abandoned.
//
// A call that takes longer than it may ends with ETIMEDOUT (in Error::sys), and its helper is killed. A call that
// sleeps in a dead file system survives even that, and may still take effect when the file system comes back: so no
// other helper begins before the abandoned one is dead, and until then every call ends with ETIMEDOUT at once.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/disk/file_system.h"
#include "daemon/disk/helper/frame_channel.h"
#include "daemon/disk/helper/wire.h"

namespace tegodrop {

// A helper at work: a process in the program, a thread in tests.
class Helper {
 public:
  virtual ~Helper() = default;
  // Its end of the line; once.
  virtual Fd TakeSocket() = 0;
  // Ends it as soon as the kernel lets it end. Never waits.
  virtual void Kill() = 0;
  // Whether nothing of it runs any more.
  virtual bool HasEnded() = 0;
  // For people: "process 4711".
  virtual std::string name() const = 0;
};

// How long a call may take. What moves content may wait for a slow line; all else answers soon, or hangs: an NFS or SMB
// client that is up answers within its own time-outs (measured: 31 s and 64 s), and a person wants to hear of it
// before.
struct HelperPatience {
  std::chrono::milliseconds call{std::chrono::seconds(30)};
  std::chrono::milliseconds sync{std::chrono::seconds(120)};  // of Sync, SyncFolder and Close
};

using StartHelper = std::function<Result<std::unique_ptr<Helper>>()>;

class RemoteFileSystem final : public FileSystem {
 public:
  // `what`: the folder that this is about, for people. `clock` must outlive it.
  RemoteFileSystem(std::string what, StartHelper start, const Clock& clock, HelperPatience patience = {});
  ~RemoteFileSystem() override;

  // Calls under way end at once, later ones do not begin: EPIPE. From any thread.
  void Stop();

  // Whether a descriptor is one of a RemoteFileSystem.
  static bool Owns(int fd);

  // Begins with a helper of its own where there is none. All else needs one that is at work: where the one that opened
  // a descriptor has ended ESTALE, or ETIMEDOUT if it was killed because a call hung.
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
  bool MayHang(int /*fd*/) const override { return true; }
  Result<std::uint64_t> FreeBytes(int fd) override;
  Status List(int dir, const std::function<bool(std::string_view name, EntryType type)>& visit) override;
  Result<std::size_t> ReadAt(int fd, void* to, std::size_t size, std::uint64_t offset) override;
  Status WriteAt(int fd, const void* from, std::size_t size, std::uint64_t offset) override;
  Status Reserve(int fd, std::uint64_t size) override;
  Status CutTo(int fd, std::uint64_t size) override;
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
  // One helper's life. Descriptors of another life are recognised by its number.
  struct Session {
    Session(std::unique_ptr<Helper> its_helper, const Clock& clock, int its_number)
        : helper(std::move(its_helper)), channel(helper->TakeSocket(), clock), number(its_number) {}
    std::unique_ptr<Helper> helper;
    FrameChannel channel;
    const int number;
  };
  class Closer;

  Status Begin();
  std::shared_ptr<Session> session() const;
  // Both with `calls_` held.
  Result<FrameReader> Exchange(const std::shared_ptr<Session>& session, FileCall call, std::string arguments);
  Result<FrameReader> Receive(const std::shared_ptr<Session>& session, FileCall call);
  Unexpected Lost(const std::shared_ptr<Session>& session, const Error& error);
  Unexpected Stalled() const;
  std::chrono::milliseconds PatienceWith(FileCall call) const;
  // The session that opened `fd`.
  Result<std::shared_ptr<Session>> SessionOf(int fd) const;
  Result<FrameReader> Call(FileCall call, int fd, FrameWriter arguments = {});
  Status CallForNothing(FileCall call, int fd, FrameWriter arguments = {});
  Result<Fd> Opened(const Result<FrameReader>& answer, int number);
  Result<Fd> CallToOpen(FileCall call, int dir, FrameWriter arguments);
  Status Move(FileCall call, int from_dir, const std::string& from, int to_dir, const std::string& to);

  const std::string what_;
  const StartHelper start_;
  const Clock& clock_;
  const HelperPatience patience_;
  std::mutex calls_;                   // one call at a time
  std::unique_ptr<Helper> abandoned_;  // guarded by calls_
  int numbers_ = 0;                    // guarded by calls_
  int stalled_number_ = -1;            // of the session that was ended last because a call hung; guarded by calls_
  std::string stalled_words_;          // guarded by calls_
  mutable std::mutex mutex_;
  bool stopped_ = false;              // guarded by mutex_
  std::shared_ptr<Session> session_;  // guarded by mutex_
  std::shared_ptr<Closer> closer_;
};

}  // namespace tegodrop
