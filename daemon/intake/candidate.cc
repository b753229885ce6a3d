#include "daemon/intake/candidate.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "daemon/base/units.h"
#include "daemon/model/artifact.h"

namespace tegodrop {
namespace {

using std::chrono::seconds;

constexpr milliseconds kLocalSettle = seconds(2);
// A share's attributes may be cached: on sshfs everything stayed stale for 20 s (measured).
constexpr milliseconds kNetworkSettle = seconds(30);
constexpr int kNetworkSamples = 3;
// Where the lease cannot be asked: a renamed-in file is whole unless its writer goes on after the rename; all others
// may be copies in progress.
constexpr milliseconds kUnaskedMovedIn = seconds(2);
constexpr milliseconds kUnasked = seconds(10);
// A bare CREATE is a hard link, or a copy that has just begun.
constexpr milliseconds kCreated = seconds(10);
constexpr milliseconds kUnreadableAgain = seconds(30);
constexpr MonoMs kLongAgo = std::numeric_limits<MonoMs>::min() / 4;

std::string QuietOf(milliseconds quiet) { return HumanDuration(quiet) + " of quiet"; }

}  // namespace

CandidateRules RulesFor(const FsType& fs, std::optional<milliseconds> settle, milliseconds refuse_after) {
  CandidateRules rules;
  rules.local = fs.local;
  rules.settle = settle.value_or(fs.local ? kLocalSettle : std::max(kNetworkSettle, 2 * fs.attribute_cache));
  rules.refuse_after = refuse_after;
  return rules;
}

Candidate::Candidate(CandidateRules rules, const FileStat& stat, Nomination nomination, MonoMs now, WallMs wall)
    : rules_(rules),
      stat_(stat),
      nomination_(nomination),
      since_(now),
      sidecars_since_(kLongAgo),
      last_seen_(now),
      moved_in_(rules.local && nomination == Nomination::kMovedIn) {
  // Only this kernel's own clock may be compared with a file's times.
  constexpr std::int64_t kNsPerMs = 1'000'000;
  if (rules_.local && nomination == Nomination::kScanned) {
    age_ = milliseconds(std::max<WallMs>(0, wall - stat.ctime_ns / kNsPerMs));
  }
}

void Candidate::Restart(MonoMs now) {
  since_ = now;
  last_seen_ = now;
  age_ = milliseconds(0);
  samples_ = 1;
  not_before_ = 0;
  looked_early_ = false;
  busy_.clear();
  found_.reset();
}

void Candidate::Nominate(Nomination nomination, MonoMs now) {
  if (nomination == Nomination::kScanned) return;
  Restart(now);
  nomination_ = nomination;
  moved_in_ = rules_.local && nomination == Nomination::kMovedIn;
}

void Candidate::See(const FileStat& stat, MonoMs now) {
  if (stat == stat_) {
    ++samples_;
    last_seen_ = now;
    return;
  }
  const bool same_content = stat.SameContentAs(stat_);
  stat_ = stat;
  Restart(now);
  cannot_tell_ = false;
  unreadable_since_.reset();
  if (same_content) return;  // a chmod after a rename makes it no less renamed
  nomination_ = Nomination::kScanned;
  moved_in_ = false;
  changed_before_ = true;
}

void Candidate::SeeSidecars(std::vector<SidecarRef> sidecars, MonoMs now) {
  const auto by_name = [](const SidecarRef& a, const SidecarRef& b) { return a.name < b.name; };
  std::sort(sidecars.begin(), sidecars.end(), by_name);
  const auto same = [](const SidecarRef& a, const SidecarRef& b) {
    return a.name == b.name && a.expected == b.expected;
  };
  if (std::equal(sidecars.begin(), sidecars.end(), sidecars_.begin(), sidecars_.end(), same)) return;
  sidecars_ = std::move(sidecars);
  sidecars_since_ = now;
  looked_early_ = false;
  found_.reset();
}

void Candidate::StartOver(MonoMs now) {
  Restart(now);
  nomination_ = Nomination::kScanned;
  moved_in_ = false;
  cannot_tell_ = false;
  unreadable_since_.reset();
  if (!sidecars_.empty()) sidecars_since_ = now;
}

bool Candidate::HasSum() const {
  return std::any_of(sidecars_.begin(), sidecars_.end(),
                     [](const SidecarRef& sidecar) { return SidecarOf(sidecar.name) == SidecarKind::kSha256; });
}

milliseconds Candidate::Needed() const {
  if (!rules_.local) return rules_.settle;
  if (moved_in_) return cannot_tell_ ? std::max(kUnaskedMovedIn, rules_.settle) : milliseconds(0);
  if (cannot_tell_) return std::max(kUnasked, rules_.settle);
  if (nomination_ == Nomination::kCreated) return std::max(kCreated, rules_.settle);
  return rules_.settle;
}

// Samples of a share are compared with each other only.
bool Candidate::SampledEnough() const {
  return rules_.local || (samples_ >= kNetworkSamples && last_seen_ - since_ >= rules_.settle.count());
}

MonoMs Candidate::GateAt() const { return since_ - age_.count() + Needed().count(); }

bool Candidate::GateOpen(MonoMs when) const { return when >= since_ && when >= GateAt() && SampledEnough(); }

MonoMs Candidate::SettledAt() const {
  const MonoMs own = since_ - age_.count() + std::max(Needed(), rules_.settle).count();
  return std::max(own, sidecars_since_ + rules_.settle.count());
}

bool Candidate::Settled(MonoMs when) const { return when >= since_ && when >= SettledAt() && SampledEnough(); }

Candidate::Step Candidate::LookNow(bool early, bool unread) const {
  Step step;
  step.look = true;
  step.reason = "being looked at";
  InspectRequest& request = step.request;
  request.expected = stat_;
  for (const SidecarRef& sidecar : sidecars_) request.sidecars.push_back(sidecar.name);
  request.early = early;
  request.read = !unread;
  // An early look admits by the digest alone.
  request.full_crc = !early && (!rules_.local || cannot_tell_);
  request.need_lease = !early && rules_.local && !cannot_tell_;
  return step;
}

// On a share only the next listing can tell.
Candidate::Step Candidate::WaitUntil(MonoMs at, std::string reason) const {
  Step step;
  if (rules_.local) step.at = at;
  step.reason = std::move(reason);
  return step;
}

Candidate::Step Candidate::Next(MonoMs now, bool unread) const {
  const std::string why = busy_.empty() ? QuietOf(Needed()) : busy_;
  if (now < not_before_) {
    Step step;
    step.at = not_before_;
    step.reason = found_ ? found_->reason : why;
    return step;
  }
  if (found_) return AfterLook(now, unread);
  if (GateOpen(now)) return LookNow(false, unread);
  // A file that changed before is likely to go on changing: on a share it is not read anew for each sample.
  const bool calm = rules_.local || !changed_before_ || samples_ > 1;
  if (HasSum() && !looked_early_ && calm) return LookNow(true, unread);
  return WaitUntil(GateAt(), why);
}

Candidate::Step Candidate::AfterLook(MonoMs now, bool unread) const {
  const MonoMs refuse_at = since_ + rules_.refuse_after.count();
  switch (found_->outcome) {
    case Inspection::Outcome::kIncomplete:
      // Renamed in, so nobody goes on with it: one more look once it has settled decides.
      if (moved_in_ && found_->writers_known) {
        return Settled(now) ? LookNow(false, unread) : WaitUntil(SettledAt(), found_->reason);
      }
      break;
    case Inspection::Outcome::kUnreadable:
    case Inspection::Outcome::kNoRoom:
      return LookNow(false, unread);
    default:
      return Settled(now) ? LookNow(false, unread) : WaitUntil(SettledAt(), found_->reason);
  }
  if (now >= refuse_at) return LookNow(false, unread);
  Step step;
  step.at = refuse_at;
  step.reason = found_->reason;
  return step;
}

Candidate::Verdict Candidate::JudgeWhole(const Look& look, MonoMs begun) {
  unreadable_since_.reset();
  const bool open = GateOpen(begun);
  if (look.outcome == Inspection::Outcome::kWhole && !look.refused && (open || look.proven)) return Verdict::kAdmit;
  if (!open) {
    looked_early_ = true;
    return Verdict::kGoOn;
  }
  if (Settled(begun)) return Verdict::kRefuse;
  found_ = Found{look.outcome, look.reason, look.writers_known};
  return Verdict::kGoOn;
}

Candidate::Verdict Candidate::JudgeIncomplete(const Look& look, MonoMs begun) {
  unreadable_since_.reset();
  if (!GateOpen(begun)) {
    looked_early_ = true;
    return Verdict::kGoOn;
  }
  const bool cut_off_before = moved_in_ && look.writers_known && Settled(begun);
  if (cut_off_before || begun - since_ >= rules_.refuse_after.count()) return Verdict::kRefuse;
  found_ = Found{look.outcome, look.reason, look.writers_known};
  return Verdict::kGoOn;
}

Candidate::Verdict Candidate::JudgeUnreadable(const Look& look, MonoMs now) {
  if (!unreadable_since_) unreadable_since_ = now;
  if (now - *unreadable_since_ >= rules_.refuse_after.count()) return Verdict::kRefuse;
  not_before_ = now + kUnreadableAgain.count();
  found_ = Found{look.outcome, look.reason, look.writers_known};
  return Verdict::kGoOn;
}

// Our own disk says nothing about the file: it is never refused for that.
Candidate::Verdict Candidate::JudgeNoRoom(const Look& look, MonoMs now) {
  unreadable_since_.reset();
  not_before_ = now + kUnreadableAgain.count();
  found_ = Found{look.outcome, look.reason, look.writers_known};
  return Verdict::kGoOn;
}

Candidate::Verdict Candidate::Judge(const Look& look, MonoMs begun, MonoMs now) {
  if (begun < since_) return Verdict::kGoOn;  // something happened to it meanwhile: asked anew
  switch (look.outcome) {
    case Inspection::Outcome::kWhole:
    case Inspection::Outcome::kNotAnArtifact:
      return JudgeWhole(look, begun);
    case Inspection::Outcome::kIncomplete:
      return JudgeIncomplete(look, begun);
    case Inspection::Outcome::kUnreadable:
      return JudgeUnreadable(look, now);
    case Inspection::Outcome::kNoRoom:
      return JudgeNoRoom(look, now);
    case Inspection::Outcome::kCannotTell:
      cannot_tell_ = true;
      return Verdict::kGoOn;
    case Inspection::Outcome::kBeingWritten:
    case Inspection::Outcome::kChanged:
      break;
  }
  // However it came, it is a file in somebody's hands now.
  Restart(now);
  nomination_ = Nomination::kClosed;
  moved_in_ = false;
  not_before_ = now + rules_.settle.count();
  if (look.outcome == Inspection::Outcome::kChanged) return Verdict::kListNow;
  busy_ = look.reason;
  return Verdict::kGoOn;
}

}  // namespace tegodrop
