// Which of a request's time limits is running, and when it ends. Pure: the times are given, so that a test needs none.
//
// libcurl's own LOW_SPEED_TIME is not used: it fires seconds late and kills a request that was sent whole and waits for
// its answer, which may rightly take minutes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "daemon/net/transfer.h"

namespace tegodrop {

class Deadlines {
 public:
  struct Due {
    std::int64_t at = 0;  // on the clock whose times are given
    std::string what;     // what to say when it is reached
  };

  // `now` in milliseconds on a clock that never jumps, here and below.
  Deadlines(const HttpRequest& request, std::int64_t now);

  // A connection stands and the request is about to leave. `pause`: for so long no byte need move (Expect).
  void Connected(std::int64_t now, std::chrono::milliseconds pause);
  // A byte of a body or a header moved.
  void Moved(std::int64_t now);
  // The request's last byte has left.
  void SentAll(std::int64_t now);
  // The first line of the answer is here, early or not.
  void AnswerBegan(std::int64_t now);
  // Our own side says that it has nothing to send, or no room for what came: no fault of the other side. Ends with
  // false, and the time without a byte begins anew.
  void SourceWaits(bool waits, std::int64_t now);
  void SinkWaits(bool waits, std::int64_t now);

  bool connecting() const { return stage_ == Stage::kConnecting; }
  // The limit that ends first; nullopt where none is running.
  std::optional<Due> Next() const;

 private:
  enum class Stage : std::uint8_t { kConnecting, kSending, kAwaiting, kReceiving };
  std::optional<Due> StageLimit() const;

  std::chrono::milliseconds connect_, stall_, answer_;
  std::optional<std::chrono::milliseconds> total_;
  Stage stage_ = Stage::kConnecting;
  std::int64_t started_;
  std::int64_t moved_;  // the last move, or the stage's start
  bool sent_all_ = false;
  bool source_waits_ = false;
  bool sink_waits_ = false;
};

}  // namespace tegodrop
