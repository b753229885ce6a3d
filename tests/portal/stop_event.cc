#include "tests/portal/stop_event.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>

namespace tegodrop::sim {

StopEvent::StopEvent() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  // Without it no stalled connection could ever be ended.
  if (fd_ < 0) std::abort();
}

StopEvent::~StopEvent() { close(fd_); }

void StopEvent::Set() {
  uint64_t one = 1;
  // A full counter is set already.
  [[maybe_unused]] ssize_t written = write(fd_, &one, sizeof one);
}

bool StopEvent::WaitFor(double seconds) const {
  pollfd wait = {fd_, POLLIN, 0};
  int milliseconds = static_cast<int>(std::ceil(std::clamp(seconds, 0.0, 86400.0) * 1000));
  return poll(&wait, 1, milliseconds) > 0;
}

void StopEvent::WaitForData(int socket, double seconds) const {
  pollfd waits[] = {{fd_, POLLIN, 0}, {socket, POLLIN | POLLRDHUP, 0}};
  poll(waits, 2, static_cast<int>(seconds * 1000));
}

void StopEvent::WaitForHangUp(int socket) const {
  pollfd waits[] = {{fd_, POLLIN, 0}, {socket, POLLRDHUP, 0}};
  while (poll(waits, 2, -1) <= 0) {
  }
}

}  // namespace tegodrop::sim
