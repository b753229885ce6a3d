// A transfer that tells how far this machine's clock is from those that answer, as far as their answers say.
#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include "daemon/base/clock.h"
#include "daemon/net/transfer.h"

namespace tegodrop {

// As the transfer below it. `ahead`: by how much this machine's clock is ahead, before the request's own answer; the
// `Date` of an answer has seconds. An answer that a cache kept (`Age`) tells nothing.
class DatedTransfer final : public Transfer {
 public:
  // All must outlive it, and it the handles that Start gives.
  DatedTransfer(Transfer& inner, const Clock& clock, std::function<void(std::chrono::milliseconds ahead)> tell)
      : inner_(inner), clock_(clock), tell_(std::move(tell)) {}

  HandlePtr Start(HttpRequest request, std::function<void(Result<HttpAnswer>)> done) override {
    return inner_.Start(std::move(request), [this, done = std::move(done)](Result<HttpAnswer> answer) {
      if (answer && !answer->Header("age")) {
        if (const auto theirs = answer->Date()) tell_(std::chrono::milliseconds(clock_.Wall() - *theirs));
      }
      const auto last = done;  // it may destroy the handle, and this callback with it
      last(std::move(answer));
    });
  }

 private:
  Transfer& inner_;
  const Clock& clock_;
  const std::function<void(std::chrono::milliseconds)> tell_;
};

}  // namespace tegodrop
