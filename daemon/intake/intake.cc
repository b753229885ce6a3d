#include "daemon/intake/intake.h"

#include <algorithm>
#include <deque>
#include <set>
#include <unordered_map>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/intake/admission.h"
#include "daemon/intake/candidate.h"
#include "daemon/intake/claim_plan.h"
#include "daemon/intake/claiming.h"
#include "daemon/intake/folder_keeper.h"
#include "daemon/intake/kept.h"
#include "daemon/intake/orphans.h"

namespace tegodrop {
namespace {

// Two at a time keep a disk and two cores busy, and leave the readers to other folders.
constexpr int kLooks = 2;
// So many rows may be on their way; looking ahead of a slow ledger gains nothing.
constexpr int kClaims = 4;

}  // namespace

// A candidate is either waiting (in due_ where time moves it), queued for a look (in ready_), being looked at, or being
// claimed. Listings and events move it back to waiting; a claim is carried to its end.
class Intake::Impl {
 public:
  Impl(IntakeWorld world, IntakeSettings settings, FolderRecord known, std::function<void(const Job&)> admitted);

  void Start();
  void Rescan() { keeper_.WantListing(); }
  void Accept(std::function<void(Status)> done) { keeper_.Accept(std::move(done)); }
  void Stop(std::function<void()> done);
  const IntakeState& state() const;
  bool is_open() const { return keeper_.is_open(); }
  void OnChange(std::function<void()> changed) { changed_ = std::move(changed); }

 private:
  struct Entry {
    Candidate candidate;
    WallMs first_seen = 0;
    std::string reason;                    // what it waits for
    std::set<std::string> logged_reasons;  // those in the log
    std::optional<MonoMs> due;
    bool queued = false;
    HandlePtr look;
    std::unique_ptr<Claiming> claiming;
    std::uint64_t listed = 0;  // the last listing that showed it
  };
  // An event that came when so many listings had begun: a later one shows what it was about.
  struct Hinted {
    Nomination nomination = Nomination::kScanned;
    std::uint64_t listings = 0;
  };
  using Entries = std::unordered_map<std::string, Entry>;

  FolderKeeper::Owner KeeperOwner();
  void FolderOpened();
  void OnHint(const Hint& hint);
  void OnListed(const Listing& listing, std::uint64_t number);
  void SeeArtifact(const ListedFile& file, std::vector<SidecarRef> sidecars, std::uint64_t number);
  Nomination TakeHint(const std::string& name, std::uint64_t number);
  void DropUnlisted(std::uint64_t number);

  void Evaluate(const std::string& name, Entry& entry);
  void SetDue(const std::string& name, Entry& entry, std::optional<MonoMs> due);
  void ArmTimer();
  void OnTimer();
  void Pump();
  bool Unread(const std::string& name, const Entry& entry) const;
  void Look(const std::string& name, Entry& entry, InspectRequest request);
  void Looked(const std::string& name, MonoMs begun, const Inspection& inspection);
  void Decide(const std::string& name, Entry& entry, Weighed weighed, const Inspection& inspection,
              std::optional<Failure> failure);
  void Claimed(const std::string& name, const std::optional<KeptArtifact>& kept, ClaimEnd end, const Job& job);
  Entries::iterator Forget(Entries::iterator entry);
  void Changed();
  void FinishStop();

  IntakeWorld world_;
  const IntakeSettings settings_;
  const std::function<void(const Job&)> admitted_;
  std::function<void()> changed_;
  CandidateRules rules_;
  Kept kept_;
  Orphans orphans_;
  Entries entries_;
  std::unordered_map<std::string, Hinted> hints_;
  std::set<std::pair<MonoMs, std::string>> due_;
  std::deque<std::string> ready_;  // first come, first served: none starves
  int looks_ = 0;
  int claims_ = 0;
  bool scanned_ = false;
  bool loaded_ = false;
  std::string load_trouble_;
  bool stopping_ = false;
  std::function<void()> stopped_;
  HandlePtr stop_turn_;
  HandlePtr timer_;
  std::optional<MonoMs> timer_due_;
  mutable IntakeState state_;
  mutable bool pending_changed_ = true;
  FolderKeeper keeper_;
};

Intake::Impl::Impl(IntakeWorld world, IntakeSettings settings, FolderRecord known,
                   std::function<void(const Job&)> admitted)
    : world_(world),
      settings_(std::move(settings)),
      admitted_(std::move(admitted)),
      kept_(world_, settings_.folder.name),
      orphans_(world_, settings_.folder.name),
      keeper_(world_, settings_.folder, std::move(known), KeeperOwner()) {}

FolderKeeper::Owner Intake::Impl::KeeperOwner() {
  FolderKeeper::Owner owner;
  owner.opened = [this] { FolderOpened(); };
  owner.lost = [this] { Changed(); };
  owner.hint = [this](const Hint& hint) { OnHint(hint); };
  owner.listed = [this](const Listing& listing, std::uint64_t number) { OnListed(listing, number); };
  owner.state_changed = [this] { Changed(); };
  return owner;
}

void Intake::Impl::Start() {
  kept_.Load(
      [this] {
        loaded_ = true;
        load_trouble_.clear();
        keeper_.Start();
      },
      [this](const std::string& trouble) {
        if (load_trouble_ == trouble) return;
        load_trouble_ = trouble;
        world_.log.Warning("folder.ledger", trouble, {{"folder", settings_.folder.name}});
        Changed();
      });
}

void Intake::Impl::FolderOpened() {
  rules_ = RulesFor(keeper_.facts().fs.local, settings_.folder.settle, settings_.folder.refuse_after);
  hints_.clear();
  // What was seen before the folder was away proves nothing now.
  for (auto& [name, entry] : entries_) {
    if (entry.look) --looks_;
    entry.look.reset();
    entry.queued = false;
    entry.candidate.StartOver(world_.clock.Mono());
  }
  ready_.clear();
  Changed();
}

void Intake::Impl::OnHint(const Hint& hint) {
  const auto kind = SidecarOf(hint.name);
  const std::string artifact = kind ? hint.name.substr(0, hint.name.size() - Suffix(*kind).size()) : hint.name;
  const auto entry = entries_.find(artifact);
  const bool waiting = entry != entries_.end() && !entry->second.claiming;
  if (hint.nomination == Nomination::kScanned) {
    // Gone, or its attributes changed: of no interest unless it was. Our own claims raise these too.
    if (waiting || orphans_.Knows(hint.name)) keeper_.WantListing();
    return;
  }
  if (!kind) hints_[hint.name] = {hint.nomination, keeper_.started()};
  keeper_.WantListing();
}

Nomination Intake::Impl::TakeHint(const std::string& name, std::uint64_t number) {
  const auto hint = hints_.find(name);
  if (hint == hints_.end() || hint->second.listings >= number) return Nomination::kScanned;
  const Nomination nomination = hint->second.nomination;
  hints_.erase(hint);
  return nomination;
}

void Intake::Impl::OnListed(const Listing& listing, std::uint64_t number) {
  scanned_ = true;
  std::unordered_map<std::string, std::vector<SidecarRef>> sidecars;
  std::set<std::string> artifacts;
  for (const ListedFile& file : listing.files) {
    if (file.kind == EntryKind::kArtifact) artifacts.insert(file.name);
  }
  std::vector<ListedFile> alone;
  for (const ListedFile& file : listing.files) {
    const auto kind = SidecarOf(file.name);
    if (file.kind != EntryKind::kSidecar || !kind) continue;
    const std::string artifact = file.name.substr(0, file.name.size() - Suffix(*kind).size());
    if (artifacts.contains(artifact)) {
      sidecars[artifact].push_back({file.name, file.stat});
    } else if (!entries_.contains(artifact) || !entries_.at(artifact).claiming) {
      alone.push_back(file);
    }
  }
  for (const ListedFile& file : listing.files) {
    if (file.kind == EntryKind::kArtifact) SeeArtifact(file, std::move(sidecars[file.name]), number);
  }
  DropUnlisted(number);
  // A folder that may not be changed keeps its sidecars.
  orphans_.See(keeper_.copies() ? std::vector<ListedFile>() : alone);
  Pump();
}

void Intake::Impl::SeeArtifact(const ListedFile& file, std::vector<SidecarRef> sidecars, std::uint64_t number) {
  auto found = entries_.find(file.name);
  // Another file of the same name is looked at once this one has its row.
  if (found != entries_.end() && found->second.claiming) return;
  const Nomination nomination = TakeHint(file.name, number);
  if (kept_.IsKnown(file.name, file.stat)) return;
  const MonoMs now = world_.clock.Mono();
  if (found == entries_.end()) {
    Entry entry{Candidate(rules_, file.stat, nomination, now, world_.clock.Wall()),
                world_.clock.Wall(),
                {},
                {},
                {},
                false,
                nullptr,
                nullptr,
                number};
    found = entries_.emplace(file.name, std::move(entry)).first;
    world_.log.Debug("artifact.seen", "a file is there",
                     {{"folder", settings_.folder.name}, {"file", file.name}, {"size", file.stat.size}});
  } else {
    found->second.candidate.See(file.stat, now);
    found->second.candidate.Nominate(nomination, now);
  }
  Entry& entry = found->second;
  entry.listed = number;
  entry.candidate.SeeSidecars(std::move(sidecars), now);
  Evaluate(file.name, entry);
}

void Intake::Impl::DropUnlisted(std::uint64_t number) {
  for (auto it = entries_.begin(); it != entries_.end();) {
    it = it->second.listed == number || it->second.claiming ? std::next(it) : Forget(it);
  }
  // Those of names that are being claimed are about their successors.
  std::erase_if(hints_, [&](const auto& hint) {
    const auto entry = entries_.find(hint.first);
    return hint.second.listings < number && (entry == entries_.end() || !entry->second.claiming);
  });
}

Intake::Impl::Entries::iterator Intake::Impl::Forget(Entries::iterator entry) {
  if (entry->second.look) --looks_;
  pending_changed_ = true;
  SetDue(entry->first, entry->second, std::nullopt);
  return entries_.erase(entry);
}

void Intake::Impl::Evaluate(const std::string& name, Entry& entry) {
  if (entry.look || entry.claiming || entry.queued || stopping_ || !keeper_.is_open()) return;
  const Candidate::Step step = entry.candidate.Next(world_.clock.Mono(), Unread(name, entry));
  entry.reason = step.reason;
  pending_changed_ = true;
  SetDue(name, entry, step.look ? std::nullopt : step.at);
  if (step.look) {
    entry.queued = true;
    ready_.push_back(name);
    return;
  }
  if (!entry.logged_reasons.insert(entry.reason).second) return;
  world_.log.Info("artifact.waiting", "waits for " + entry.reason, {{"folder", settings_.folder.name}, {"file", name}});
}

void Intake::Impl::SetDue(const std::string& name, Entry& entry, std::optional<MonoMs> due) {
  if (entry.due == due) return;
  if (entry.due) due_.erase({*entry.due, name});
  entry.due = due;
  if (entry.due) due_.emplace(*entry.due, name);
}

// One timer for the earliest of all, and none where nothing waits for time.
void Intake::Impl::ArmTimer() {
  std::optional<MonoMs> next = orphans_.NextDue();
  if (next && *next <= world_.clock.Mono()) {
    // The listing decides: an artifact may have come meanwhile.
    keeper_.WantListing();
    next.reset();
  }
  if (!due_.empty()) next = next ? std::min(*next, due_.begin()->first) : due_.begin()->first;
  if (stopping_ || !keeper_.is_open()) next.reset();
  if (next == timer_due_) return;
  timer_due_ = next;
  timer_.reset();
  if (!next) return;
  const MonoMs delay = std::max<MonoMs>(0, *next - world_.clock.Mono());
  timer_ = world_.timers.After(milliseconds(delay), [this] {
    const HandlePtr fired = std::move(timer_);
    timer_due_.reset();
    OnTimer();
  });
}

void Intake::Impl::OnTimer() {
  const MonoMs now = world_.clock.Mono();
  while (!due_.empty() && due_.begin()->first <= now) {
    const std::string name = due_.begin()->second;
    Entry& entry = entries_.at(name);
    SetDue(name, entry, std::nullopt);
    Evaluate(name, entry);
  }
  Pump();
}

void Intake::Impl::Pump() {
  while (!stopping_ && keeper_.is_open() && looks_ < kLooks && claims_ < kClaims && !ready_.empty()) {
    const std::string name = std::move(ready_.front());
    ready_.pop_front();
    const auto found = entries_.find(name);
    if (found == entries_.end() || !found->second.queued) continue;
    Entry& entry = found->second;
    entry.queued = false;
    if (hints_.contains(name)) continue;  // the next listing shows what became of it
    Candidate::Step step = entry.candidate.Next(world_.clock.Mono(), Unread(name, entry));
    if (step.look) {
      Look(name, entry, std::move(step.request));
    } else {
      Evaluate(name, entry);
    }
  }
  keeper_.SetActive(!entries_.empty());
  ArmTimer();
}

bool Intake::Impl::Unread(const std::string& name, const Entry& entry) const {
  return RefusedUnread(name, entry.candidate.stat().size);
}

void Intake::Impl::Look(const std::string& name, Entry& entry, InspectRequest request) {
  ++looks_;
  request.name = name;
  request.kind = KindOfName(name).value_or(ArtifactKind::kApk);
  const MonoMs begun = world_.clock.Mono();
  entry.look = world_.folder.Inspect(
      std::move(request), [this, name, begun](const Inspection& inspection) { Looked(name, begun, inspection); });
}

void Intake::Impl::Looked(const std::string& name, MonoMs begun, const Inspection& inspection) {
  Entry& entry = entries_.at(name);  // forgetting it cancels the look
  const HandlePtr done = std::move(entry.look);
  --looks_;
  if (stopping_) return;
  if (!keeper_.is_open()) return Pump();
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
  if (keeper_.copies() && kept_.IsKnown(name, weighed.artifact.sha256)) {
    kept_.Touched(name, weighed.artifact.sha256, entry.candidate.stat());
    world_.log.Info("artifact.known",
                    "the same bytes under the same name were taken before; to have them built again, drop them under "
                    "another name",
                    {{"folder", settings_.folder.name}, {"file", name}});
    Forget(entries_.find(name));
    return;
  }
  ClaimPlan plan = MakeClaimPlan(
      settings_,
      {NewId(world_.clock.Wall(), world_.random), entry.first_seen, entry.candidate.stat(), keeper_.copies()},
      std::move(weighed), inspection, std::move(failure));
  const std::optional<KeptArtifact> kept = plan.kept;
  SetDue(name, entry, std::nullopt);
  ++claims_;
  pending_changed_ = true;
  entry.reason = "being claimed";
  entry.claiming = std::make_unique<Claiming>(
      world_, std::move(plan), [this, name, kept](ClaimEnd end, const Job& job) { Claimed(name, kept, end, job); });
  entry.claiming->Start();
}

void Intake::Impl::Claimed(const std::string& name, const std::optional<KeptArtifact>& kept, ClaimEnd end,
                           const Job& job) {
  const auto found = entries_.find(name);
  const std::unique_ptr<Claiming> done = std::move(found->second.claiming);
  --claims_;
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
  if (end == ClaimEnd::kRecorded) LogDecision(world_.log, job);
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
  keeper_.Stop();
  orphans_.Stop();
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
  state_.scanned = scanned_;
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
void Intake::Start() { impl_->Start(); }
void Intake::Rescan() { impl_->Rescan(); }
void Intake::Accept(std::function<void(Status)> done) { impl_->Accept(std::move(done)); }
void Intake::Stop(std::function<void()> done) { impl_->Stop(std::move(done)); }
const IntakeState& Intake::state() const { return impl_->state(); }
void Intake::OnChange(std::function<void()> changed) { impl_->OnChange(std::move(changed)); }

}  // namespace tegodrop
