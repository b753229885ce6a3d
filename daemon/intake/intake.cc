#include "daemon/intake/intake.h"

#include <algorithm>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/base/units.h"
#include "daemon/intake/intake_impl.h"

namespace tegodrop {
namespace {

// Two at a time keep a disk and two cores busy, and leave the readers to other folders.
constexpr int kLooks = 2;
// So many rows may be on their way; looking ahead of a slow ledger gains nothing.
constexpr int kClaims = 4;
// Claims of files that cannot be moved are tried again beside the others; so many are a folder that cannot be used.
constexpr int kStuckClaims = 100;
constexpr milliseconds kSamplesApart{500};
constexpr milliseconds kWaitShown = std::chrono::minutes(1);

}  // namespace

Intake::Impl::Impl(IntakeWorld world, IntakeSettings settings, FolderRecord known,
                   std::function<void(const Job&)> admitted)
    : world_(world),
      settings_(std::move(settings)),
      admitted_(std::move(admitted)),
      kept_(world_, settings_.folder.name),
      orphans_(world_, settings_.folder.name),
      ignored_(world_, settings_.folder.name, settings_.folder.existing == Existing::kIgnore, known.first_seen == 0),
      others_(world_, settings_, admitted_),
      keeper_(world_, settings_.folder, std::move(known), KeeperOwner()) {}

FolderKeeper::Owner Intake::Impl::KeeperOwner() {
  FolderKeeper::Owner owner;
  owner.opened = [this] { FolderOpened(); };
  owner.lost = [this] {
    others_.Closed();
    Changed();
  };
  owner.hint = [this](const Hint& hint) { OnHint(hint); };
  owner.listed = [this](const Listing& listing, std::uint64_t number) { OnListed(listing, number); };
  owner.state_changed = [this] { Changed(); };
  return owner;
}

void Intake::Impl::Start() {
  if (world_.spool != nullptr) freed_ = world_.spool->OnFreed([this] { RoomSoon(); });
  const auto trouble = [this](const std::string& what) { LoadTrouble(what); };
  kept_.Load([this, trouble] { ignored_.Load([this] { Loaded(); }, trouble); }, trouble);
}

void Intake::Impl::Loaded() {
  loaded_ = true;
  load_trouble_.clear();
  ShowRemark();
  keeper_.Start();
}

void Intake::Impl::LoadTrouble(const std::string& trouble) {
  if (load_trouble_ == trouble) return;
  load_trouble_ = trouble;
  world_.log.Warning("folder.ledger", trouble, {{"folder", settings_.folder.name}});
  Changed();
}

void Intake::Impl::FolderOpened() {
  rules_ = RulesFor(keeper_.facts().fs, settings_.folder.settle, settings_.folder.refuse_after);
  hints_.clear();
  first_listing_ = keeper_.started() + 1;
  // What was seen before the folder was away proves nothing now.
  for (auto& [name, entry] : entries_) {
    if (entry.look) --looks_;
    entry.look.reset();
    entry.place.reset();
    entry.queued = entry.crowded = false;
    entry.candidate.StartOver(world_.clock.Mono());
  }
  ready_.clear();
  crowded_.clear();
  ShowCrowd();
  ShowRemark();
  if (keeper_.facts().spools && !keeper_.copies()) others_.Opened(keeper_.record().host_id);
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
  if (ignored_.wants_first()) IgnoreWhatIsThere(listing);
  std::unordered_map<std::string, std::vector<SidecarRef>> sidecars;
  std::set<std::string> artifacts;
  for (const ListedFile& file : listing.files) {
    if (file.kind == EntryKind::kArtifact) artifacts.insert(file.name);
  }
  std::vector<ListedFile> alone;
  for (const ListedFile& file : listing.files) {
    const auto kind = SidecarOf(file.name);
    if (file.kind != EntryKind::kSidecar || !kind || ignored_.Knows(file)) continue;
    const std::string artifact = file.name.substr(0, file.name.size() - Suffix(*kind).size());
    if (artifacts.contains(artifact)) {
      sidecars[artifact].push_back({std::string(BaseName(file.name)), file.stat});
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
  if (kept_.IsKnown(file.name, file.stat) || ignored_.Knows(file)) return;
  const MonoMs now = world_.clock.Mono();
  if (found == entries_.end()) {
    Entry entry{Candidate(rules_, file.stat, nomination, now, world_.clock.Wall()),
                world_.clock.Wall(),
                {},
                {},
                {},
                false,
                false,
                nullptr,
                nullptr,
                nullptr,
                number,
                number == first_listing_};
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
  if (entry->second.crowded) {
    std::erase(crowded_, entry->first);
    ShowCrowd();
    RoomSoon();
  }
  pending_changed_ = true;
  SetDue(entry->first, entry->second, std::nullopt);
  stuck_.erase(entry->first);
  if (unreadable_.erase(entry->first) > 0) ShowUnreadable();
  return entries_.erase(entry);
}

void Intake::Impl::Evaluate(const std::string& name, Entry& entry) {
  if (entry.look || entry.claiming || entry.queued || entry.crowded || stopping_ || !keeper_.is_open()) return;
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
  while (!stopping_ && keeper_.is_open() && looks_ < kLooks && MayClaim() && !ready_.empty()) {
    const std::string name = std::move(ready_.front());
    ready_.pop_front();
    const auto found = entries_.find(name);
    if (found == entries_.end() || !found->second.queued) continue;
    Entry& entry = found->second;
    entry.queued = false;
    if (hints_.contains(name)) {  // the next listing shows what became of it
      entry.place.reset();
      continue;
    }
    Candidate::Step step = entry.candidate.Next(world_.clock.Mono(), Unread(name, entry));
    if (step.look && !HasRoom(entry)) {
      WaitForRoom(name, entry);
    } else if (step.look) {
      Look(name, entry, std::move(step.request));
    } else {
      entry.place.reset();
      Evaluate(name, entry);
    }
  }
  keeper_.SetActive(!entries_.empty(), SampleEvery());
  PlanWaiting();
  ArmTimer();
}

// Three listings over `settle` admit a file, so that it is admitted one interval after it is whole, and `settle`.
std::optional<milliseconds> Intake::Impl::SampleEvery() const {
  const bool wanted = !rules_.local && std::any_of(entries_.begin(), entries_.end(), [](const auto& one) {
    return !one.second.claiming && one.second.candidate.WantsSamples();
  });
  if (!wanted) return std::nullopt;
  return std::max<milliseconds>(rules_.settle / 2, kSamplesApart);
}

bool Intake::Impl::MayClaim() const {
  const int stuck = static_cast<int>(stuck_.size());
  return claims_ - stuck < kClaims && stuck < kStuckClaims;
}

// One that is larger than the whole spool waits for nothing: it is looked at and refused.
bool Intake::Impl::HasRoom(const Entry& entry) const {
  if (!keeper_.spools() || world_.spool == nullptr) return true;
  const std::uint64_t size = entry.candidate.stat().size;
  return entry.place != nullptr || size > world_.spool->limit() || (crowded_.empty() && world_.spool->Fits(size));
}

void Intake::Impl::WaitForRoom(const std::string& name, Entry& entry) {
  entry.crowded = true;
  crowded_.push_back(name);
  const Spool& spool = *world_.spool;
  entry.reason = "room in the spool, which holds " + HumanSize(spool.used()) + " of " + HumanSize(spool.limit()) +
                 " (limits.spool): the file has " + HumanSize(entry.candidate.stat().size) +
                 " and is taken when earlier ones are delivered";
  pending_changed_ = true;
  if (entry.logged_reasons.insert("room in the spool").second) {
    world_.log.Warning("artifact.waiting", "waits for " + entry.reason,
                       {{"folder", settings_.folder.name}, {"file", name}});
  }
  ShowCrowd();
}

void Intake::Impl::RoomSoon() {
  if (crowded_.empty() || free_turn_ || stopping_) return;
  free_turn_ = world_.timers.After(milliseconds(0), [this] {
    const HandlePtr fired = std::move(free_turn_);
    RoomIsFree();
  });
}

// First come, first served: a large one is not overtaken by small ones for ever.
void Intake::Impl::RoomIsFree() {
  std::deque<std::string> first;
  while (!crowded_.empty()) {
    Entry& entry = entries_.at(crowded_.front());
    const std::uint64_t size = entry.candidate.stat().size;
    if (!world_.spool->Fits(size)) break;
    entry.place = std::make_unique<Spool::Place>(*world_.spool, size);
    entry.crowded = false;
    entry.queued = true;
    first.push_back(std::move(crowded_.front()));
    crowded_.pop_front();
  }
  // Before those that came later.
  ready_.insert(ready_.begin(), first.begin(), first.end());
  ShowCrowd();
  Pump();
}

void Intake::Impl::ShowCrowd() {
  if (crowded_.empty()) return keeper_.SetCrowded("");
  const std::string& first = crowded_.front();
  keeper_.SetCrowded(Printable(first) + " waits for " + entries_.at(first).reason);
}

void Intake::Impl::ShowUnreadable() {
  if (unreadable_.empty()) return keeper_.SetUnreadable("");
  const auto& [name, what] = *unreadable_.begin();
  const std::size_t others = unreadable_.size() - 1;
  const std::string more = others == 0   ? ""
                           : others == 1 ? "; so is 1 other file"
                                         : "; so are " + std::to_string(others) + " other files";
  keeper_.SetUnreadable(Printable(name) + what + more);
}

// What lies there when the folder is first seen. Only once the ledger knows it, it counts as seen.
void Intake::Impl::IgnoreWhatIsThere(const Listing& listing) {
  ignored_.Take(listing.files, keeper_.facts().fs.local, [this] {
    load_trouble_.clear();
    keeper_.MarkSeen();
  });
  world_.log.Info("folder.ignored", "what lay in the drop folder when it was first seen is left alone",
                  {{"folder", settings_.folder.name}, {"files", static_cast<std::uint64_t>(ignored_.size())}});
  ShowRemark();
}

// What is to be known of a folder in which nothing is wrong.
void Intake::Impl::ShowRemark() {
  std::vector<std::string> remarks;
  if (const std::size_t count = ignored_.size(); count > 0) {
    remarks.push_back(
        std::to_string(count) +
        (count == 1 ? " file that was there first is left alone" : " files that were there first are left alone") +
        " (existing: ignore)");
  }
  if (keeper_.is_open() && keeper_.copies() && settings_.folder.after != After::kKeep) {
    remarks.emplace_back(
        "it may not be written to, so files are copied and stay where they are; if that is not meant: give the "
        "service's user the right to write");
  }
  if (!waiting_.empty()) remarks.push_back(waiting_);
  std::string all;
  for (const std::string& one : remarks) all += (all.empty() ? "" : "; ") + one;
  keeper_.SetRemark(all);
}

// A file that stands there for a minute and is not taken is somebody's half copy, or has something that a person should
// know. Counted once a minute: there may be tens of thousands.
void Intake::Impl::ShowWaiting() {
  const WallMs before = world_.clock.Wall() - kWaitShown.count();
  const std::pair<const std::string, Entry>* first = nullptr;
  std::size_t count = 0;
  for (const auto& one : entries_) {
    const Entry& entry = one.second;
    if (entry.claiming || entry.crowded || entry.first_seen > before || unreadable_.contains(one.first)) continue;
    ++count;
    const auto key = [](const auto& of) { return std::pair(of.second.first_seen, std::string_view(of.first)); };
    if (first == nullptr || key(one) < key(*first)) first = &one;
  }
  waiting_.clear();
  if (first != nullptr) {
    waiting_ = Printable(first->first) + " has waited since " + LocalTimeOfDay(first->second.first_seen) + ": " +
               first->second.reason;
    if (count > 1)
      waiting_ += count == 2 ? ", and 1 other file waits" : ", and " + std::to_string(count - 1) + " other files wait";
  }
  ShowRemark();
  PlanWaiting();
}

void Intake::Impl::PlanWaiting() {
  if (stopping_ || waiting_timer_ || (entries_.empty() && waiting_.empty())) return;
  waiting_timer_ = world_.timers.After(kWaitShown, [this] {
    const HandlePtr fired = std::move(waiting_timer_);
    ShowWaiting();
  });
}

bool Intake::Impl::Unread(const std::string& name, const Entry& entry) const {
  return RefusedUnread(name, entry.candidate.stat().size);
}

void Intake::Impl::Look(const std::string& name, Entry& entry, InspectRequest request) {
  ++looks_;
  request.subfolder = SubfolderOf(name);
  request.name = BaseName(name);
  request.kind = KindOfName(name).value_or(ArtifactKind::kApk);
  if (keeper_.spools() && world_.spool != nullptr) {
    entry.place = std::make_unique<Spool::Place>(*world_.spool, entry.candidate.stat().size);
  }
  const MonoMs begun = world_.clock.Mono();
  entry.look = world_.folder.Inspect(
      std::move(request), [this, name, begun](const Inspection& inspection) { Looked(name, begun, inspection); });
}

}  // namespace tegodrop
