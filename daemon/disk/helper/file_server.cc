#include "daemon/disk/helper/file_server.h"

#include <cerrno>
#include <string>
#include <unordered_map>
#include <utility>

#include "daemon/disk/helper/frame_channel.h"
#include "daemon/disk/helper/wire.h"

namespace tegodrop {
namespace {

// So many bytes of names go into one frame of a listing.
constexpr std::size_t kListingFrame = 64UL * 1024;

class FileServer {
 public:
  FileServer(FrameChannel& channel, FileSystem& fs) : channel_(channel), fs_(fs) {}

  void Serve() {
    for (;;) {
      auto frame = channel_.Receive(std::nullopt);
      if (!frame) return;
      FrameReader call(std::move(*frame));
      for (std::uint64_t left = call.Number(); left > 0 && call.ok(); --left) open_.erase(call.Int());
      const std::uint64_t number = call.Number();
      if (!call.ok() || number >= kFileCalls) return;
      const std::string answer = Answer(static_cast<FileCall>(number), call);
      if (!call.ok() || !channel_.Send(answer, std::nullopt)) return;
    }
  }

 private:
  static std::string Of(const Status& status) { return status ? Worked().Take() : Failed(status.error()); }

  template <typename T>
  static std::string OfNumber(const Result<T>& value) {
    if (!value) return Failed(value.error());
    return Worked().Number(static_cast<std::uint64_t>(*value)).Take();
  }

  static std::string OfStat(const Result<FileStat>& stat) {
    if (!stat) return Failed(stat.error());
    FrameWriter answer = Worked();
    WriteStat(answer, *stat);
    return answer.Take();
  }

  std::string Opened(Result<Fd> file) {
    if (!file) return Failed(file.error());
    const int fd = file->get();
    open_[fd] = std::move(*file);
    return Worked().Number(static_cast<std::uint64_t>(fd)).Take();
  }

  std::string Answer(FileCall which, FrameReader& call) {
    if (which == FileCall::kOpenFolder) return Opened(fs_.OpenFolder(call.String()));
    const int fd = call.Int();
    if (!open_.contains(fd)) return Failed(PosixError("cannot use", "what is not open in the helper", EBADF));
    switch (which) {
      case FileCall::kOpenFolder:
        break;
      case FileCall::kOpenFolderAt:
        return Opened(fs_.OpenFolderAt(fd, call.String()));
      case FileCall::kOpenFileAt:
        return Opened(fs_.OpenFileAt(fd, call.String()));
      case FileCall::kOpenToWriteAt:
        return Opened(fs_.OpenToWriteAt(fd, call.String()));
      case FileCall::kCreateAt: {
        const std::string name = call.String();
        return Opened(fs_.CreateAt(fd, name, static_cast<mode_t>(call.Number())));
      }
      case FileCall::kMakeFolderAt: {
        const std::string name = call.String();
        return Of(fs_.MakeFolderAt(fd, name, static_cast<mode_t>(call.Number())));
      }
      case FileCall::kStat:
        return OfStat(fs_.Stat(fd));
      case FileCall::kStatAt:
        return OfStat(fs_.StatAt(fd, call.String()));
      case FileCall::kTypeOf: {
        const Result<FsType> type = fs_.TypeOf(fd);
        if (!type) return Failed(type.error());
        return Worked().Number(type->magic).Take();
      }
      case FileCall::kMayChange:
        return OfNumber(fs_.MayChange(fd));
      case FileCall::kFreeBytes:
        return OfNumber(fs_.FreeBytes(fd));
      case FileCall::kList:
        return List(fd);
      case FileCall::kReadAt:
        return Read(fd, call);
      case FileCall::kWriteAt: {
        const std::uint64_t offset = call.Number();
        const std::string_view bytes = call.Text();
        return Of(fs_.WriteAt(fd, bytes.data(), bytes.size(), offset));
      }
      case FileCall::kReserve:
        return Of(fs_.Reserve(fd, call.Number()));
      case FileCall::kCutTo:
        return Of(fs_.CutTo(fd, call.Number()));
      case FileCall::kSync:
        return Of(fs_.Sync(fd));
      case FileCall::kSyncFolder:
        return Of(fs_.SyncFolder(fd));
      case FileCall::kClose: {
        Fd file = std::move(open_[fd]);
        open_.erase(fd);
        return Of(fs_.Close(std::move(file)));
      }
      case FileCall::kMoveAt:
      case FileCall::kRenameAt:
        return Move(which, fd, call);
      case FileCall::kRemoveAt:
        return Of(fs_.RemoveAt(fd, call.String()));
      case FileCall::kRemoveFolderAt:
        return Of(fs_.RemoveFolderAt(fd, call.String()));
      case FileCall::kSetModeAndGroup: {
        const auto mode = static_cast<mode_t>(call.Number());
        return Of(fs_.SetModeAndGroup(fd, mode, static_cast<gid_t>(call.Number())));
      }
      case FileCall::kTouchAt:
        return Of(fs_.TouchAt(fd, call.String()));
      case FileCall::kProbeWriters:
        return Worked().Number(static_cast<std::uint64_t>(fs_.ProbeWriters(fd))).Take();
    }
    return Failed(MakeError(ErrorKind::kBug, "a call that the helper does not know"));
  }

  std::string Read(int fd, FrameReader& call) {
    const std::uint64_t offset = call.Number();
    std::string bytes(std::min<std::uint64_t>(call.Number(), kFrameContent), '\0');
    auto count = fs_.ReadAt(fd, bytes.data(), bytes.size(), offset);
    if (!count) return Failed(count.error());
    return Worked().Text(std::string_view(bytes).substr(0, *count)).Take();
  }

  std::string Move(FileCall which, int from_dir, FrameReader& call) {
    const std::string from = call.String();
    const int to_dir = call.Int();
    const std::string to = call.String();
    if (!open_.contains(to_dir)) return Failed(PosixError("cannot use", "what is not open in the helper", EBADF));
    return Of(which == FileCall::kMoveAt ? fs_.MoveAt(from_dir, from, to_dir, to)
                                         : fs_.RenameAt(from_dir, from, to_dir, to));
  }

  // As many frames as it takes, each but the last announced by a 1 in front of its names.
  std::string List(int dir) {
    FrameWriter names;
    bool gone = false;
    auto listed = fs_.List(dir, [&](std::string_view name, EntryType type) {
      names.Number(static_cast<std::uint64_t>(type)).Text(name);
      if (names.size() < kListingFrame) return true;
      gone = !channel_.Send(Worked().Number(1).Text(names.Take()).Take(), std::nullopt);
      return !gone;
    });
    if (!listed) return Failed(listed.error());
    return Worked().Number(0).Text(names.Take()).Take();
  }

  FrameChannel& channel_;
  FileSystem& fs_;
  std::unordered_map<int, Fd> open_;
};

}  // namespace

void ServeFiles(Fd socket, FileSystem& fs, const Clock& clock) {
  FrameChannel channel(std::move(socket), clock);
  FileServer(channel, fs).Serve();
}

}  // namespace tegodrop
