// The first `size` bytes of a file, read by offset through a small window. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "daemon/base/result.h"

namespace tegodrop {

// At most `size` bytes of a file from `offset`, 0 at its end; as FileSystem::ReadAt.
using PositionedRead = std::function<Result<std::size_t>(void* to, std::size_t size, std::uint64_t offset)>;

// Reads an open descriptor of this process, which is not owned and must stay open; its own position is never used.
PositionedRead ReadsFrom(int fd);

class FileWindow {
 public:
  FileWindow(PositionedRead read_at, std::uint64_t size);

  std::uint64_t size() const { return size_; }

  // Copies exactly `count` bytes from `offset`. kLocalDisk where the file cannot be read, kCorrupt where the range does
  // not lie inside the file (or the file has become shorter).
  Status Read(std::uint64_t offset, void* to, std::size_t count);

 private:
  Status Fill(std::uint64_t offset);

  const PositionedRead read_at_;
  const std::uint64_t size_;
  std::unique_ptr<char[]> bytes_;
  std::uint64_t begin_ = 0;  // where the window lies in the file
  std::size_t length_ = 0;
  std::size_t step_;  // how much the next fill reads
};

}  // namespace tegodrop
