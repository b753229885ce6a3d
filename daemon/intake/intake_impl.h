// The inside of Intake: what intake.cc (listings and waiting) and intake_claims.cc (verdicts, claims and the end)
// share.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/intake/admission.h"
#include "daemon/intake/candidate.h"
#include "daemon/intake/claim_watch.h"
#include "daemon/intake/claiming.h"
#include "daemon/intake/folder_keeper.h"
#include "daemon/intake/ignored.h"
#include "daemon/intake/intake.h"
#include "daemon/intake/kept.h"
#include "daemon/intake/orphans.h"
#include "daemon/intake/spool.h"

namespace tegodrop {

// A candidate is either waiting (in due_ where time moves it), queued for a look (in ready_), waiting for room in the
// spool before its look (in crowded_), being looked at, or being claimed. Listings and events move it back to waiting;
// a claim is carried to its end.
class Intake::Impl {
 public:
  Impl(IntakeWorld world, IntakeSettings settings, FolderRecord known, std::function<void(const Job&)> admitted);

  void Start();
  void Rescan() { keeper_.WantListing(); }
  void Accept(std::function<void(Status)> done) { keeper_.Accept(std::move(done)); }
  void Stop(std::function<void()> done);
  const IntakeState& state() const;
  bool is_open() const { return keeper_.is_open(); }
  const FolderRecord& record() const { return keeper_.record(); }
  void OnChange(std::function<void()> changed) { changed_ = std::move(changed); }
  bool on_share() const { return keeper_.facts().spools; }
  ClaimWatch& others() { return others_; }

 private:
  struct Entry {
    Candidate candidate;
    WallMs first_seen = 0;
    std::string reason;                    // what it waits for
    std::set<std::string> logged_reasons;  // those in the log
    std::optional<MonoMs> due;
    bool queued = false;
    bool crowded = false;
    HandlePtr look;
    std::unique_ptr<Spool::Place> place;  // in the spool, from when there was room until it is looked at
    std::unique_ptr<Claiming> claiming;
    std::uint64_t listed = 0;  // the last listing that showed it
    bool lay_there = false;    // when the folder was opened
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
  bool MayClaim() const;
  std::optional<milliseconds> SampleEvery() const;
  bool HasRoom(const Entry& entry) const;
  void WaitForRoom(const std::string& name, Entry& entry);
  void RoomSoon();
  void RoomIsFree();
  void ShowCrowd();
  void ShowUnreadable();
  void Stuck(const std::string& name, const std::string& trouble);
  void IgnoreWhatIsThere(const Listing& listing);
  void ShowRemark();
  void ShowWaiting();
  void PlanWaiting();
  void Loaded();
  void LoadTrouble(const std::string& trouble);
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
  Ignored ignored_;
  ClaimWatch others_;
  Entries entries_;
  std::unordered_map<std::string, Hinted> hints_;
  std::set<std::pair<MonoMs, std::string>> due_;
  std::deque<std::string> ready_;                  // first come, first served: none starves
  std::deque<std::string> crowded_;                // the longest waiting first
  std::map<std::string, std::string> unreadable_;  // what was wrong with the last look or claim, by name
  std::set<std::string> stuck_;                    // names of files that cannot be claimed, and are tried again
  std::string waiting_;                            // which file has waited for a while, and for what
  HandlePtr waiting_timer_;
  HandlePtr freed_;
  HandlePtr free_turn_;
  std::uint64_t first_listing_ = 0;  // since the folder was opened
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

}  // namespace tegodrop
