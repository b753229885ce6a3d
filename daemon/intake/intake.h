// The way in, for one drop folder: hint or scan -> candidate -> settled -> validated -> claimed -> job.
//
// Events and listings only nominate; quiet time on the monotonic clock, the lease probe and the ZIP itself admit. One
// gate for every way in. What is refused is claimed too and becomes a job that has failed, so that the reason stands
// beside the file and in `status`.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/settings.h"
#include "daemon/base/clock.h"
#include "daemon/intake/world.h"
#include "daemon/ledger/ledger.h"
#include "daemon/model/job.h"

namespace tegodrop {

struct IntakeSettings {
  FolderSettings folder;
  std::string portal_url;
  std::string tenant;
  std::string host;  // the owner written into new rows
};

// What the folder is right now, for `status`, `--once` and whoever asks whether its jobs can be worked on.
struct IntakeState {
  bool open = false;         // opened and trusted: its claimed files can be reached
  std::string state = "ok";  // "ok" | "degraded" | "missing"
  std::string reason;        // one sentence, empty with ok
  bool scanned = false;      // at least one listing was worked through since the start
  // A listing, a look or a claim is under way or about to be, and not in trouble. Without it no candidate can be
  // admitted before something happens to it or time passes.
  bool busy = false;
  bool crowded = false;                 // a candidate waits for room in the spool, which the end of a job gives
  std::chrono::milliseconds settle{0};  // how long a file must be quiet here; 0 before the folder was open once
  struct Pending {
    std::string file_name;
    std::string reason;  // what it waits for: "2 s of quiet", "somebody still has it open for writing", "not (yet) a
                         // whole ZIP: …"
    WallMs since = 0;
    bool claiming = false;  // its claim is under way, and not in trouble
  };
  std::vector<Pending> pending;  // candidates that are there and not admitted yet
};

class Intake {
 public:
  // `known`: what the ledger remembers of the folder, or a fresh record with its name and path. `admitted` is called
  // from the loop with each new job once its row says claimed, or failed for what was refused. It may not destroy the
  // Intake.
  Intake(IntakeWorld world, IntakeSettings settings, FolderRecord known, std::function<void(const Job&)> admitted);
  ~Intake();
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  // Opens the folder and goes on by itself from then on: a folder that is missing is tried again (5 s, then up to 60
  // s).
  void Start();
  // The folder that stands at the path now is the right one, whatever it was before ('check --accept'). `done` runs
  // from the loop: an error where it cannot be opened either. One call at a time, and only while the folder is not
  // open.
  void Accept(std::function<void(Status)> done);
  // Lists now, as on an event.
  void Rescan();
  // Nothing new is inspected or claimed any more; a claim in progress is carried to its row, then `done` runs (from the
  // loop, never inside the call). A claim that waits for its next try is left to its row, which says claiming.
  void Stop(std::function<void()> done);
  // Valid until the next call.
  const IntakeState& state() const;
  // What the ledger remembers of the folder, or was asked to.
  const FolderRecord& record() const;
  // state().open alone, at no cost.
  bool is_open() const;
  // On a share, as it was opened last.
  bool on_share() const;
  // The jobs of what other hosts on the share have claimed and seem to have left (see `status`).
  std::vector<std::string> LeftClaims() const;
  // Makes one of these ours, whatever its host may still think; `afresh`: without asking the portal's history, and also
  // where it may have been delivered. `done` runs from the loop, with what becomes of it in words; kRejected where it
  // means nothing, and why. Another one at a time is kRetry.
  void TakeOver(const std::string& job, bool afresh, std::function<void(Result<std::string>)> done);
  // `changed` runs on the loop whenever `open`, `state` or `reason` has changed. It may not destroy the Intake.
  void OnChange(std::function<void()> changed);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tegodrop
