#include "daemon/app/notify/messenger.h"

#include <algorithm>
#include <utility>

#include "daemon/app/notify/event_document.h"
#include "daemon/base/retry_policy.h"
#include "daemon/base/text.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Before the outbox is read or written again where the ledger would not.
constexpr milliseconds kOutboxRetry = seconds(5);

// "https://host:443" of a URL: all of it that may be shown.
std::string OriginOf(std::string_view url) {
  const std::size_t scheme = url.find("://");
  return std::string(url.substr(0, scheme == std::string_view::npos ? 0 : url.find_first_of("/?#", scheme + 3)));
}

bool MayPass(int status) { return status == 408 || status == 429 || status >= 500; }

}  // namespace

Messenger::Messenger(MessengerWorld world, Secret url, std::string host, std::string version)
    : world_(world), url_(std::move(url)), host_(std::move(host)), version_(std::move(version)) {}

Messenger::~Messenger() = default;

void Messenger::Start(std::function<void()> ready) {
  ready_ = std::move(ready);
  Load();
}

void Messenger::Load() {
  world_.outbox.LoadOutbox([this, alive = std::weak_ptr<bool>(alive_)](Result<OutboxContent> content) {
    if (alive.expired()) return;
    if (content) return Loaded(std::move(*content));
    world_.log.Warning("notify.waiting", "what is to be told cannot be read: " + content.error().message);
    timer_ = world_.timers.After(kOutboxRetry, [this] { Load(); });
  });
}

void Messenger::Loaded(OutboxContent content) {
  loaded_ = true;
  timer_.reset();
  marks_.insert(content.marks.begin(), content.marks.end());
  for (OutboxEvent& event : content.events) {
    last_number_ = std::max(last_number_, event.number);
    // Its mark is there or was removed since.
    pending_[event.number] = {std::move(event), "", world_.clock.Mono(), true};
  }
  if (ready_) std::exchange(ready_, nullptr)();
  Turn();
}

void Messenger::Tell(const std::string& mark, OutboxEvent event) {
  if (!loaded_) return;
  event.over ? void(marks_.erase(mark)) : void(marks_.insert(mark));
  event.number = ++last_number_;
  event.at = world_.clock.Wall();
  Pending& pending = pending_[event.number];
  pending = {std::move(event), mark, world_.clock.Mono()};
  Store(pending);
  TurnAt(world_.clock.Mono());
}

void Messenger::Store(Pending& pending) {
  pending.storing = true;
  world_.outbox.AddEvent(
      pending.event, pending.mark,
      [this, number = pending.event.number, alive = std::weak_ptr<bool>(alive_)](const Status& added) {
        if (alive.expired()) return;
        const auto found = pending_.find(number);
        // Told meanwhile.
        if (found == pending_.end()) {
          if (added) world_.outbox.RemoveEvents({number}, nullptr);
          return;
        }
        found->second.storing = false;
        found->second.stored = added.has_value();
        if (added) return;
        found->second.store_due = world_.clock.Mono() + kOutboxRetry.count();
        TurnAt(found->second.store_due);
      });
}

void Messenger::Forget(const std::string& mark) {
  if (marks_.erase(mark) > 0) world_.outbox.RemoveMark(mark, nullptr);
}

void Messenger::UseUrl(Secret url) {
  url_ = std::move(url);
  tries_ = 0;
  not_before_ = 0;
  if (loaded_) TurnAt(world_.clock.Mono());
}

bool Messenger::Settled() {
  if (!hurry_ && loaded_) TurnAt(world_.clock.Mono());
  hurry_ = true;
  return loaded_ && !sending_ && (pending_.empty() || tries_ > 0);
}

void Messenger::TurnAt(MonoMs at) {
  if (!loaded_ || (timer_ && timer_at_ <= at)) return;
  timer_at_ = at;
  timer_ = world_.timers.After(milliseconds(std::max<MonoMs>(0, at - world_.clock.Mono())), [this] {
    timer_.reset();
    Turn();
  });
}

void Messenger::Turn() {
  GiveUpOld();
  const MonoMs now = world_.clock.Mono();
  MonoMs next = INT64_MAX;
  for (auto& [number, pending] : pending_) {
    if (pending.stored || pending.storing) continue;
    if (pending.store_due <= now) {
      Store(pending);
    } else {
      next = std::min(next, pending.store_due);
    }
  }
  if (!sending_ && now < not_before_) {
    if (!pending_.empty()) next = std::min(next, not_before_);
  } else if (!sending_) {
    const std::vector<std::int64_t> numbers = Pick(now, &next);
    if (!numbers.empty()) Send(numbers);
  }
  if (next != INT64_MAX) TurnAt(next);
}

std::vector<std::int64_t> Messenger::Pick(MonoMs now, MonoMs* next) {
  std::map<Kind, std::vector<std::int64_t>> kinds;
  for (const auto& [number, pending] : pending_) kinds[KindOf(pending.event)].push_back(number);
  std::vector<std::int64_t> picked;
  for (const auto& [kind, numbers] : kinds) {
    Sent& sent = sent_[kind];
    while (!sent.single.empty() && now - sent.single.front() >= kMessageMinute.count()) sent.single.pop_front();
    const bool bundle = numbers.size() + sent.single.size() > kMostMessages;
    MonoMs due = hurry_ ? now : pending_.at(numbers.front()).since + kGatherEvents.count();
    if (bundle && sent.bundle && !hurry_) due = std::max(due, *sent.bundle + kMessageMinute.count());
    if (due > now) {
      *next = std::min(*next, due);
      continue;
    }
    // The oldest first.
    if (!picked.empty() && picked.front() < numbers.front()) continue;
    picked = bundle ? numbers : std::vector<std::int64_t>{numbers.front()};
  }
  return picked;
}

void Messenger::Send(const std::vector<std::int64_t>& numbers) {
  std::vector<OutboxEvent> events;
  for (const std::int64_t number : numbers) events.push_back(pending_.at(number).event);
  HttpRequest request;
  request.method = "POST";
  request.url = url_;
  request.headers.push_back({"Content-Type", Secret("application/json")});
  request.body = EventDocument(events, host_, version_);
  request.connect_timeout = seconds(10);
  request.answer_timeout = seconds(15);
  request.total_timeout = seconds(30);
  sending_ = world_.transfer.Start(std::move(request), [this, numbers](const Result<HttpAnswer>& answer) {
    const HandlePtr done = std::move(sending_);
    Answered(numbers, answer);
    TurnAt(std::max(world_.clock.Mono(), not_before_));
  });
}

void Messenger::Answered(const std::vector<std::int64_t>& numbers, const Result<HttpAnswer>& answer) {
  const MonoMs now = world_.clock.Mono();
  if (!answer && answer.error().kind == ErrorKind::kRetry) {
    return Failed(WithoutUrl(answer.error().message), std::nullopt);
  }
  if (answer && MayPass(answer->status)) {
    return Failed("it answered HTTP " + std::to_string(answer->status), answer->RetryAfter(world_.clock.Wall()));
  }
  const OutboxEvent& first = pending_.at(numbers.front()).event;
  if (answer && answer->status >= 200 && answer->status < 300) {
    if (std::exchange(tries_, 0) > 0) world_.log.Info("notify.back", "the webhook takes what it is told again");
    world_.log.Debug("notify.told", "the webhook was told", {{"about", first.event}, {"events", numbers.size()}});
    Sent& sent = sent_[KindOf(first)];
    if (numbers.size() > 1) {
      sent.bundle = now;
    } else {
      sent.single.push_back(now);
    }
  } else {
    const std::string why = answer ? "HTTP " + std::to_string(answer->status) : WithoutUrl(answer.error().message);
    world_.log.Error(
        "notify.refused",
        "the webhook refused what it was told, and it is not told again: " + why +
            "; look at the URL in notify.webhook_file, then 'tegodrop reload'",
        {{"about", first.event}, {"events", numbers.size()}, {"job", first.job}, {"folder", first.folder}});
    tries_ = 0;
  }
  Drop(numbers);
}

void Messenger::Failed(const std::string& why, std::optional<milliseconds> retry_after) {
  const milliseconds wait = std::max<milliseconds>(RetryDelay(tries_, retry_after, world_.random), seconds(1));
  if (tries_++ == 0) {
    world_.log.Warning("notify.waiting",
                       "the webhook could not be told: " + why + "; it is tried again for a day, and the work goes on",
                       {{"events", pending_.size()}, {"host", OriginOf(url_.Reveal())}});
  }
  not_before_ = world_.clock.Mono() + wait.count();
}

void Messenger::Drop(const std::vector<std::int64_t>& numbers) {
  std::vector<std::int64_t> stored;
  for (const std::int64_t number : numbers) {
    const auto found = pending_.find(number);
    if (found == pending_.end()) continue;
    if (found->second.stored) stored.push_back(number);
    pending_.erase(found);
  }
  if (!stored.empty()) world_.outbox.RemoveEvents(std::move(stored), nullptr);
}

void Messenger::GiveUpOld() {
  if (sending_) return;
  const WallMs now = world_.clock.Wall();
  std::vector<std::int64_t> old;
  const std::size_t most = pending_.size() - std::min(pending_.size(), kMostEvents);
  for (const auto& [number, pending] : pending_) {
    if (now - pending.event.at >= kTellFor.count() || old.size() < most) old.push_back(number);
  }
  if (old.empty()) return;
  world_.log.Warning("notify.given_up",
                     "the webhook could not be told for too long: what it missed is in 'tegodrop status'",
                     {{"events", old.size()}});
  Drop(old);
}

// The path of the URL is a credential, too.
std::string Messenger::WithoutUrl(std::string text) const {
  const std::string shown = UrlWithoutQuery(url_.Reveal());
  const std::string origin = OriginOf(url_.Reveal());
  for (std::size_t at = text.find(shown); at != std::string::npos; at = text.find(shown, at)) {
    text.replace(at, shown.size(), origin);
    at += origin.size();
  }
  const std::string path = shown.substr(std::min(shown.size(), origin.size()));
  return path.size() > 1 && text.find(path) != std::string::npos ? "no whole answer came" : text;
}

}  // namespace tegodrop
