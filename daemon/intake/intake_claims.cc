// The way in from the verdict on: refused or claimed; and the end.
#include <algorithm>
#include <utility>

#include "daemon/base/units.h"
#include "daemon/intake/claim_plan.h"
#include "daemon/intake/intake_impl.h"

namespace tegodrop {

void Intake::Impl::Looked(const std::string& name, MonoMs begun, const Inspection& inspection) {
  Entry& entry = entries_.at(name);  // forgetting it cancels the look
  const HandlePtr done = std::move(entry.look);
  entry.place.reset();  // from here on the claim keeps its room
  --looks_;
  if (stopping_) return;
  if (!keeper_.is_open()) return Pump();
  if (inspection.outcome == Inspection::Outcome::kUnreadable) {
    unreadable_[name] = " cannot be read, and is tried again: " + inspection.reason;
    ShowUnreadable();
  } else if (inspection.outcome == Inspection::Outcome::kNoRoom) {
    unreadable_[name] = " cannot be copied into the spool, and is tried again: " + inspection.reason;
    ShowUnreadable();
  } else if (unreadable_.erase(name) > 0) {
    ShowUnreadable();
  }
  Weighed weighed = Weigh(settings_.folder, name, KindOfName(name).value_or(ArtifactKind::kApk), inspection);
  Candidate::Look look{inspection.outcome, inspection.reason, inspection.writers_known, weighed.proven,
                       weighed.failure.has_value()};
  if (weighed.failure) look.reason = weighed.failure->message;
  switch (entry.candidate.Judge(look, begun, world_.clock.Mono())) {
    case Candidate::Verdict::kListNow:
      Evaluate(name, entry);
      keeper_.WantListing();
      break;
    case Candidate::Verdict::kGoOn:
      Evaluate(name, entry);
      break;
    case Candidate::Verdict::kAdmit:
      Decide(name, entry, std::move(weighed), inspection, std::nullopt);
      break;
    case Candidate::Verdict::kRefuse: {
      std::optional<Failure> failure = weighed.failure;
      if (inspection.outcome == Inspection::Outcome::kIncomplete) failure = IncompleteFailure(inspection.reason);
      if (inspection.outcome == Inspection::Outcome::kUnreadable) failure = UnreadableFailure(inspection.reason);
      Decide(name, entry, std::move(weighed), inspection, std::move(failure));
      break;
    }
  }
  Pump();
}

void Intake::Impl::Decide(const std::string& name, Entry& entry, Weighed weighed, const Inspection& inspection,
                          std::optional<Failure> failure) {
  // What lies there when a folder may be written to again was built from its copy; what comes then is a new drop.
  if ((keeper_.copies() || entry.lay_there) && kept_.IsKnown(name, weighed.artifact.sha256)) {
    kept_.Touched(name, weighed.artifact.sha256, entry.candidate.stat());
    world_.log.Info("artifact.known",
                    "the same bytes under the same name were taken before; to have them built again, drop them under "
                    "another name",
                    {{"folder", settings_.folder.name}, {"file", name}});
    Forget(entries_.find(name));
    return;
  }
  const std::uint64_t size = entry.candidate.stat().size;
  const bool limited = keeper_.spools() && world_.spool != nullptr;
  if (limited && !failure && size > world_.spool->limit()) failure = TooLargeForSpool(size, world_.spool->limit());
  ClaimPlan plan = MakeClaimPlan(
      settings_,
      {NewId(world_.clock.Wall(), world_.random), entry.first_seen, entry.candidate.stat(), keeper_.copies()},
      std::move(weighed), inspection, std::move(failure));
  const std::optional<KeptArtifact> kept = plan.kept;
  const std::string held = limited && !plan.failure ? plan.job.id : "";
  if (!held.empty()) world_.spool->Hold(held, size);
  SetDue(name, entry, std::nullopt);
  ++claims_;
  pending_changed_ = true;
  entry.reason = "being claimed";
  entry.claiming = std::make_unique<Claiming>(
      world_, std::move(plan), [this, name](const std::string& trouble) { Stuck(name, trouble); },
      [this, name, kept, held](ClaimEnd end, const Job& job) {
        // Under another id, where the first was taken.
        if (!held.empty()) world_.spool->Free(held);
        if (!held.empty() && end != ClaimEnd::kBack) world_.spool->Hold(job.id, job.artifact.size);
        Claimed(name, kept, end, job);
      });
  entry.claiming->Start();
}

// It is tried again beside the others, which go on.
void Intake::Impl::Stuck(const std::string& name, const std::string& trouble) {
  if (trouble.empty()) {
    if (stuck_.erase(name) == 0) return;
    unreadable_.erase(name);
  } else {
    stuck_.insert(name);
    unreadable_[name] = " cannot be taken, and is tried again: " + trouble;
  }
  ShowUnreadable();
  if (!stopping_) Pump();
}

void Intake::Impl::Claimed(const std::string& name, const std::optional<KeptArtifact>& kept, ClaimEnd end,
                           const Job& job) {
  const auto found = entries_.find(name);
  const std::unique_ptr<Claiming> done = std::move(found->second.claiming);
  --claims_;
  stuck_.erase(name);
  if (end == ClaimEnd::kBack) {
    // It stands where it stood, perhaps: the listing says.
    found->second.candidate.StartOver(world_.clock.Mono());
    keeper_.WantListing();
  } else {
    if (end == ClaimEnd::kRecorded && kept) {
      kept_.Remember({kept->folder, kept->file_name, kept->sha256, job.id, kept->stat_key});
    }
    Forget(found);
    if (hints_.contains(name)) keeper_.WantListing();
  }
  if (end == ClaimEnd::kRecorded) {
    LogDecision(world_.log, job);
    others_.Claimed();
  }
  if (stopping_) {
    FinishStop();
  } else {
    Pump();
  }
  if (end == ClaimEnd::kRecorded) admitted_(job);
}

void Intake::Impl::Changed() {
  if (!stopping_ && changed_) changed_();
}

void Intake::Impl::Stop(std::function<void()> done) {
  stopping_ = true;
  stopped_ = std::move(done);
  kept_.Stop();
  ignored_.Stop();
  free_turn_.reset();
  waiting_timer_.reset();
  keeper_.Stop();
  orphans_.Stop();
  others_.Retire();
  timer_.reset();
  for (auto& [name, entry] : entries_) {
    entry.look.reset();
    if (entry.claiming && entry.claiming->Stop()) {
      entry.claiming.reset();
      --claims_;
    }
  }
  looks_ = 0;
  FinishStop();
}

void Intake::Impl::FinishStop() {
  if (claims_ > 0 || !stopped_ || stop_turn_) return;
  stop_turn_ = world_.timers.After(milliseconds(0), [this] {
    const HandlePtr fired = std::move(stop_turn_);
    const auto done = std::move(stopped_);
    done();
  });
}

const IntakeState& Intake::Impl::state() const {
  state_.open = keeper_.is_open();
  state_.state = load_trouble_.empty() ? keeper_.record().state : "degraded";
  state_.reason = load_trouble_.empty() ? keeper_.record().reason : load_trouble_;
  state_.scanned = scanned_ && !ignored_.saving();
  state_.crowded = !crowded_.empty();
  state_.settle = rules_.settle;
  int troubled = 0;
  for (const auto& [name, entry] : entries_) troubled += entry.claiming && !entry.claiming->trouble().empty() ? 1 : 0;
  const bool loading = !loaded_ && load_trouble_.empty();
  state_.busy = loading || keeper_.listing() || looks_ > 0 || claims_ > troubled || !ready_.empty();
  // Claims in trouble change their words by themselves.
  if (!pending_changed_ && claims_ == 0) return state_;
  pending_changed_ = claims_ > 0;
  state_.pending.clear();
  for (const auto& [name, entry] : entries_) {
    const bool in_trouble = entry.claiming && !entry.claiming->trouble().empty();
    state_.pending.push_back({name, in_trouble ? entry.claiming->trouble() : entry.reason, entry.first_seen,
                              entry.claiming != nullptr && !in_trouble});
  }
  std::sort(state_.pending.begin(), state_.pending.end(),
            [](const auto& a, const auto& b) { return a.file_name < b.file_name; });
  return state_;
}

Intake::Intake(IntakeWorld world, IntakeSettings settings, FolderRecord known, std::function<void(const Job&)> admitted)
    : impl_(std::make_unique<Impl>(world, std::move(settings), std::move(known), std::move(admitted))) {}

Intake::~Intake() = default;

bool Intake::is_open() const { return impl_->is_open(); }
const FolderRecord& Intake::record() const { return impl_->record(); }
bool Intake::on_share() const { return impl_->on_share(); }
std::vector<std::string> Intake::LeftClaims() const { return impl_->others().Left(); }
void Intake::TakeOver(const std::string& job, bool afresh, std::function<void(Result<std::string>)> done) {
  impl_->others().TakeOver(job, afresh, std::move(done));
}
void Intake::Start() { impl_->Start(); }
void Intake::Rescan() { impl_->Rescan(); }
void Intake::Accept(std::function<void(Status)> done) { impl_->Accept(std::move(done)); }
void Intake::Stop(std::function<void()> done) { impl_->Stop(std::move(done)); }
const IntakeState& Intake::state() const { return impl_->state(); }
void Intake::OnChange(std::function<void()> changed) { impl_->OnChange(std::move(changed)); }

}  // namespace tegodrop
