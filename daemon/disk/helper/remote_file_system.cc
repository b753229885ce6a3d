#include "daemon/disk/helper/remote_file_system.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

// A descriptor says whose it is: bit 30, the session's number, the helper's own descriptor.
constexpr int kRemote = 1 << 30;
constexpr int kNumberShift = 16;
constexpr int kNumbers = 1 << 14;
constexpr int kFdMask = (1 << kNumberShift) - 1;

int FdOf(int handle) { return handle & kFdMask; }
int NumberOf(int handle) { return (handle & ~kRemote) >> kNumberShift; }

}  // namespace

// Descriptors that nobody holds any more, until the next call takes them along.
class RemoteFileSystem::Closer final : public FdCloser {
 public:
  void CloseSoon(int fd) override {
    const std::lock_guard lock(mutex_);
    fds_.push_back(fd);
  }
  // Those of this session; of others nothing is left.
  std::vector<int> Take(int number) {
    const std::lock_guard lock(mutex_);
    std::vector<int> mine;
    for (const int fd : std::exchange(fds_, {})) {
      if (NumberOf(fd) == number) mine.push_back(FdOf(fd));
    }
    return mine;
  }

 private:
  std::mutex mutex_;
  std::vector<int> fds_;  // guarded by mutex_
};

RemoteFileSystem::RemoteFileSystem(std::string what, StartHelper start, const Clock& clock, HelperPatience patience)
    : what_(std::move(what)),
      start_(std::move(start)),
      clock_(clock),
      patience_(patience),
      closer_(std::make_shared<Closer>()) {}

RemoteFileSystem::~RemoteFileSystem() { Stop(); }

bool RemoteFileSystem::Owns(int fd) { return fd >= 0 && (fd & kRemote) != 0; }

void RemoteFileSystem::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  if (!session_) return;
  session_->channel.ShutDown();
  session_->helper->Kill();
}

milliseconds RemoteFileSystem::PatienceWith(FileCall call) const {
  const bool syncs = call == FileCall::kSync || call == FileCall::kSyncFolder || call == FileCall::kClose;
  return syncs ? patience_.sync : patience_.call;
}

std::shared_ptr<RemoteFileSystem::Session> RemoteFileSystem::session() const {
  const std::lock_guard lock(mutex_);
  return session_;
}

Unexpected RemoteFileSystem::Stalled() const {
  Error error = MakeError(ErrorKind::kLocalDisk, stalled_words_);
  error.sys = ETIMEDOUT;
  return Fail(std::move(error));
}

// One at a time, and none beside an abandoned one.
Status RemoteFileSystem::Begin() {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return FailPosix("cannot use", what_, EPIPE);
  }
  if (abandoned_ && !abandoned_->HasEnded()) {
    if (stalled_number_ >= 0) return Stalled();
    return FailPosix("cannot yet replace the helper process of", what_, EAGAIN);
  }
  abandoned_.reset();
  if (session()) return {};
  auto helper = start_();
  if (!helper) return Fail(helper.error());
  numbers_ = (numbers_ + 1) % kNumbers;
  auto begun = std::make_shared<Session>(std::move(*helper), clock_, numbers_);
  const std::lock_guard lock(mutex_);
  if (stopped_) {
    begun->helper->Kill();
    return FailPosix("cannot use", what_, EPIPE);
  }
  session_ = std::move(begun);
  return {};
}

Unexpected RemoteFileSystem::Lost(const std::shared_ptr<Session>& session, const Error& error) {
  session->helper->Kill();
  bool stopped = false;
  {
    const std::lock_guard lock(mutex_);
    session_.reset();
    stopped = stopped_;
  }
  abandoned_ = std::move(session->helper);
  if (stopped) return FailPosix("cannot go on in", what_, EPIPE);
  if (error.sys == ETIMEDOUT) {
    stalled_number_ = session->number;
    stalled_words_ = what_ + " does not answer: a call hangs in its file system (" + abandoned_->name() +
                     "), and nothing is done there until that ends; look at the share and its server";
    return Stalled();
  }
  return Fail(ErrorKind::kLocalDisk, "the helper process of " + what_ + " has ended: " + error.message);
}

Result<FrameReader> RemoteFileSystem::Receive(const std::shared_ptr<Session>& session, FileCall call) {
  auto frame = session->channel.Receive(PatienceWith(call));
  if (!frame) return Lost(session, frame.error());
  return ReadAnswer(std::move(*frame));
}

Result<FrameReader> RemoteFileSystem::Exchange(const std::shared_ptr<Session>& session, FileCall call,
                                               std::string arguments) {
  FrameWriter request;
  const std::vector<int> closed = closer_->Take(session->number);
  request.Number(closed.size());
  for (const int fd : closed) request.Number(static_cast<std::uint64_t>(fd));
  request.Number(static_cast<std::uint64_t>(call));
  const std::string frame = request.Take() + arguments;
  if (auto sent = session->channel.Send(frame, PatienceWith(call)); !sent) return Lost(session, sent.error());
  return Receive(session, call);
}

Result<std::shared_ptr<RemoteFileSystem::Session>> RemoteFileSystem::SessionOf(int fd) const {
  std::shared_ptr<Session> now = session();
  if (now && Owns(fd) && NumberOf(fd) == now->number) return now;
  if (Owns(fd) && NumberOf(fd) == stalled_number_) return Stalled();
  return FailPosix("cannot go on in", what_, ESTALE);
}

Result<FrameReader> RemoteFileSystem::Call(FileCall call, int fd, FrameWriter arguments) {
  const std::lock_guard lock(calls_);
  auto its = SessionOf(fd);
  if (!its) return Fail(its.error());
  FrameWriter first;
  first.Number(static_cast<std::uint64_t>(FdOf(fd)));
  return Exchange(*its, call, first.Take() + arguments.Take());
}

Status RemoteFileSystem::CallForNothing(FileCall call, int fd, FrameWriter arguments) {
  auto answer = Call(call, fd, std::move(arguments));
  if (!answer) return Fail(answer.error());
  return {};
}

Result<Fd> RemoteFileSystem::Opened(const Result<FrameReader>& answer, int number) {
  if (!answer) return Fail(answer.error());
  FrameReader reader = *answer;
  const int fd = reader.Int();
  if (!reader.ok() || fd < 0 || fd > kFdMask) return Fail(ErrorKind::kBug, "the helper process opened nothing");
  return Fd(kRemote | (number << kNumberShift) | fd, closer_);
}

Result<Fd> RemoteFileSystem::CallToOpen(FileCall call, int dir, FrameWriter arguments) {
  return Opened(Call(call, dir, std::move(arguments)), NumberOf(dir));
}

Result<Fd> RemoteFileSystem::OpenFolder(const std::string& path) {
  const std::lock_guard lock(calls_);
  if (auto begun = Begin(); !begun) return Fail(begun.error());
  const auto its = session();
  if (!its) return FailPosix("cannot use", what_, EPIPE);
  return Opened(Exchange(its, FileCall::kOpenFolder, FrameWriter().Text(path).Take()), its->number);
}

Result<Fd> RemoteFileSystem::OpenFolderAt(int dir, const std::string& name) {
  return CallToOpen(FileCall::kOpenFolderAt, dir, FrameWriter().Text(name));
}

Result<Fd> RemoteFileSystem::OpenFileAt(int dir, const std::string& name) {
  return CallToOpen(FileCall::kOpenFileAt, dir, FrameWriter().Text(name));
}

Result<Fd> RemoteFileSystem::OpenToWriteAt(int dir, const std::string& name) {
  return CallToOpen(FileCall::kOpenToWriteAt, dir, FrameWriter().Text(name));
}

Result<Fd> RemoteFileSystem::CreateAt(int dir, const std::string& name, mode_t mode) {
  return CallToOpen(FileCall::kCreateAt, dir, FrameWriter().Text(name).Number(mode));
}

Status RemoteFileSystem::MakeFolderAt(int dir, const std::string& name, mode_t mode) {
  return CallForNothing(FileCall::kMakeFolderAt, dir, FrameWriter().Text(name).Number(mode));
}

Result<FileStat> RemoteFileSystem::Stat(int fd) {
  auto answer = Call(FileCall::kStat, fd);
  if (!answer) return Fail(answer.error());
  return ReadStat(*answer);
}

Result<FileStat> RemoteFileSystem::StatAt(int dir, const std::string& name) {
  auto answer = Call(FileCall::kStatAt, dir, FrameWriter().Text(name));
  if (!answer) return Fail(answer.error());
  return ReadStat(*answer);
}

Result<FsType> RemoteFileSystem::TypeOf(int fd) {
  auto answer = Call(FileCall::kTypeOf, fd);
  if (!answer) return Fail(answer.error());
  return FsTypeOf(static_cast<std::uint32_t>(answer->Number()));
}

Result<bool> RemoteFileSystem::MayChange(int dir) {
  auto answer = Call(FileCall::kMayChange, dir);
  if (!answer) return Fail(answer.error());
  return answer->Number() != 0;
}

Result<std::uint64_t> RemoteFileSystem::FreeBytes(int fd) {
  auto answer = Call(FileCall::kFreeBytes, fd);
  if (!answer) return Fail(answer.error());
  return answer->Number();
}

Status RemoteFileSystem::List(int dir, const std::function<bool(std::string_view, EntryType)>& visit) {
  const std::lock_guard lock(calls_);
  auto its = SessionOf(dir);
  if (!its) return Fail(its.error());
  auto answer = Exchange(*its, FileCall::kList, FrameWriter().Number(static_cast<std::uint64_t>(FdOf(dir))).Take());
  bool wanted = true;
  for (;;) {
    if (!answer) return Fail(answer.error());
    const bool more = answer->Number() != 0;
    FrameReader names(answer->String());
    if (!answer->ok()) return Fail(ErrorKind::kBug, "the helper process gave a listing that is none");
    while (wanted && !names.at_end()) {
      const auto type = static_cast<EntryType>(names.Number());
      const std::string_view name = names.Text();
      if (!names.ok()) return Fail(ErrorKind::kBug, "the helper process gave a listing that is none");
      wanted = visit(name, type);
    }
    if (!more) return {};
    answer = Receive(*its, FileCall::kList);
  }
}

Result<std::size_t> RemoteFileSystem::ReadAt(int fd, void* to, std::size_t size, std::uint64_t offset) {
  auto answer = Call(FileCall::kReadAt, fd, FrameWriter().Number(offset).Number(std::min(size, kFrameContent)));
  if (!answer) return Fail(answer.error());
  const std::string_view bytes = answer->Text();
  if (bytes.size() > size) return Fail(ErrorKind::kBug, "the helper process read more than it was asked for");
  std::copy(bytes.begin(), bytes.end(), static_cast<char*>(to));
  return bytes.size();
}

Status RemoteFileSystem::WriteAt(int fd, const void* from, std::size_t size, std::uint64_t offset) {
  std::string_view left(static_cast<const char*>(from), size);
  while (!left.empty()) {
    const std::string_view piece = left.substr(0, kFrameContent);
    auto written = CallForNothing(FileCall::kWriteAt, fd, FrameWriter().Number(offset).Text(piece));
    if (!written) return written;
    left.remove_prefix(piece.size());
    offset += piece.size();
  }
  return {};
}

Status RemoteFileSystem::Reserve(int fd, std::uint64_t size) {
  return CallForNothing(FileCall::kReserve, fd, FrameWriter().Number(size));
}

Status RemoteFileSystem::CutTo(int fd, std::uint64_t size) {
  return CallForNothing(FileCall::kCutTo, fd, FrameWriter().Number(size));
}

Status RemoteFileSystem::Sync(int fd) { return CallForNothing(FileCall::kSync, fd); }

Status RemoteFileSystem::SyncFolder(int fd) { return CallForNothing(FileCall::kSyncFolder, fd); }

Status RemoteFileSystem::Close(Fd fd) { return CallForNothing(FileCall::kClose, fd.Release()); }

Status RemoteFileSystem::Move(FileCall call, int from_dir, const std::string& from, int to_dir, const std::string& to) {
  if (!Owns(to_dir) || NumberOf(to_dir) != NumberOf(from_dir)) return FailPosix("cannot move", from, ESTALE);
  return CallForNothing(call, from_dir,
                        FrameWriter().Text(from).Number(static_cast<std::uint64_t>(FdOf(to_dir))).Text(to));
}

Status RemoteFileSystem::MoveAt(int from_dir, const std::string& from, int to_dir, const std::string& to) {
  return Move(FileCall::kMoveAt, from_dir, from, to_dir, to);
}

Status RemoteFileSystem::RenameAt(int from_dir, const std::string& from, int to_dir, const std::string& to) {
  return Move(FileCall::kRenameAt, from_dir, from, to_dir, to);
}

Status RemoteFileSystem::RemoveAt(int dir, const std::string& name) {
  return CallForNothing(FileCall::kRemoveAt, dir, FrameWriter().Text(name));
}

Status RemoteFileSystem::RemoveFolderAt(int dir, const std::string& name) {
  return CallForNothing(FileCall::kRemoveFolderAt, dir, FrameWriter().Text(name));
}

Status RemoteFileSystem::SetModeAndGroup(int fd, mode_t mode, gid_t group) {
  return CallForNothing(FileCall::kSetModeAndGroup, fd, FrameWriter().Number(mode).Number(group));
}

Status RemoteFileSystem::TouchAt(int dir, const std::string& name) {
  return CallForNothing(FileCall::kTouchAt, dir, FrameWriter().Text(name));
}

Writers RemoteFileSystem::ProbeWriters(int fd) {
  auto answer = Call(FileCall::kProbeWriters, fd);
  if (!answer) return Writers::kUnknown;
  const std::uint64_t writers = answer->Number();
  return writers <= static_cast<std::uint64_t>(Writers::kUnknown) ? static_cast<Writers>(writers) : Writers::kUnknown;
}

}  // namespace tegodrop
