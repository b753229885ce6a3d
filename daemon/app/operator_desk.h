// Carries out what a person asks for: on the jobs that the conductor has at work, else on the ledger's rows. The same
// desk stands in the daemon and, while none runs, in the command itself.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.h"
#include "daemon/app/operator_wire.h"
#include "daemon/base/clock.h"
#include "daemon/ledger/ledger.h"
#include "daemon/model/operator.h"

namespace tegodrop {

// The running daemon's hands; a command without a daemon has `look` and `is_another_output` alone.
struct OperatorHands {
  std::function<bool(const std::string& job)> has;
  std::function<void(const std::string& job, OperatorVerb verb, std::function<void(Result<OperatorPlan>)> done)>
      operate;
  std::function<void(Job job)> take;
  std::function<void(std::set<std::string> folders)> set_paused;
  std::function<bool(const std::string& folder)> is_open;
  std::function<void(const std::string& folder, std::function<void(Status)> done)> accept;
  // Says whether there was anything to accept.
  std::function<bool(const std::string& path)> accept_output;
  // What stands at a drop folder's path now: its room's id (empty: none yet) and its file system's type.
  struct Seen {
    std::string room_id;
    std::string fs_type;
  };
  std::function<Result<Seen>(const FolderSettings& folder)> look;
  // Whether another file system than that stands at the folder's output now, or the one without the room.
  std::function<bool(const FolderSettings& folder, const std::string& fs_type)> is_another_output;
  // Claims that other hosts on a share have left: their jobs whose ids begin so, and one of them made ours, with what
  // becomes of it in words.
  std::function<std::vector<std::string>(const std::string& prefix)> left_claims;
  std::function<void(const std::string& job, bool afresh, std::function<void(Result<std::string>)> done)> take_over;
  bool online() const { return operate != nullptr; }
};

// Null where the config has no folder of that name.
const FolderSettings* FolderIn(const std::vector<FolderSettings>& folders, const std::string& name);
// What is said then; it names those that there are.
OperatorResult NoSuchFolder(const std::vector<FolderSettings>& folders, const std::string& name);

class OperatorDesk {
 public:
  // `ledger` and `clock` must outlive it.
  OperatorDesk(Ledger& ledger, const Clock& clock, std::vector<FolderSettings> folders, OperatorHands hands);
  OperatorDesk(const OperatorDesk&) = delete;
  OperatorDesk& operator=(const OperatorDesk&) = delete;

  // Another config's folders, from the next order on.
  void UseFolders(std::vector<FolderSettings> folders) { folders_ = std::move(folders); }

  // One request after the other, each job of it in turn; `done` runs on the loop once all stands in the ledger, and not
  // at all when the desk is gone by then.
  void Serve(OperatorRequest request, std::function<void(OperatorAnswer)> done);

 private:
  struct Order {
    OperatorRequest request;
    std::function<void(OperatorAnswer)> done;
  };
  // The ledger's answers reach us only while we live.
  template <typename T>
  std::function<void(T)> WhileAlive(std::function<void(T)> fn) {
    return [alive = std::weak_ptr<bool>(alive_), fn = std::move(fn)](T value) {
      if (!alive.expired()) fn(std::move(value));
    };
  }

  void BeginNext();
  void NextJob();
  void OnFound(const std::string& asked, const Result<std::vector<Job>>& found);
  void OnRow(const Job& row);
  void OnStranger(const std::string& asked);
  void Change(const Job& row);
  void Say(const std::string& about, OperatorOutcome outcome, std::string message);
  void Trouble(const std::string& about, const Error& error);
  void EndOrder();

  const FolderSettings* FolderNamed(const std::string& name);
  void PauseFolder();
  void ResumeFolder();
  void RemovePauses(std::vector<std::string> folders);
  void TellPauses(std::string message);
  void Accept(const FolderSettings& folder);
  void AcceptInLedger(const FolderSettings& folder);
  void AcceptRecord(const FolderSettings& folder, bool output, const std::vector<FolderRecord>& records);
  void Accepted(const std::string& folder);
  void ForgetOutput(const FolderSettings& folder, bool needed, std::function<void()> next);
  std::string OutputAccepted(const FolderSettings& folder) const;

  OperatorVerb verb() const;
  std::string carried_out() const;

  Ledger& ledger_;
  const Clock& clock_;
  std::vector<FolderSettings> folders_;
  const OperatorHands hands_;
  std::deque<Order> orders_;      // the first is being served
  std::deque<std::string> jobs_;  // of the first, not yet served
  OperatorAnswer answer_;         // to the first, so far
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tegodrop
