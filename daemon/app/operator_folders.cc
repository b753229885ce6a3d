// Folders at the desk: paused, resumed, accepted after a move.
#include <algorithm>
#include <utility>

#include "daemon/app/operator_desk.h"
#include "daemon/base/text.h"

namespace tegodrop {
namespace {

std::string Shown(const std::string& folder) { return folder.empty() ? "every folder" : "folder " + folder; }

bool ContainsPause(const std::vector<Pause>& pauses, const std::string& folder) {
  return std::any_of(pauses.begin(), pauses.end(), [&](const Pause& one) { return one.folder == folder; });
}

}  // namespace

const FolderSettings* FolderIn(const std::vector<FolderSettings>& folders, const std::string& name) {
  const auto found =
      std::find_if(folders.begin(), folders.end(), [&](const FolderSettings& one) { return one.name == name; });
  return found == folders.end() ? nullptr : &*found;
}

OperatorResult NoSuchFolder(const std::vector<FolderSettings>& folders, const std::string& name) {
  std::string names;
  for (const FolderSettings& folder : folders) names += (names.empty() ? "" : ", ") + folder.name;
  return {name, OperatorOutcome::kUnknown, "the config has no folder '" + Printable(name) + "': it has " + names};
}

// Null where there is none, and then the order has ended.
const FolderSettings* OperatorDesk::FolderNamed(const std::string& name) {
  const FolderSettings* folder = FolderIn(folders_, name);
  if (folder != nullptr) return folder;
  answer_.results.push_back(NoSuchFolder(folders_, name));
  EndOrder();
  return nullptr;
}

void OperatorDesk::PauseFolder() {
  const std::string folder = orders_.front().request.folder;
  if (!folder.empty() && FolderNamed(folder) == nullptr) return;
  ledger_.SavePause({folder, clock_.Wall()}, WhileAlive<Status>([this, folder](const Status& saved) {
                      if (!saved) {
                        Trouble(folder, saved.error());
                        return EndOrder();
                      }
                      TellPauses(Shown(folder) +
                                 " is paused: uploads under way go on, no new ones start; 'tegodrop resume" +
                                 (folder.empty() ? "" : " " + folder) + "' ends it");
                    }));
}

void OperatorDesk::ResumeFolder() {
  const std::string folder = orders_.front().request.folder;
  if (!folder.empty() && FolderNamed(folder) == nullptr) return;
  ledger_.LoadPauses(WhileAlive<Result<std::vector<Pause>>>([this, folder](const Result<std::vector<Pause>>& pauses) {
    if (!pauses) {
      Trouble(folder, pauses.error());
      return EndOrder();
    }
    if (!folder.empty() && ContainsPause(*pauses, "")) {
      Say(folder, OperatorOutcome::kRefused, "all folders are paused: 'tegodrop resume' without a name resumes them");
      return EndOrder();
    }
    std::vector<std::string> paused;
    for (const Pause& one : *pauses) {
      if (folder.empty() || one.folder == folder) paused.push_back(one.folder);
    }
    if (paused.empty()) {
      Say(folder, OperatorOutcome::kDone, Shown(folder) + " was not paused");
      return EndOrder();
    }
    RemovePauses(std::move(paused));
  }));
}

void OperatorDesk::RemovePauses(std::vector<std::string> folders) {
  const std::string asked = orders_.front().request.folder;
  if (folders.empty()) return TellPauses(Shown(asked) + " is resumed" + carried_out());
  const std::string next = std::move(folders.back());
  folders.pop_back();
  ledger_.RemovePause(next, WhileAlive<Status>([this, asked, folders = std::move(folders)](const Status& removed) {
                        if (removed) return RemovePauses(folders);
                        Trouble(asked, removed.error());
                        EndOrder();
                      }));
}

// The conductor is told what the ledger holds now.
void OperatorDesk::TellPauses(std::string message) {
  const std::string asked = orders_.front().request.folder;
  ledger_.LoadPauses(WhileAlive<Result<std::vector<Pause>>>(
      [this, asked, message = std::move(message)](const Result<std::vector<Pause>>& pauses) {
        if (!pauses) {
          Trouble(asked, pauses.error());
          return EndOrder();
        }
        std::set<std::string> folders;
        for (const Pause& one : *pauses) folders.insert(one.folder);
        if (hands_.online()) hands_.set_paused(std::move(folders));
        Say(asked, OperatorOutcome::kDone, message);
        EndOrder();
      }));
}

void OperatorDesk::Accept(const FolderSettings& folder) {
  if (!hands_.online()) return AcceptInLedger(folder);
  const bool output = hands_.accept_output(folder.output);
  ForgetOutput(folder, output, [this, folder, output] {
    if (hands_.is_open(folder.name)) {
      const std::string other = "folder " + folder.name + " is open as the known one: nothing to accept";
      Say(folder.name, OperatorOutcome::kDone, output ? OutputAccepted(folder) : other);
      return EndOrder();
    }
    hands_.accept(folder.name, WhileAlive<Status>([this, name = folder.name](const Status& accepted) {
                    if (accepted) return Accepted(name);
                    Say(name, OperatorOutcome::kRefused, "it cannot be opened either: " + accepted.error().message);
                    EndOrder();
                  }));
  });
}

// `needed`: what the ledger remembers of the folder's output is no longer right.
void OperatorDesk::ForgetOutput(const FolderSettings& folder, bool needed, std::function<void()> next) {
  if (!needed) return next();
  ledger_.RemoveOutput(folder.output,
                       WhileAlive<Status>([this, name = folder.name, next = std::move(next)](const Status& removed) {
                         if (removed) return next();
                         Trouble(name, removed.error());
                         EndOrder();
                       }));
}

std::string OperatorDesk::OutputAccepted(const FolderSettings& folder) const {
  return "the output folder of folder " + folder.name + " (" + Printable(folder.output) + ") is accepted as it is now" +
         carried_out();
}

void OperatorDesk::AcceptInLedger(const FolderSettings& folder) {
  ledger_.LoadOutputs(
      WhileAlive<Result<std::vector<OutputRecord>>>([this, folder](const Result<std::vector<OutputRecord>>& outputs) {
        if (!outputs) {
          Trouble(folder.name, outputs.error());
          return EndOrder();
        }
        const auto known = std::find_if(outputs->begin(), outputs->end(),
                                        [&](const OutputRecord& one) { return one.path == folder.output; });
        const bool another = known != outputs->end() && hands_.is_another_output(folder, known->fs_type);
        ForgetOutput(folder, another, [this, folder, another] {
          ledger_.LoadFolders(WhileAlive<Result<std::vector<FolderRecord>>>(
              [this, folder, another](const Result<std::vector<FolderRecord>>& records) {
                if (records) return AcceptRecord(folder, another, *records);
                Trouble(folder.name, records.error());
                EndOrder();
              }));
        });
      }));
}

void OperatorDesk::AcceptRecord(const FolderSettings& folder, bool output, const std::vector<FolderRecord>& records) {
  const auto known = std::find_if(records.begin(), records.end(), [&](const FolderRecord& one) {
    return one.name == folder.name && one.path == folder.path;
  });
  const auto end = [&](OperatorOutcome outcome, const std::string& message) {
    // What was done for the output is done, whatever is to be said of the drop folder.
    Say(folder.name, outcome,
        !output                             ? message
        : outcome == OperatorOutcome::kDone ? OutputAccepted(folder)
                                            : OutputAccepted(folder) + "; but the drop folder: " + message);
    EndOrder();
  };
  if (known == records.end()) {
    return end(OperatorOutcome::kDone, "folder " + folder.name + " was never opened yet: nothing to accept");
  }
  const Result<OperatorHands::Seen> seen = hands_.look(folder);
  if (!seen) return end(OperatorOutcome::kRefused, "it cannot be opened: " + seen.error().message);
  if (seen->room_id == known->room_id && seen->fs_type == known->fs_type) {
    return end(OperatorOutcome::kDone, "folder " + folder.name + " is the known one: nothing to accept");
  }
  FolderRecord record = *known;
  record.room_id = seen->room_id;
  record.fs_type = seen->fs_type;
  record.state = "ok";
  record.reason.clear();
  record.since = clock_.Wall();
  ledger_.SaveFolder(record, WhileAlive<Status>([this, name = folder.name](const Status& saved) {
                       if (saved) return Accepted(name);
                       Trouble(name, saved.error());
                       EndOrder();
                     }));
}

// The record was asked to be written before this question, so its answer comes after that.
void OperatorDesk::Accepted(const std::string& folder) {
  ledger_.LoadUnfinished(WhileAlive<Result<std::vector<Job>>>([this, folder](const Result<std::vector<Job>>& jobs) {
    std::size_t claimed = 0;
    for (const Job& job : jobs ? *jobs : std::vector<Job>{}) {
      claimed += job.target->folder == folder && !job.finished && job.target->after != SourceAfter::kKeep ? 1 : 0;
    }
    std::string message = "folder " + folder + " is accepted as it is now" + carried_out();
    if (claimed > 0) {
      message += "; " + std::to_string(claimed) +
                 " unfinished job(s) were claimed into its room before: what stood in claimed/ there must stand in "
                 "this one";
    }
    Say(folder, OperatorOutcome::kDone, std::move(message));
    EndOrder();
  }));
}

}  // namespace tegodrop
