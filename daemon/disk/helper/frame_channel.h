// Frames over one stream socket; blocking, with a limit on the waiting.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/clock.h"
#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"

namespace tegodrop {

class FrameChannel {
 public:
  // `clock` must outlive it.
  FrameChannel(Fd socket, const Clock& clock);

  // `patience`: how long the other side may take; nullopt: for ever. kLocalDisk with ETIMEDOUT (in Error::sys) where it
  // took longer, with EPIPE where the other side has ended; after either the channel is of no use any more.
  Status Send(std::string_view frame, std::optional<std::chrono::milliseconds> patience);
  Result<std::string> Receive(std::optional<std::chrono::milliseconds> patience);

  // Whoever waits in another thread wakes up with EPIPE, and so does everybody later. From any thread.
  void ShutDown();

 private:
  Status Wait(short events, MonoMs until, bool for_ever);
  Status ReceiveAll(char* to, std::size_t size, MonoMs until, bool for_ever);

  const Fd socket_;
  const Clock& clock_;
};

}  // namespace tegodrop
