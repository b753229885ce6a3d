#include "daemon/archive/file_window.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tegodrop {
namespace {

// Scattered headers cost one page each, a stream of data soon moves in large reads: on a network folder both matter.
constexpr std::size_t kSmallest = 4096;
constexpr std::size_t kLargest = 256UL * 1024;

}  // namespace

PositionedRead ReadsFrom(int fd) {
  return [fd](void* to, std::size_t size, std::uint64_t offset) -> Result<std::size_t> {
    for (;;) {
      const ssize_t got = pread(fd, to, size, static_cast<off_t>(offset));
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) return FailPosix("cannot read", "the artifact", errno);
    }
  };
}

FileWindow::FileWindow(PositionedRead read_at, std::uint64_t size)
    : read_at_(std::move(read_at)), size_(size), bytes_(new char[kLargest]), step_(kSmallest) {}

Status FileWindow::Read(std::uint64_t offset, void* to, std::size_t count) {
  if (offset > size_ || count > size_ - offset) return Fail(ErrorKind::kCorrupt, "the file ends too early");
  auto* out = static_cast<char*>(to);
  while (count > 0) {
    if (offset < begin_ || offset >= begin_ + length_) {
      if (Status filled = Fill(offset); !filled) return filled;
    }
    const std::size_t at = static_cast<std::size_t>(offset - begin_);
    const std::size_t chunk = std::min(count, length_ - at);
    std::memcpy(out, bytes_.get() + at, chunk);
    out += chunk;
    offset += chunk;
    count -= chunk;
  }
  return {};
}

Status FileWindow::Fill(std::uint64_t offset) {
  const bool goes_on = length_ > 0 && offset == begin_ + length_;
  step_ = goes_on ? std::min(step_ * 2, kLargest) : kSmallest;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(step_, size_ - offset));
  length_ = 0;
  begin_ = offset;
  while (length_ < wanted) {
    auto got = read_at_(bytes_.get() + length_, wanted - length_, offset + length_);
    if (!got) return Fail(got.error());
    if (*got == 0) break;
    length_ += *got;
  }
  if (length_ == 0) return Fail(ErrorKind::kCorrupt, "the file has become shorter while it was read");
  return {};
}

}  // namespace tegodrop
