// One file in a drop folder that may become a job: what is known of it, and what it waits for. Pure: evidence and
// monotonic time in, the next step out.
//
//   event or listing -> quiet for long enough (which depends on how it came, and where) -> a look inside -> admitted,
//   refused, or waited for
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/share/drop_folder.h"

namespace tegodrop {

using std::chrono::milliseconds;

struct CandidateRules {
  bool local = true;  // events, clock and lease probe can be trusted
  milliseconds settle{2000};
  milliseconds refuse_after{std::chrono::hours(1)};
};

// The rules for a folder; `settle`: as configured, nullopt is auto: 2 s on a local disk, else at least 30 s and twice
// its attribute cache.
CandidateRules RulesFor(const FsType& fs, std::optional<milliseconds> settle, milliseconds refuse_after);

class Candidate {
 public:
  struct Step {
    // When to ask again; nullopt: only when something happens to it.
    std::optional<MonoMs> at;
    bool look = false;  // look inside now, by `request` (its name and kind are the caller's)
    InspectRequest request;
    std::string reason;  // what it waits for, for people
  };
  enum class Verdict : std::uint8_t {
    kGoOn,     // ask Next
    kListNow,  // it is not what was listed any more
    kAdmit,
    kRefuse,
  };
  // What was seen inside, weighed by whoever knows the folder's rules.
  struct Look {
    Inspection::Outcome outcome = Inspection::Outcome::kUnreadable;
    std::string reason;
    bool writers_known = false;
    bool proven = false;   // its SHA-256 is the one that a sidecar names
    bool refused = false;  // content or sidecars are a reason to refuse it
  };

  Candidate(CandidateRules rules, const FileStat& stat, Nomination nomination, MonoMs now, WallMs wall);

  // An event about it since the last listing.
  void Nominate(Nomination nomination, MonoMs now);
  // What a listing shows now.
  void See(const FileStat& stat, MonoMs now);
  // The sidecars beside it, as that listing shows them.
  void SeeSidecars(std::vector<SidecarRef> sidecars, MonoMs now);
  // Nothing that was seen counts any more: the folder was away.
  void StartOver(MonoMs now);

  // It waits to be seen unchanged by further listings, and by nothing else.
  bool WantsSamples() const { return !SampledEnough() && !found_; }

  // `unread`: refused by its name or size, so that only its writers matter.
  Step Next(MonoMs now, bool unread) const;
  // The answer to a look that was begun at `begun`.
  Verdict Judge(const Look& look, MonoMs begun, MonoMs now);

  const FileStat& stat() const { return stat_; }
  Nomination nomination() const { return nomination_; }

 private:
  // What the last look at the unchanged file found, where it decided nothing.
  struct Found {
    Inspection::Outcome outcome = Inspection::Outcome::kWhole;
    std::string reason;
    bool writers_known = false;
  };

  bool HasSum() const;
  // How much quiet admits it.
  milliseconds Needed() const;
  bool SampledEnough() const;
  MonoMs GateAt() const;
  bool GateOpen(MonoMs when) const;
  // Quiet enough to refuse it, its sidecars too.
  MonoMs SettledAt() const;
  bool Settled(MonoMs when) const;
  // Forgets what was found, and counts the quiet time from now.
  void Restart(MonoMs now);
  Step LookNow(bool early, bool unread) const;
  Step WaitUntil(MonoMs at, std::string reason) const;
  Step AfterLook(MonoMs now, bool unread) const;
  Verdict JudgeWhole(const Look& look, MonoMs begun);
  Verdict JudgeIncomplete(const Look& look, MonoMs begun);
  Verdict JudgeUnreadable(const Look& look, MonoMs now);
  Verdict JudgeNoRoom(const Look& look, MonoMs now);

  CandidateRules rules_;
  FileStat stat_;
  std::vector<SidecarRef> sidecars_;
  Nomination nomination_ = Nomination::kScanned;
  MonoMs since_ = 0;       // since when it is seen unchanged
  milliseconds age_{0};    // how long it had been unchanged by then, by this kernel's own clock
  MonoMs sidecars_since_;  // the same for its sidecars
  MonoMs last_seen_ = 0;
  int samples_ = 1;
  bool moved_in_ = false;        // renamed in on a local disk, and never seen changing or being written
  bool cannot_tell_ = false;     // the lease cannot be asked
  bool changed_before_ = false;  // seen with other content before
  bool looked_early_ = false;
  MonoMs not_before_ = 0;  // no look before
  std::string busy_;       // who held up the last look, for people
  std::optional<MonoMs> unreadable_since_;
  std::optional<Found> found_;
};

}  // namespace tegodrop
