#include "daemon/net/guarded_transfer.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "daemon/base/retry_policy.h"
#include "daemon/base/text.h"
#include "daemon/net/origin.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

// Bytes of a body that went out: more than what buffers on the way would swallow by themselves.
constexpr std::uint64_t kSentShowsLife = 8ULL << 20U;

// Whether the end of a request shows a host in trouble, and of which kind; nothing where it works.
std::optional<std::string> TroubleOf(const Result<HttpAnswer>& answer) {
  if (!answer) return answer.error().message;
  if (answer->status == 408 || answer->status >= 500) return "HTTP " + std::to_string(answer->status);
  return std::nullopt;
}

// Our own doing: the source's or sink's trouble, a limit, an address that is none.
bool SaysNothing(const Result<HttpAnswer>& answer) { return !answer && answer.error().kind != ErrorKind::kRetry; }

}  // namespace

struct GuardedTransfer::Host {
  std::string name;  // for people
  HostPatience patience;
  std::string reason;  // of the last failure
};

// One request that was let through.
class GuardedTransfer::Asked final : public Handle {
 public:
  Asked(GuardedTransfer& owner, Host& host) : owner_(owner), host_(host) {}
  ~Asked() override {
    inner_.reset();
    if (!ended_) host_.patience.Dropped();
  }

  void Start(HttpRequest request, std::function<void(Result<HttpAnswer>)> done) {
    // A long transfer that moves lets the others go on before it ends.
    // The body of a refusal is no such sign: more than that may hold has come for the sink.
    const std::uint64_t shows_life = request.sink ? request.answer_limit : UINT64_MAX;
    request.progress = [this, shows_life, progress = std::move(request.progress)](std::uint64_t sent,
                                                                                  std::uint64_t received) {
      const bool moves = received > shows_life || sent >= kSentShowsLife;
      if (host_.patience.resting() && moves) host_.patience.Moves();
      if (progress) progress(sent, received);
    };
    inner_ = owner_.inner_.Start(std::move(request), [this, done = std::move(done)](Result<HttpAnswer> answer) {
      End(answer);
      const auto last = done;  // it may destroy this handle, and this callback with it
      last(std::move(answer));
    });
  }

 private:
  void End(const Result<HttpAnswer>& answer) {
    ended_ = true;
    if (SaysNothing(answer)) return host_.patience.Dropped();
    auto trouble = TroubleOf(answer);
    trouble ? owner_.Failed(host_, std::move(*trouble)) : owner_.Works(host_);
  }

  GuardedTransfer& owner_;
  Host& host_;
  HandlePtr inner_;
  bool ended_ = false;
};

GuardedTransfer::GuardedTransfer(Transfer& inner, TimerMaker& timers, const Clock& clock, Log& log)
    : inner_(inner), timers_(timers), clock_(clock), log_(log) {}

GuardedTransfer::~GuardedTransfer() = default;

HandlePtr GuardedTransfer::Start(HttpRequest request, std::function<void(Result<HttpAnswer>)> done) {
  const Result<Origin> origin = ParseOrigin(request.url);
  if (!origin) return inner_.Start(std::move(request), std::move(done));  // it says so itself
  std::unique_ptr<Host>& host = hosts_[origin->key];
  if (!host) {
    host = std::make_unique<Host>();
    host->name = origin->key.substr(origin->key.find("://") + 3);
  }
  const MonoMs now = clock_.Mono();
  const HostPatience::Answer leave = host->patience.Ask(request.again, now);
  if (leave.leave != HostPatience::Leave::kGranted) {
    const bool rests = leave.leave == HostPatience::Leave::kRests;
    Error error =
        MakeError(ErrorKind::kRetry,
                  rests ? host->name + " fails again and again and is left alone for a while (" + host->reason + ")"
                        : "too many requests to " + host->name + " fail: retries wait (" + host->reason + ")");
    error.held_back = true;
    error.retry_after = milliseconds(leave.not_before - now);
    return Refuse(std::move(error), std::move(done));
  }
  auto asked = std::make_unique<Asked>(*this, *host);
  asked->Start(std::move(request), std::move(done));
  return asked;
}

HandlePtr GuardedTransfer::Refuse(Error error, std::function<void(Result<HttpAnswer>)> done) {
  return timers_.After(milliseconds(0), [error = std::move(error), done = std::move(done)] {
    const auto last = done;
    last(Fail(error));
  });
}

void GuardedTransfer::Works(Host& host) {
  if (host.patience.resting()) log_.Info("host.back", "the host answers again", {{"host", host.name}});
  host.patience.Works();
}

void GuardedTransfer::Failed(Host& host, std::string reason) {
  const MonoMs now = clock_.Mono();
  host.reason = std::move(reason);
  const bool first = !host.patience.resting();
  if (!host.patience.Failed(now) || !first) return;
  log_.Warning("host.rests", "the host fails again and again: it is asked seldom until it answers",
               {{"host", host.name},
                {"failures", host.patience.failures()},
                {"reason", host.reason},
                {"next_try_in_s", (host.patience.rests_until() - now) / 1000}});
}

}  // namespace tegodrop
