// The portal for one command: a loop and clients of its own, and each call waited for.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "config/settings.h"
#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/random.h"
#include "daemon/base/result.h"
#include "daemon/base/retry_policy.h"
#include "daemon/base/secret.h"
#include "daemon/loop/event_loop.h"
#include "daemon/net/curl_transfer.h"
#include "daemon/net/transfer.h"
#include "daemon/portal/administration.h"
#include "daemon/portal/portal.h"

namespace tegodrop {

class PortalSession {
 public:
  // kRejected where portal.ca_file cannot be used. `settings` must outlive it.
  static Result<std::unique_ptr<PortalSession>> Open(const Settings& settings, const Secret& token,
                                                     const Secret& proxy_token);
  ~PortalSession();

  Portal& portal() { return *portal_; }
  PortalAdministration& administration() { return *administration_; }
  Transfer& transfer() { return *dated_; }
  EventLoop& loop() { return loop_; }
  const Clock& clock() const { return clock_; }
  Log& log() { return *log_; }
  // By how much this machine's clock is ahead of the portal's, by its last answer; nothing before the first.
  std::optional<std::chrono::milliseconds> ahead() const { return ahead_; }

  // Begins something that answers once.
  template <typename T>
  using Call = std::function<HandlePtr(std::function<void(Result<T>)> done)>;

  // Blocks until it has answered. Once: for what takes effect. kCancelled where the loop was stopped before.
  // `tells`: one that takes longer than some seconds is told of on standard error.
  template <typename T>
  Result<T> Await(const Call<T>& call, bool tells = true) {
    std::optional<Result<T>> answer;
    const HandlePtr slow = tells ? TellWhenSlow() : nullptr;
    HandlePtr handle = call([&](Result<T> result) {
      answer = std::move(result);
      loop_.Stop();
    });
    loop_.Run();
    handle.reset();
    if (!answer) return Fail(ErrorKind::kCancelled, "stopped");
    return std::move(*answer);
  }

  // The same for what only asks: passing trouble is met with two more tries, within some seconds.
  template <typename T>
  Result<T> Ask(const Call<T>& call) {
    Result<T> answer = Await<T>(call);
    for (int failed = 0; !answer && failed < kMoreTries && IsPassing(answer.error()); ++failed) {
      Pause(RetryDelay(failed, std::nullopt, random_));
      answer = Await<T>(call);
    }
    return answer;
  }

  // Trouble that another try may get over while somebody waits: neither a time that the server names nor a redirection,
  // which says that the URL is wrong.
  static bool IsPassing(const Error& error) {
    const bool redirects = error.http_status >= 300 && error.http_status < 400;
    return error.kind == ErrorKind::kRetry && !error.retry_after && !redirects;
  }

  // As ReachServer (net/reach.h).
  Result<std::string> Reach(const Secret& url) const;

  // Blocks for so long.
  void Pause(std::chrono::milliseconds time);

 private:
  static constexpr int kMoreTries = 2;
  HandlePtr TellWhenSlow();

  PortalSession();

  std::string url_;
  NetSettings net_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<Log> log_;
  EventLoop loop_;
  std::unique_ptr<Transfer> transfer_;
  std::unique_ptr<Transfer> dated_;
  std::optional<std::chrono::milliseconds> ahead_;
  std::unique_ptr<Portal> portal_;
  std::unique_ptr<PortalAdministration> administration_;
};

}  // namespace tegodrop
