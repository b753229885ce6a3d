// The one loop that carries jobs through the rooms. It decides, the rooms act, the ledger remembers.
//
//   1. each job that is due and idle goes to the room of its state, as far as the limits allow (queue.h, build_slots.h)
//   2. what the room recorded stands in the row; its error becomes a wait or a failure (reaction.h)
//   3. jobs that await their builds are looked for together, one listing for each version (gates.h), when an end is
//      likely (tracking/poll_plan.h)
//   4. one timer for whatever is due next; nothing runs while nothing is due
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/random.h"
#include "daemon/conductor/active_job.h"
#include "daemon/conductor/build_slots.h"
#include "daemon/conductor/queue.h"
#include "daemon/conductor/reaction.h"
#include "daemon/conductor/upload_gate.h"
#include "daemon/ledger/ledger.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/timers.h"
#include "daemon/model/operator.h"
#include "daemon/model/targets.h"
#include "daemon/model/upload_window.h"
#include "daemon/tracking/learnt_times.h"
#include "daemon/tracking/poll_plan.h"
#include "daemon/tracking/taken_time.h"
#include "daemon/tracking/tracker.h"

namespace tegodrop {

// The rooms as the conductor uses them; `main` binds them to the real ones, tests to stand-ins. Each Work follows the
// rules of Uploader::Start, Deliverer::Start and Finisher::Start.
struct Rooms {
  using OnProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;
  using Work = std::function<HandlePtr(JobRecord& record, OnProgress progress, std::function<void(Status)> done)>;
  Work upload;
  Work deliver;
  Work finish;
  Work reclaim;  // as Reclaimer::Start
  std::function<HandlePtr(const std::string& version, std::vector<BuildIdentity> awaited,
                          std::function<void(Result<HistoryLook>)> done)>
      look;
  // Aborts a multipart upload that was given up; as Portal::AbortMultipart.
  std::function<HandlePtr(const OpenUpload& upload, std::function<void(Status)> done)> abort;
  // Whether the artifact of a job in state claiming stands in its room.
  std::function<HandlePtr(const Job& job, std::function<void(Result<bool>)> done)> has_claimed;
  // What this host keeps of a job that another one has now may go. May be empty.
  std::function<void(const Job& job)> forget;
};

struct ConductorSettings {
  int concurrent_uploads = 2;
  std::optional<int> concurrent_builds;  // nullopt: as many as the portal takes
  PollingSettings polling;
  // Jobs of another portal or tenant wait.
  std::string portal_url;
  std::string tenant;
};

// All must outlive the Conductor.
struct ConductorWorld {
  Ledger& ledger;
  TimerMaker& timers;
  const Clock& clock;
  Random& random;
  Log& log;
};

// How things stand, for `--once` and for whoever watches. What holds an unfinished job up counts it once.
struct Overview {
  int unfinished = 0;
  int queued = 0;                             // claimed, and their upload not under way
  int uploading = 0;                          // being sent just now
  int building = 0;                           // with the portal, or perhaps
  int delivering = 0;                         // built or at their end, not yet put away
  std::optional<MonoMs> portal_silent_since;  // of the first error since the portal's last good answer
  std::optional<MonoMs> portal_answered;      // its last good answer in this life
  bool credentials_refused = false;
  bool portal_full = false;                               // uploads wait because it refused one (429)
  std::optional<MonoMs> disk_trouble_since;               // of the first error since a folder's last success
  int blocked_on_output = 0;                              // unfinished jobs that wait for their output folder
  std::map<std::string, std::string> outputs_in_trouble;  // these folders by path, and what one of the jobs waits for
  int blocked_on_disk = 0;                                // unfinished jobs that wait for some other folder
  int paused = 0;            // unfinished jobs whose upload waits for their folder to be resumed
  int outside_window = 0;    // unfinished jobs whose upload waits for the window, or for a right clock
  std::string window_words;  // of these: what they wait for, and when it opens
  int held_for_person = 0;   // unfinished jobs that nothing but a person can move on
};

class Conductor {
 public:
  // `on_change` runs after each change of a row and of a transfer's progress; a finished job is reported once with
  // `finished` set and then forgotten. It may not destroy the Conductor.
  Conductor(ConductorWorld world, ConductorSettings settings, Rooms rooms,
            std::function<void(const Job&, const Progress&)> on_change);
  ~Conductor();
  Conductor(const Conductor&) = delete;
  Conductor& operator=(const Conductor&) = delete;

  // Takes a job over: one that was just admitted, or one that the ledger still has from before.
  void Take(Job job);
  // A folder of that name can be reached again: its jobs need not wait any longer.
  void FolderIsBack(const std::string& folder);
  // There are other credentials now: what waits for some is asked again.
  void CredentialsChanged();
  // A person's command on a job that Has knows. What is under way of it is dropped, then its row is changed. `done`,
  // never inside the call: the plan that was carried out; one without a change is a refusal, and the job goes on; an
  // error where the ledger did not take it (the job goes on too), or a stop came first.
  void Operate(const std::string& id, OperatorVerb verb, std::function<void(Result<OperatorPlan>)> done);
  bool Has(const std::string& id) const { return jobs_.contains(id); }
  // Another config: limits and times, from the next decision on. Portal and tenant stay what they were.
  void UseSettings(ConductorSettings settings);
  // The folders whose uploads are not begun, by name; the empty name is all of them. What is under way goes on.
  void SetPaused(std::set<std::string> folders);
  // Uploads start inside it only; what has begun, and everything later, goes on. Without a call: at any time.
  void SetWindow(UploadWindow window);
  // By an answer of the portal: this machine's clock is `ahead` of it. A window is told by a right clock only.
  void SawClock(std::chrono::milliseconds ahead);
  // Begins nothing new. What is under way is cancelled, but for uploads whose last chunk has left: these get 2 s for
  // their answer. Then `done`, never inside the call.
  void Stop(std::function<void()> done);
  Overview overview() const;
  // Each job that has not come to its end, oldest first. `visit` may not change anything here.
  void ForEachJob(const std::function<void(const Job&)>& visit) const;

 private:
  // What a job's state asks for next.
  enum class Stage : std::uint8_t { kClaim, kUpload, kConfirm, kAwait, kDeliver, kFinish, kReclaim };
  struct Watch {  // of one version's builds
    HandlePtr look;
    MonoMs due = 0;
    int failures = 0;
    bool failing = false;  // the last look failed, or was held back
  };
  struct Hold {
    MonoMs until = 0;
    std::string words;  // what is waited for
  };
  struct UploadRound {                        // one turn's uploads
    std::vector<ActiveJob*> waiting;          // due, oldest first
    std::map<std::string_view, int> running;  // by folder
    int under_way = 0;
    int in_use = 0;  // build slots
  };

  static Stage StageOf(const Job& job);
  static void Count(const ActiveJob& job, Overview& overview);
  bool IsOurPortal(const Target& target) const;
  MonoMs HeldUntil(const ActiveJob& job) const;
  bool Paused(const Job& job) const;
  void LookAtGate(MonoMs now);
  bool WaitsForWindow(const ActiveJob& job) const;
  bool EndWindowWait(ActiveJob& job);
  void TellOfWindow(bool held);
  void AskForTime(const std::string& version, std::map<std::string, int>& awaited);
  void HoldStage(Stage stage, const Reaction& reaction, MonoMs now);
  void ShowHeldBack(ActiveJob& job, MonoMs now);
  void Carry(ActiveJob& job, OperatorVerb verb, std::function<void(Result<OperatorPlan>)> done);
  void AnswerLater(Result<OperatorPlan> answer, std::function<void(Result<OperatorPlan>)> done);
  static bool AsksPortal(const Job& job);
  void Turn();
  void TurnSoon();
  void Begin(ActiveJob& job, Stage stage);
  void BeginWork(ActiveJob& job, const Rooms::Work& work);
  void CheckClaim(ActiveJob& job);
  void WorkDone(const std::string& id, bool asked_portal, Status status);
  // Begins what is due; when something will be.
  MonoMs AbortWhatIsLeft(ActiveJob& job, MonoMs now);
  void AbortDone(const std::string& id, const OpenUpload& upload, Status status);
  bool AbortIsWorthWaiting(const ActiveJob& job) const;
  void EraseIfDone(const std::string& id);
  // `asked`: the error answers its question for an upload URL.
  void React(ActiveJob& job, const Error& error, bool asked = false);
  bool UsesBuildSlot(const ActiveJob& job) const;
  // When the next turn is due for them.
  MonoMs BeginUploads(UploadRound round, MonoMs now);
  void SlotRefused(ActiveJob& job, const Error& error, std::chrono::milliseconds wait);
  void SlotGranted(const Job& job);
  void ShowWait(ActiveJob& job, const std::string& for_what, WallMs not_before);
  void SetTwinsAside(std::vector<ActiveJob*>& waiting);
  void Compare(ActiveJob& job);
  void EndAsDuplicate(ActiveJob& job, const Job& delivered);
  void HoldCredentials(const Reaction& reaction, MonoMs now);
  void PortalAnswered();
  void Note(ActiveJob& job, std::function<void(Job&)> change, std::string note);
  void LeaveTo(ActiveJob& job, const Error& error);
  void NoteForeign(ActiveJob& job);
  void EndWaits();
  void NoteWait(ActiveJob& job, const std::string& for_what, std::chrono::milliseconds delay);
  void WriteWait(ActiveJob& job);
  void WriteWaitAgain(ActiveJob& job, MonoMs now);
  void LedgerRefused(const std::string& id, const Error& error);
  // How long from now until the version's next look, as all its awaited builds want it.
  std::chrono::milliseconds LookDelay(const std::string& version, MonoMs now) const;
  AwaitedBuild AwaitedAs(const ActiveJob& job, const TakenTime* taken, MonoMs now) const;
  std::chrono::milliseconds UntilJudged(const ActiveJob& job) const;
  bool NoteAwaited(ActiveJob& job);
  // What a look showed of it came to nothing.
  static void ForgetSight(ActiveJob& job);
  // The next look comes at `due` at the latest. Not while looks fail: these have a patience of their own.
  static void LookBy(Watch& watch, MonoMs due);
  void LookAt(const std::string& version, Watch& watch);
  void TakeLook(const std::string& version, const std::vector<std::string>& ids, Result<HistoryLook> look);
  void Step(ActiveJob& job, std::optional<BuildRow> row, WallMs now);
  void Changed(const Job& before, const Job& after);
  void FinishStop();
  ActiveJob* Find(const std::string& id);

  ConductorWorld world_;
  ConductorSettings settings_;
  const Rooms rooms_;
  const std::function<void(const Job&, const Progress&)> on_change_;
  const std::shared_ptr<WriteLine> line_ = std::make_shared<WriteLine>();
  std::map<std::string, std::unique_ptr<ActiveJob>> jobs_;  // by id, so by age
  Targets targets_;                                         // of these
  std::map<std::string, Watch> watches_;                    // by version
  std::map<std::string, LearntTimes> times_;                // by version
  std::chrono::milliseconds ahead_{0};                      // this machine's clock, of the portal's
  HandlePtr timer_;
  HandlePtr soon_;
  MonoMs rests_until_ = 0;  // no turn of its own accord before
  std::set<std::string> paused_;
  UploadGate gate_;
  UploadGate::Answer gate_now_;       // of the last turn
  MonoMs gate_shut_until_ = 0;        // then it is looked at again
  std::string gate_told_;             // what the log last said that uploads wait for
  std::map<int, HandlePtr> answers_;  // on their way to whoever gave a command
  int last_answer_ = 0;
  UploadQueue queue_;
  BuildSlots slots_;
  std::string slots_words_;  // the portal's last refusal
  MonoMs credentials_held_until_ = 0;
  std::map<Stage, Hold> held_back_;  // by hosts that are left alone for a while
  std::optional<MonoMs> portal_silent_since_;
  std::optional<MonoMs> portal_answered_;
  bool portal_full_ = false;
  std::optional<MonoMs> disk_trouble_since_;
  bool stopping_ = false;
  HandlePtr stop_timer_;
  std::function<void()> stopped_;
};

}  // namespace tegodrop
