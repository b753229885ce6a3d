#include "daemon/disk/helper/frame_channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <utility>

#include "daemon/disk/helper/wire.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

Unexpected Ended() { return FailPosix("cannot go on with", "the other side of a helper's socket", EPIPE); }

}  // namespace

FrameChannel::FrameChannel(Fd socket, const Clock& clock) : socket_(std::move(socket)), clock_(clock) {
  fcntl(socket_.get(), F_SETFL, fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
}

void FrameChannel::ShutDown() { shutdown(socket_.get(), SHUT_RDWR); }

Status FrameChannel::Wait(short events, MonoMs until, bool for_ever) {
  for (;;) {
    const MonoMs left = until - clock_.Mono();
    if (!for_ever && left <= 0)
      return FailPosix("cannot wait longer for", "the other side of a helper's socket", ETIMEDOUT);
    pollfd waiting{socket_.get(), events, 0};
    const int ready = poll(&waiting, 1, for_ever ? -1 : static_cast<int>(std::min<MonoMs>(left, INT_MAX)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return FailPosix("cannot wait for", "a helper's socket", errno);
  }
}

Status FrameChannel::Send(std::string_view frame, std::optional<milliseconds> patience) {
  const MonoMs until = clock_.Mono() + patience.value_or(milliseconds(0)).count();
  const auto length = static_cast<std::uint32_t>(frame.size());
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  bytes.append(frame);
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t sent = send(socket_.get(), bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (sent > 0) {
      at += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN) {
      if (auto waited = Wait(POLLOUT, until, !patience); !waited) return waited;
    } else if (errno != EINTR) {
      return Ended();
    }
  }
  return {};
}

Status FrameChannel::ReceiveAll(char* to, std::size_t size, MonoMs until, bool for_ever) {
  while (size > 0) {
    const ssize_t came = recv(socket_.get(), to, size, 0);
    if (came > 0) {
      to += came;
      size -= static_cast<std::size_t>(came);
    } else if (came < 0 && errno == EAGAIN) {
      if (auto waited = Wait(POLLIN, until, for_ever); !waited) return waited;
    } else if (came == 0 || errno != EINTR) {
      return Ended();
    }
  }
  return {};
}

Result<std::string> FrameChannel::Receive(std::optional<milliseconds> patience) {
  const MonoMs until = clock_.Mono() + patience.value_or(milliseconds(0)).count();
  std::uint32_t length = 0;
  char raw[sizeof length];
  if (auto got = ReceiveAll(raw, sizeof raw, until, !patience); !got) return Fail(got.error());
  std::memcpy(&length, raw, sizeof length);
  if (length > kLargestFrame) return Fail(ErrorKind::kBug, "a helper's socket brings no frames");
  std::string frame(length, '\0');
  if (auto got = ReceiveAll(frame.data(), frame.size(), until, !patience); !got) return Fail(got.error());
  return frame;
}

}  // namespace tegodrop
