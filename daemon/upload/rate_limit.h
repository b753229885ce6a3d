// How many bytes all uploads together may send in a second: one bucket, filled by time, shared in turns. Belongs to the
// loop.
//
//   source -> Take(most): bytes that it may give to its connection now
//          <- 0: it waits in the line, and `resume` is called from a timer once there is something for it
// Who waits longest is served first, and what there is is divided among all who wait, so that two uploads get half of
// the line each, whatever they ask for. A source that waits for its turn says kWait, which is no stall.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "daemon/base/clock.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/timers.h"

namespace tegodrop {

class RateLimit {
 public:
  // What one source has of the line. Destroying it leaves the line; what it was granted and did not use goes back.
  class Share {
   public:
    ~Share();
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // Bytes that may be given away now, at most `most`; they count as sent unless they come back. 0, for a `most` above
    // 0: not now, `resume` follows.
    std::size_t Take(std::size_t most);
    // Bytes of the last Take that were not given away after all.
    void GiveBack(std::size_t bytes);

   private:
    friend class RateLimit;
    Share(RateLimit& limit, std::function<void()> resume) : limit_(limit), resume_(std::move(resume)) {}

    RateLimit& limit_;
    const std::function<void()> resume_;
    std::uint64_t granted_ = 0;  // by a turn in the line
    bool waiting_ = false;
  };

  // `bytes_per_second` above 0; none: no limit. What was not used is kept for at most 250 ms. `timers` and `clock` must
  // outlive this.
  RateLimit(std::optional<std::uint64_t> bytes_per_second, TimerMaker& timers, const Clock& clock);
  RateLimit(const RateLimit&) = delete;
  RateLimit& operator=(const RateLimit&) = delete;

  // A source joins. `resume` runs from the loop, never inside a call of this, at most once after each Take that gave 0;
  // it may destroy its share or others. This must outlive the share.
  std::unique_ptr<Share> Join(std::function<void()> resume);
  // From now on, also for whoever waits.
  void SetRate(std::optional<std::uint64_t> bytes_per_second);

 private:
  void Refill();
  void Wait(Share& share);
  void Arm();
  void Serve();
  void Release();
  void Resume();
  std::uint64_t Most() const;

  std::uint64_t rate_;  // 0: no limit
  TimerMaker& timers_;
  const Clock& clock_;
  std::uint64_t filled_ = 0;  // thousandths of a byte
  MonoMs filled_at_ = 0;
  std::deque<Share*> line_;     // who waits, the longest first
  std::deque<Share*> serving_;  // who is about to be resumed
  HandlePtr timer_;
};

}  // namespace tegodrop
