#include "daemon/intake/folder_keeper.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/disk/layout.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr milliseconds kFirstRetry = seconds(5);
constexpr milliseconds kLastRetry = seconds(60);
constexpr milliseconds kListingGap{20};
constexpr milliseconds kLongestGap = seconds(1);
constexpr milliseconds kPollActive = seconds(5);
constexpr milliseconds kPollIdle = seconds(30);
// Events can be lost without a word (a mount, a bug): a full scan tells.
constexpr milliseconds kScanWatched = minutes(5);
constexpr int kScanShare = 20;   // at most a twentieth of the time is spent on listing
constexpr int kSampleShare = 2;  // a third, while a file waits for it
constexpr milliseconds kPruneEvery = std::chrono::hours(1);

// What there is to say of a folder that gave this error.
std::string StateOf(const Error& error) {
  if (error.kind == ErrorKind::kCorrupt || error.sys == ENOENT) return "missing";
  return error.sys == ETIMEDOUT ? "stalled" : "degraded";
}

}  // namespace

FolderKeeper::FolderKeeper(IntakeWorld& world, FolderSettings settings, FolderRecord known, Owner owner)
    : world_(world), settings_(std::move(settings)), owner_(std::move(owner)), record_(std::move(known)) {
  record_dirty_ = record_.path != settings_.path;
  record_.name = settings_.name;
  record_.path = settings_.path;
}

void FolderKeeper::Start() { Open(); }

void FolderKeeper::Stop() {
  stopped_ = true;
  again_ = false;
  for (HandlePtr* handle : {&opening_, &listing_, &pruning_, &retry_, &gap_, &poll_, &prune_timer_}) handle->reset();
}

void FolderKeeper::Open() { OpenAs(record_.room_id, record_.fs_type); }

void FolderKeeper::Accept(std::function<void(Status)> done) {
  retry_.reset();
  if (stopped_) {
    retry_ = world_.timers.After(milliseconds(0), [done = std::move(done)] {
      done(Fail(ErrorKind::kCancelled, "tegodrop takes nothing more from its folders: give the command again"));
    });
    return;
  }
  accepting_ = std::move(done);
  listing_.reset();
  gap_.reset();
  poll_.reset();
  open_ = false;
  // Before the last folder's fields are replaced the new one must have been seen.
  OpenAs("", "");
}

void FolderKeeper::OpenAs(const std::string& room_id, const std::string& fs_type) {
  opening_ = world_.folder.Open(
      room_id, fs_type,
      [this, alive = std::weak_ptr<bool>(alive_)](const Hint& hint) {
        if (alive.expired() || stopped_ || !open_) return;
        if (hint.overflow) {
          world_.log.Warning("folder.overflow",
                             "more events came than the kernel keeps, so some were lost: the folder is listed instead",
                             {{"folder", settings_.name}, {"times", ++overflows_}});
        }
        if (hint.name.empty()) return WantListing();
        owner_.hint(hint);
      },
      [this](Result<DropFolderFacts> facts) {
        const HandlePtr done = std::move(opening_);
        const auto accepted = std::exchange(accepting_, nullptr);
        if (facts) {
          if (accepted) {
            record_.room_id.clear();
            record_.fs_type.clear();
            record_dirty_ = true;
          }
          Opened(std::move(*facts));
          if (accepted) accepted({});
          return;
        }
        Error error = facts.error();
        if (error.kind == ErrorKind::kCorrupt && !record_.fs_type.empty() && !accepted) {
          error.message +=
              "; if this is the right folder all the same: 'tegodrop check --accept " + settings_.name + "'";
        }
        Trouble(error);
        if (accepted) accepted(Fail(std::move(error)));
      });
}

void FolderKeeper::Opened(DropFolderFacts facts) {
  facts_ = std::move(facts);
  open_ = true;
  watched_ = facts_.watched;
  tries_ = 0;
  if (record_.first_seen == 0 && settings_.existing == Existing::kTake) {
    record_dirty_ = true;
    record_.first_seen = world_.clock.Wall();
  }
  const auto remember = [&](std::string& field, const std::string& value) {
    if (value.empty() || field == value) return;
    field = value;
    record_dirty_ = true;
  };
  remember(record_.room_id, facts_.room_id);
  remember(record_.fs_type, facts_.fs.name);
  if (facts_.spools && !copies()) {
    remember(record_.host_id, record_.host_id.empty() ? NewId(world_.clock.Wall(), world_.random) : record_.host_id);
  }
  const std::string how = facts_.watched ? "events" : "polling";
  world_.log.Info(was_in_trouble_ ? "folder.back" : "folder.open",
                  was_in_trouble_ ? "the drop folder is back" : "the drop folder is open",
                  {{"folder", settings_.name}, {"path", settings_.path}, {"fs", facts_.fs.name}, {"found_by", how}});
  was_in_trouble_ = false;
  if (facts_.watch_trouble.empty()) {
    SetState("ok", "");
  } else {
    SetState("degraded", "no events, so it is polled: " + facts_.watch_trouble);
  }
  if (record_dirty_) SaveRecord();
  owner_.opened();
  if (stopped_) return;
  WantListing();
  if (!copies() && !prune_timer_) Prune();
}

// Never an empty folder: what stood in it stands there still, as far as anybody knows.
void FolderKeeper::Trouble(const Error& error) {
  const bool was_open = open_;
  open_ = false;
  again_ = false;
  was_in_trouble_ = true;
  listing_.reset();
  gap_.reset();
  poll_.reset();
  SetState(StateOf(error), error.message);
  if (record_dirty_) SaveRecord();
  // Whether a helper that hung has ended is asked of the kernel alone, and costs nothing.
  const auto delay = state_ == "stalled"
                         ? kFirstRetry
                         : std::min<milliseconds>(kLastRetry, kFirstRetry * (1 << std::min(tries_++, 8)));
  retry_ = world_.timers.After(delay, [this] {
    const HandlePtr fired = std::move(retry_);
    Open();
  });
  if (was_open) owner_.lost();
}

void FolderKeeper::MarkSeen() {
  if (record_.first_seen != 0) return;
  record_.first_seen = world_.clock.Wall();
  SaveRecord();
}

void FolderKeeper::SetCrowded(std::string reason) {
  if (crowded_ == reason) return;
  crowded_ = std::move(reason);
  if (!open_) return;
  ShowState();
  if (record_dirty_) SaveRecord();
}

void FolderKeeper::SetUnreadable(std::string reason) {
  if (unreadable_ == reason) return;
  unreadable_ = std::move(reason);
  if (!open_) return;
  ShowState();
  if (record_dirty_) SaveRecord();
}

void FolderKeeper::SetRemark(std::string remark) {
  remark_ = std::move(remark);
  if (!open_) return;
  ShowState();
  if (record_dirty_) SaveRecord();
}

void FolderKeeper::SetState(const std::string& state, const std::string& reason) {
  state_ = state;
  reason_ = reason;
  ShowState();
}

void FolderKeeper::ShowState() {
  std::string trouble = crowded_;
  for (const std::string* other : {&unreadable_, &inside_}) {
    if (trouble.empty()) trouble = *other;
  }
  const bool troubled = state_ == "ok" && !trouble.empty();
  const std::string state = troubled ? "degraded" : state_;
  const std::string reason = troubled ? trouble : state_ == "ok" ? remark_ : reason_;
  if (record_.state == state && record_.reason == reason) return;
  record_.state = state;
  record_.reason = reason;
  record_.since = world_.clock.Wall();
  record_dirty_ = true;
  if (state != "ok") {
    world_.log.Warning("folder." + state, reason, {{"folder", settings_.name}, {"path", settings_.path}});
  }
  owner_.state_changed();
}

void FolderKeeper::SaveRecord() {
  record_dirty_ = false;
  world_.ledger.SaveFolder(record_, [this, alive = std::weak_ptr<bool>(alive_)](const Status& status) {
    if (!status && !alive.expired()) record_dirty_ = true;  // again after the next listing
  });
}

void FolderKeeper::WantListing() {
  if (!open_ || stopped_) return;
  if (listing_) {
    again_ = true;
    return;
  }
  if (gap_) return;
  const MonoMs now = world_.clock.Mono();
  if (now >= not_before_) return List();
  gap_ = world_.timers.After(milliseconds(not_before_ - now), [this] {
    const HandlePtr fired = std::move(gap_);
    List();
  });
}

void FolderKeeper::List() {
  poll_.reset();
  again_ = false;
  ++started_;
  listing_ = world_.folder.List([this](Result<Listing> listing) { Listed(std::move(listing)); });
}

void FolderKeeper::Listed(Result<Listing> listing) {
  const HandlePtr done = std::move(listing_);
  if (!listing) return Trouble(listing.error());
  took_ = listing->took;
  watched_ = facts_.watched && listing->watch_trouble.empty();
  ShowInside(*listing);
  listed_at_ = world_.clock.Mono();
  not_before_ = listed_at_ + std::clamp(took_, kListingGap, kLongestGap).count();
  if (record_dirty_) SaveRecord();
  owner_.listed(*listing, started_);
  if (stopped_ || !open_) return;
  if (again_) {
    again_ = false;
    WantListing();
  }
  PlanPoll();
}

void FolderKeeper::ShowInside(const Listing& listing) {
  std::string trouble = listing.trouble;
  if (trouble.empty() && !listing.watch_trouble.empty() && facts_.watched) {
    trouble = "no events from all folders inside, so it is polled: " + listing.watch_trouble;
  }
  if (inside_ == trouble) return;
  inside_ = std::move(trouble);
  ShowState();
}

void FolderKeeper::PlanPoll() {
  if (!open_ || stopped_ || listing_) return;
  milliseconds every = kScanWatched;
  if (!watched_) {
    every = settings_.poll_interval.value_or(active_ ? kPollActive : kPollIdle);
    every = std::max<milliseconds>(every, took_ * kScanShare);
  }
  // What somebody mends raises no event here.
  if (!inside_.empty()) every = std::min(every, kPollIdle);
  if (sample_every_) every = std::min(every, std::max<milliseconds>(*sample_every_, took_ * kSampleShare));
  const MonoMs due = std::max(listed_at_ + every.count(), world_.clock.Mono());
  poll_ = world_.timers.After(milliseconds(due - world_.clock.Mono()), [this] {
    const HandlePtr fired = std::move(poll_);
    WantListing();
  });
}

void FolderKeeper::SetActive(bool active, std::optional<milliseconds> sample_every) {
  if (active_ == active && sample_every_ == sample_every) return;
  active_ = active;
  sample_every_ = sample_every;
  if (poll_) PlanPoll();
}

void FolderKeeper::Prune() {
  prune_timer_ = world_.timers.After(kPruneEvery, [this] {
    const HandlePtr fired = std::move(prune_timer_);
    Prune();
  });
  if (!open_ || copies() || pruning_) return;
  const WallMs now = world_.clock.Wall();
  pruning_ = world_.folder.Prune(
      now - settings_.keep_processed.count(), now - kKeepReceipts.count(), [this](const Result<int>& removed) {
        const HandlePtr done = std::move(pruning_);
        const std::string trouble = removed ? "" : removed.error().message;
        if (!trouble.empty() && trouble != prune_trouble_) {
          world_.log.Warning("folder.prune_failed", trouble, {{"folder", settings_.name}});
        }
        prune_trouble_ = trouble;
        if (removed && *removed > 0) {
          world_.log.Info("folder.pruned", "old files were removed", {{"folder", settings_.name}, {"files", *removed}});
        }
      });
}

}  // namespace tegodrop
