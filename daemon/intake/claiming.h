// One candidate on its way from verdict to row: the intent is recorded, the artifact taken, the outcome recorded. A
// step that fails is tried again (1 s, then up to 60 s) under the same job's id, so that nothing is lost or doubled.
//
//   moved    Insert(claiming) -> Claim -> Save(claimed | failed)
//   copied   Insert(claiming) -> Claim -> SaveKept -> Save(claimed)
//   refused where nothing is changed: Insert(claiming) -> Save(failed) and at once SaveKept
//   gone or changed before the claim: Remove
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/intake/world.h"
#include "daemon/loop/handle.h"
#include "daemon/model/job.h"

namespace tegodrop {

struct ClaimPlan {
  Job job;               // as it will be, in state claiming
  ClaimRequest request;  // of this job
  // Set: the artifact is refused; it is claimed all the same, unless nothing in the folder may change.
  std::optional<Failure> failure;
  std::optional<KeptArtifact> kept;  // set where the source stays: the folder is not changed
};

enum class ClaimEnd : std::uint8_t {
  kRecorded,  // the row says claimed, or failed for what is refused
  kBack,      // it is gone or has changed; there is no row of it any more
  kDropped,   // stopped between two tries, or the row belongs to somebody else by now
};

class Claiming {
 public:
  // `done` runs once, from the loop, and may destroy this. `stuck`: the file cannot be taken at the moment, and why;
  // and with no text once it could. It may come again and again, and not before Start has returned.
  Claiming(IntakeWorld& world, ClaimPlan plan, std::function<void(const std::string& trouble)> stuck,
           std::function<void(ClaimEnd, const Job&)> done);
  Claiming(const Claiming&) = delete;
  Claiming& operator=(const Claiming&) = delete;

  void Start();
  // No further try; what is under way goes on to its row. True where nothing is under way: it may be destroyed, and
  // `done` will not run.
  bool Stop();
  // The last trouble, for people; empty: none.
  const std::string& trouble() const { return trouble_; }

 private:
  void Insert();
  void Claim();
  void Claimed(ClaimOutcome outcome);
  void Keep();
  void Record();
  void Remove();
  void Again(const Error& error, void (Claiming::*step)());
  void End(ClaimEnd end);
  // Ledger's answers cannot be cancelled: they reach us only while we live.
  std::function<void(Status)> WhileAlive(void (Claiming::*next)(Status));
  void Inserted(Status status);
  void Kept(Status status);
  void Recorded(Status status);
  void Removed(Status status);

  IntakeWorld& world_;
  ClaimPlan plan_;
  const std::function<void(const std::string&)> stuck_;
  std::function<void(ClaimEnd, const Job&)> done_;
  Job recorded_;  // the row as it is about to be
  HandlePtr work_;
  HandlePtr timer_;
  std::string trouble_;
  int tries_ = 0;
  bool stopping_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tegodrop
