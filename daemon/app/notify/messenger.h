// Brings events to the webhook: each is in the outbox before it is sent and until it was taken. Work never waits for
// it.
//
//   Tell    the event is added to the outbox, and waits a moment: what comes in a burst is told as one
//   sending one message at a time; trouble on the way is tried again, later each time, for a day
//   taken   the event leaves the outbox. A death between the two tells it again, and nothing else does
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/random.h"
#include "daemon/base/secret.h"
#include "daemon/ledger/outbox.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/timers.h"
#include "daemon/net/transfer.h"

namespace tegodrop {

// More messages of one kind within a minute become one.
inline constexpr std::size_t kMostMessages = 20;
inline constexpr std::chrono::milliseconds kMessageMinute = std::chrono::minutes(1);
// How long an event waits for others of its kind.
inline constexpr std::chrono::milliseconds kGatherEvents = std::chrono::seconds(3);
// An event that could not be told for so long is given up, and so is the oldest of more than that.
inline constexpr std::chrono::milliseconds kTellFor = std::chrono::hours(24);
inline constexpr std::size_t kMostEvents = 1000;

// All must outlive the Messenger.
struct MessengerWorld {
  TimerMaker& timers;
  const Clock& clock;
  Random& random;
  Log& log;
  Outbox& outbox;
  Transfer& transfer;  // to the webhook alone
};

class Messenger {
 public:
  // `url`: never logged, but for its host.
  Messenger(MessengerWorld world, Secret url, std::string host, std::string version);
  ~Messenger();
  Messenger(const Messenger&) = delete;
  Messenger& operator=(const Messenger&) = delete;

  // Reads the outbox; `ready` once it is read, and not where it never can be.
  void Start(std::function<void()> ready);
  // A trouble was told, or is about to be, and its end was not. Known once `ready` ran.
  bool Marked(const std::string& mark) const { return marks_.contains(mark); }
  const std::set<std::string>& marks() const { return marks_; }
  // Once for each mark; `event` gets its number and its time.
  void Tell(const std::string& mark, OutboxEvent event);
  // Its end is nothing to tell.
  void Forget(const std::string& mark);
  void UseUrl(Secret url);
  // Nothing is left to be told, or what is left cannot be told for now. From the first call on nothing waits for
  // others.
  bool Settled();

 private:
  using Kind = std::pair<std::string, bool>;  // event, over
  struct Pending {
    OutboxEvent event;
    std::string mark;
    MonoMs since = 0;
    bool stored = false;
    bool storing = false;
    MonoMs store_due = 0;  // the next try, where the ledger would not take it
  };
  struct Sent {
    std::deque<MonoMs> single;     // of the last minute
    std::optional<MonoMs> bundle;  // the last one
  };

  void Load();
  void Loaded(OutboxContent content);
  void Store(Pending& pending);
  void Turn();
  void TurnAt(MonoMs at);
  // What is to be sent now, or when something will be.
  std::vector<std::int64_t> Pick(MonoMs now, MonoMs* next);
  void Send(const std::vector<std::int64_t>& numbers);
  void Answered(const std::vector<std::int64_t>& numbers, const Result<HttpAnswer>& answer);
  void Failed(const std::string& why, std::optional<std::chrono::milliseconds> retry_after);
  void Drop(const std::vector<std::int64_t>& numbers);
  void GiveUpOld();
  std::string WithoutUrl(std::string text) const;
  static Kind KindOf(const OutboxEvent& event) { return {event.event, event.over}; }

  const MessengerWorld world_;
  Secret url_;
  const std::string host_;
  const std::string version_;
  std::function<void()> ready_;
  bool loaded_ = false;
  bool hurry_ = false;
  std::map<std::int64_t, Pending> pending_;  // by number
  std::set<std::string> marks_;
  std::int64_t last_number_ = 0;
  std::map<Kind, Sent> sent_;
  HandlePtr timer_;
  MonoMs timer_at_ = 0;
  HandlePtr sending_;
  int tries_ = 0;          // failures since something was taken
  MonoMs not_before_ = 0;  // after a failure
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tegodrop
