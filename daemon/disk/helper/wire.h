// The calls of a FileSystem as frames between the daemon and the helper process of a network folder: a frame is a call,
// or its answer, as numbers and texts one behind the other. Both ends are the same binary, so there is no version.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"

namespace tegodrop {

enum class FileCall : std::uint8_t {
  kOpenFolder,
  kOpenFolderAt,
  kOpenFileAt,
  kOpenToWriteAt,
  kCreateAt,
  kMakeFolderAt,
  kStat,
  kStatAt,
  kTypeOf,
  kMayChange,
  kFreeBytes,
  kList,
  kReadAt,
  kWriteAt,
  kReserve,
  kCutTo,
  kSync,
  kSyncFolder,
  kClose,
  kMoveAt,
  kRenameAt,
  kRemoveAt,
  kRemoveFolderAt,
  kSetModeAndGroup,
  kTouchAt,
  kProbeWriters,
};
inline constexpr int kFileCalls = static_cast<int>(FileCall::kProbeWriters) + 1;

// The most bytes of content in one frame.
inline constexpr std::size_t kFrameContent = 256UL * 1024;
// A frame is never larger.
inline constexpr std::size_t kLargestFrame = kFrameContent + 64UL * 1024;

class FrameWriter {
 public:
  FrameWriter& Number(std::uint64_t value);
  FrameWriter& Text(std::string_view text);
  std::size_t size() const { return bytes_.size(); }
  std::string Take() { return std::exchange(bytes_, {}); }

 private:
  std::string bytes_;
};

// Reads what a FrameWriter wrote. Behind the end of what there is everything is zero and empty, and `ok` false.
class FrameReader {
 public:
  explicit FrameReader(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t Number();
  int Int() { return static_cast<int>(Number()); }
  // Lives as long as this does.
  std::string_view Text();
  std::string String() { return std::string(Text()); }
  bool ok() const { return ok_; }
  bool at_end() const { return at_ == bytes_.size(); }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

void WriteStat(FrameWriter& to, const FileStat& stat);
FileStat ReadStat(FrameReader& from);

// An answer begins with whether the call worked, and with its error where it did not.
FrameWriter Worked();
std::string Failed(const Error& error);
// The reader stands behind the beginning; the error that the call had, or that of an answer that is none.
Result<FrameReader> ReadAnswer(std::string frame);

}  // namespace tegodrop
