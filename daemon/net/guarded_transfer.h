// A transfer that knows when a host has had enough: one that fails again and again rests, and retries stay a small part
// of what a host is asked (base/retry_policy.h).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/loop/timers.h"
#include "daemon/net/transfer.h"

namespace tegodrop {

// As the transfer below it, and: what may not leave now fails from the loop as kRetry with `held_back` and, in
// retry_after, when it may. A host is told apart by scheme, name and port. It fails where no whole answer came, or one
// of 408 or 5xx; every other answer shows that it works. What our own source or sink fails with says nothing about it.
class GuardedTransfer final : public Transfer {
 public:
  // All four must outlive it, and it the handles that Start gives.
  GuardedTransfer(Transfer& inner, TimerMaker& timers, const Clock& clock, Log& log);
  ~GuardedTransfer() override;

  HandlePtr Start(HttpRequest request, std::function<void(Result<HttpAnswer>)> done) override;

 private:
  struct Host;
  class Asked;
  HandlePtr Refuse(Error error, std::function<void(Result<HttpAnswer>)> done);
  void Works(Host& host);
  void Failed(Host& host, std::string reason);

  Transfer& inner_;
  TimerMaker& timers_;
  const Clock& clock_;
  Log& log_;
  std::map<std::string, std::unique_ptr<Host>> hosts_;  // by Origin::key
};

}  // namespace tegodrop
