// Several hosts on one share: tells the others what this host has claimed in a drop folder, sees which of their claims
// stand still, and makes one ours when a person says so.
//
// Clocks of different hosts are never compared: a claim counts as left when its host's beat has not changed, and named
// it, for an hour of our own monotonic clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/intake/intake.h"
#include "daemon/intake/world.h"
#include "daemon/loop/handle.h"

namespace tegodrop {

// What a command is told that comes too late.
inline constexpr const char* kStopping = "the daemon is just stopping";

class ClaimWatch {
 public:
  // `admitted`: called with each job that a claim became, once its row stands.
  ClaimWatch(IntakeWorld& world, const IntakeSettings& settings, std::function<void(const Job&)> admitted);
  ClaimWatch(const ClaimWatch&) = delete;
  ClaimWatch& operator=(const ClaimWatch&) = delete;

  // The folder is open, on a share: looks at once, and every few minutes from then on. `host_id`: ours in this folder.
  void Opened(const std::string& host_id);
  void Closed();
  // Nothing is taken over any more; the others are told of us as long as this lives, because jobs go on.
  void Retire();
  // Something more is claimed here: the others are told soon.
  void Claimed();

  // The jobs of claims that seem to be left, shown as notices.
  std::vector<std::string> Left() const;
  // See Intake::TakeOver.
  void TakeOver(const std::string& job, bool afresh, std::function<void(Result<std::string>)> done);

 private:
  struct Claim {
    MonoMs heard = 0;  // of the host that has it, or since when it is known
    WallMs heard_at = 0;
    std::string host;  // its name; empty: no beat has named this claim
    bool shown = false;
  };
  struct Host {
    std::int64_t beat = 0;
    MonoMs changed = 0;
  };
  struct Order {
    std::string job;
    bool afresh = false;
    std::function<void(Result<std::string>)> done;
    std::string answer;  // once its row stands, which is just being written; empty: it has not come so far
  };

  void Look();
  void Saw(const std::vector<std::string>& own, Result<HostsView> view);
  void Hear(const HostsView& view);
  void Match(const std::vector<std::string>& own, const HostsView& view);
  void ShowNext();
  void Show(const std::string& job, const std::string& file_name);
  void Hide(const std::string& job);
  void PlanLook(std::chrono::milliseconds delay);
  bool IsLeft(const Claim& claim) const;
  bool OrderWaits() const { return order_ && !work_ && order_->answer.empty(); }

  void ServeOrder();
  void CheckRecord(const ClaimView& view);
  void Take(const ClaimView& seen);
  void Taken(const std::string& job, const TakenOver& taken);
  // `answers`: the order under way.
  void Record(const Job& job, const std::string& note, bool answers);
  void EndOrder(Result<std::string> answer);
  void Refuse(const std::string& why) { EndOrder(Fail(ErrorKind::kRejected, why)); }

  IntakeWorld& world_;
  const IntakeSettings& settings_;
  const std::function<void(const Job&)> admitted_;
  std::string host_id_;
  bool open_ = false;
  bool retired_ = false;
  std::map<std::string, Claim> claims_;  // of others, by job
  std::map<std::string, Host> hosts_;    // others, by id
  std::vector<std::string> gone_;        // hosts whose beats tell nothing any more
  std::int64_t beat_ = 0;
  std::string trouble_;
  HandlePtr timer_;
  MonoMs due_ = 0;  // the timer
  HandlePtr look_;
  HandlePtr show_;
  std::optional<Order> order_;  // what a person asked for, one at a time
  HandlePtr work_;
  HandlePtr refusal_;                         // on its way
  std::map<std::string, HandlePtr> records_;  // of jobs that the ledger would not take yet
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tegodrop
