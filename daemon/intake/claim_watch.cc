#include "daemon/intake/claim_watch.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBeat = std::chrono::minutes(5);
// Whose claim it is should be known before its host can die of it; a flood of claims costs no more than one look.
constexpr milliseconds kSoon = std::chrono::minutes(1);
// A dozen beats: a share that was away for a while, or a host that was restarted, is no host that is gone.
constexpr milliseconds kSilence = std::chrono::hours(1);

std::string HostOf(const std::string& name) {
  return name.empty() ? "by a host that has not been heard of" : "by host " + Printable(name);
}

}  // namespace

ClaimWatch::ClaimWatch(IntakeWorld& world, const IntakeSettings& settings, std::function<void(const Job&)> admitted)
    : world_(world), settings_(settings), admitted_(std::move(admitted)) {}

void ClaimWatch::Opened(const std::string& host_id) {
  host_id_ = host_id;
  open_ = true;
  Look();
}

void ClaimWatch::Closed() {
  open_ = false;
  timer_.reset();
  look_.reset();
  show_.reset();
  if (OrderWaits()) EndOrder(Fail(ErrorKind::kLocalDisk, "the drop folder cannot be reached any more"));
}

void ClaimWatch::Retire() {
  retired_ = true;
  // One that is being taken over goes on to its row.
  if (OrderWaits()) EndOrder(Fail(ErrorKind::kCancelled, kStopping));
}

bool ClaimWatch::IsLeft(const Claim& claim) const { return world_.clock.Mono() - claim.heard >= kSilence.count(); }

std::vector<std::string> ClaimWatch::Left() const {
  std::vector<std::string> jobs;
  for (const auto& [job, claim] : claims_) {
    if (claim.shown) jobs.push_back(job);
  }
  return jobs;
}

void ClaimWatch::Claimed() {
  if (timer_ && due_ - world_.clock.Mono() > kSoon.count()) PlanLook(kSoon);
}

void ClaimWatch::PlanLook(milliseconds delay) {
  due_ = world_.clock.Mono() + delay.count();
  timer_ = world_.timers.After(delay, [this] {
    const HandlePtr fired = std::move(timer_);
    Look();
  });
}

void ClaimWatch::Look() {
  timer_.reset();
  world_.ledger.LoadClaims(settings_.folder.path,
                           [this, alive = std::weak_ptr<bool>(alive_)](Result<std::vector<std::string>> own) {
                             if (alive.expired() || !open_) return;
                             if (!own) return Saw({}, Fail(own.error()));
                             HostBeat beat;
                             beat.id = host_id_;
                             beat.host = settings_.host;
                             beat.beat = beat_ = std::max(beat_ + 1, world_.clock.Wall());
                             beat.jobs = *own;
                             look_ = world_.folder.SeeHosts(std::move(beat), std::exchange(gone_, {}),
                                                            [this, own = *own](Result<HostsView> view) {
                                                              const HandlePtr done = std::move(look_);
                                                              Saw(own, std::move(view));
                                                            });
                           });
}

void ClaimWatch::Saw(const std::vector<std::string>& own, Result<HostsView> view) {
  const std::string trouble = view ? "" : view.error().message;
  if (!trouble.empty() && trouble != trouble_) {
    world_.log.Warning("folder.hosts", "what other hosts have claimed cannot be seen: " + trouble,
                       {{"folder", settings_.folder.name}});
  }
  trouble_ = trouble;
  if (view) {
    Hear(*view);
    Match(own, *view);
  }
  PlanLook(kBeat);
  if (!view && OrderWaits()) return EndOrder(Fail(view.error()));
  if (OrderWaits()) ServeOrder();
  if (!show_) ShowNext();
}

void ClaimWatch::Hear(const HostsView& view) {
  const MonoMs now = world_.clock.Mono();
  const std::unordered_set<std::string_view> standing(view.claims.begin(), view.claims.end());
  std::map<std::string, Host> hosts;
  for (const HostBeat& beat : view.others) {
    const auto known = hosts_.find(beat.id);
    const bool changed = known == hosts_.end() || known->second.beat != beat.beat;
    const MonoMs since = changed ? now : known->second.changed;
    hosts[beat.id] = {beat.beat, since};
    for (const std::string& job : beat.jobs) {
      const auto [claim, fresh] = claims_.try_emplace(job);
      claim->second.host = beat.host;
      if (!changed && !fresh) continue;
      claim->second.heard = now;
      claim->second.heard_at = world_.clock.Wall();
    }
    const bool stands =
        std::any_of(beat.jobs.begin(), beat.jobs.end(), [&](const std::string& job) { return standing.contains(job); });
    if (!stands && now - since >= kSilence.count()) gone_.push_back(beat.id);
  }
  hosts_ = std::move(hosts);
}

// Of all that was heard of, what stands there and is not ours is a claim of another host's.
void ClaimWatch::Match(const std::vector<std::string>& own, const HostsView& view) {
  std::set<std::string> others(view.claims.begin(), view.claims.end());
  for (const std::string& job : own) others.erase(job);
  for (const std::string& job : others) {
    const auto [claim, fresh] = claims_.try_emplace(job);
    if (!fresh) continue;
    claim->second.heard = world_.clock.Mono();
    claim->second.heard_at = world_.clock.Wall();
  }
  for (auto claim = claims_.begin(); claim != claims_.end();) {
    const bool there = others.contains(claim->first);
    if (claim->second.shown && (!there || !IsLeft(claim->second))) Hide(claim->first);
    claim = there ? std::next(claim) : claims_.erase(claim);
  }
}

// One after the other: a host that is gone may have left thousands.
void ClaimWatch::ShowNext() {
  const auto next = std::find_if(claims_.begin(), claims_.end(),
                                 [&](const auto& one) { return !one.second.shown && IsLeft(one.second); });
  if (next == claims_.end() || !open_) return;
  const std::string job = next->first;
  show_ = world_.folder.LookAtClaim(job, [this, job](const Result<ClaimView>& view) {
    const HandlePtr done = std::move(show_);
    const bool gone = !view && view.error().sys == ENOENT;
    if (!view && !gone && view.error().kind != ErrorKind::kCorrupt) return;  // with the next look
    if (gone) {
      claims_.erase(job);
    } else if (claims_.contains(job)) {
      Show(job, view ? view->file_name : "");
    }
    ShowNext();
  });
}

void ClaimWatch::Show(const std::string& job, const std::string& file_name) {
  Claim& claim = claims_.at(job);
  claim.shown = true;
  const std::string what = file_name.empty() ? "what stands in claimed/" + job : Printable(file_name);
  const std::string text = what + " of folder " + settings_.folder.name + " is claimed " + HostOf(claim.host) +
                           " and has stood still for an hour; if that host does not come back: 'tegodrop retry " + job +
                           "' takes it over";
  world_.log.Warning("claim.left", text, {{"folder", settings_.folder.name}, {"file", file_name}, {"job", job}});
  world_.ledger.SaveNotice({kClaimNotice + job, text, claim.heard_at},
                           [this, alive = std::weak_ptr<bool>(alive_), job](const Status& saved) {
                             if (saved || alive.expired()) return;
                             // Shown with the next look.
                             if (const auto claim = claims_.find(job); claim != claims_.end()) {
                               claim->second.shown = false;
                             }
                           });
}

void ClaimWatch::Hide(const std::string& job) {
  claims_.at(job).shown = false;
  world_.ledger.RemoveNotice(kClaimNotice + job, nullptr);
}

}  // namespace tegodrop
