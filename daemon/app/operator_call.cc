#include "daemon/app/operator_call.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <utility>

#include "daemon/app/control_socket.h"
#include "daemon/app/operator_desk.h"
#include "daemon/base/clock.h"
#include "daemon/base/text.h"
#include "daemon/disk/file_system.h"
#include "daemon/disk/layout.h"
#include "daemon/disk/whole_file.h"
#include "daemon/ledger/sqlite_ledger.h"
#include "daemon/loop/event_loop.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAnswerPatience = std::chrono::minutes(2);
constexpr milliseconds kLockWait = std::chrono::seconds(10);
constexpr milliseconds kLockRetry = milliseconds(200);

OperatorCall Trouble(ExitCode code, std::string words) { return {std::nullopt, code, std::move(words)}; }

Result<OperatorHands::Seen> Look(FileSystem& fs, const FolderSettings& folder) {
  auto dir = fs.OpenFolder(folder.path);
  if (!dir) return Fail(dir.error());
  auto type = fs.TypeOf(dir->get());
  if (!type) return Fail(type.error());
  auto id = ReadWhole(fs, dir->get(), folder.rooms + "/" + std::string(kRoomId), 256);
  if (!id && id.error().sys != ENOENT) return Fail(id.error());
  return OperatorHands::Seen{id ? std::string(Trim(*id)) : "", type->name};
}

// One that cannot be looked at may be the known one.
bool IsAnotherOutput(FileSystem& fs, const FolderSettings& folder, const std::string& fs_type) {
  auto dir = fs.OpenFolder(folder.output);
  if (!dir) return false;
  auto type = fs.TypeOf(dir->get());
  if (!type) return false;
  auto room = fs.StatAt(dir->get(), folder.rooms);
  return type->name != fs_type || (!room && room.error().sys == ENOENT);
}

// What is said where nothing has run yet.
OperatorAnswer OfNoLedger(const OperatorRequest& request, const std::vector<FolderSettings>& folders) {
  OperatorAnswer answer;
  for (const std::string& job : request.jobs) {
    answer.results.push_back(
        {job, OperatorOutcome::kUnknown, "there is no job '" + Printable(job) + "': nothing has run yet"});
  }
  const bool of_folder = request.command >= OperatorCommand::kPause;
  if (!of_folder) return answer;
  const bool known = request.folder.empty() || FolderIn(folders, request.folder) != nullptr;
  answer.results.push_back(known ? OperatorResult{request.folder, OperatorOutcome::kDone, "nothing has run yet"}
                                 : NoSuchFolder(folders, request.folder));
  return answer;
}

class Caller {
 public:
  Caller(const Settings& settings, const OperatorRequest& request)
      : settings_(settings), request_(request), fs_(MakePosixFileSystem()), since_(clock_.Mono()) {}

  OperatorCall Run() {
    Try();
    if (!ended_) loop_.Run();
    desk_.reset();
    ledger_.reset();
    return std::move(call_);
  }

 private:
  void Try() {
    CallResult called = CallDaemon(settings_.state_dir, request_, kAnswerPatience);
    switch (called.outcome) {
      case CallOutcome::kAnswered:
        return End({std::move(called.answer), ExitCode::kDone, ""});
      case CallOutcome::kNotPermitted:
        return End(Trouble(ExitCode::kCredentials,
                           called.trouble + "; only root and the user that the daemon runs as may command it"));
      case CallOutcome::kSilent:
        return End(Trouble(ExitCode::kLeft, called.trouble + ": 'tegodrop status' tells whether the command was done"));
      case CallOutcome::kNobody:
        break;
    }
    ByOwnHands();
  }

  void ByOwnHands() {
    struct stat folder {};
    struct stat file {};
    const bool there = stat(settings_.state_dir.c_str(), &folder) == 0;
    const std::string ledger = settings_.state_dir + "/ledger.sqlite";
    const bool no_ledger = !there || (stat(ledger.c_str(), &file) != 0 && errno == ENOENT);
    if (no_ledger && request_.command != OperatorCommand::kPause) {
      return End({OfNoLedger(request_, settings_.folders), ExitCode::kDone, ""});
    }
    if (!there) {
      return End(Trouble(ExitCode::kConfig, "state_dir " + Printable(settings_.state_dir) + " is not there yet"));
    }
    if (geteuid() != 0 && geteuid() != folder.st_uid) {
      return End(Trouble(ExitCode::kCredentials, "only root and the owner of " + Printable(settings_.state_dir) +
                                                     " may do that while no daemon runs"));
    }
    if (geteuid() == 0 && folder.st_uid != 0 && (setegid(folder.st_gid) != 0 || seteuid(folder.st_uid) != 0)) {
      return End(Trouble(ExitCode::kInternal, "cannot work as the owner of " + Printable(settings_.state_dir)));
    }
    OpenLedger();
  }

  void OpenLedger() {
    auto ledger =
        OpenSqliteLedger(settings_.state_dir, clock_, [this](std::function<void()> fn) { loop_.Post(std::move(fn)); });
    if (!ledger) return NotOpened(ledger.error());
    ledger_ = std::move(*ledger);
    OperatorHands hands;
    hands.look = [this](const FolderSettings& folder) { return Look(*fs_, folder); };
    hands.is_another_output = [this](const FolderSettings& folder, const std::string& fs_type) {
      return IsAnotherOutput(*fs_, folder, fs_type);
    };
    desk_ = std::make_unique<OperatorDesk>(*ledger_, clock_, settings_.folders, std::move(hands));
    desk_->Serve(request_, [this](OperatorAnswer answer) { End({std::move(answer), ExitCode::kDone, ""}); });
  }

  void NotOpened(const LedgerOpenError& error) {
    if (error.reason == LedgerOpenFailure::kDiskTrouble) {
      return End(Trouble(ExitCode::kLeft, error.message + "; then give the command again"));
    }
    if (error.reason != LedgerOpenFailure::kLocked) return End(Trouble(ExitCode::kConfig, error.message));
    if (clock_.Mono() - since_ >= kLockWait.count()) {
      return End(Trouble(ExitCode::kLeft, error.message + " and takes no commands: try again, or look at its log"));
    }
    // One that is just starting or stopping.
    timer_ = loop_.After(kLockRetry, [this] { Try(); });
  }

  void End(OperatorCall call) {
    call_ = std::move(call);
    ended_ = true;
    loop_.Stop();
  }

  const Settings& settings_;
  const OperatorRequest& request_;
  SystemClock clock_;
  std::unique_ptr<FileSystem> fs_;
  const MonoMs since_;
  EventLoop loop_;
  HandlePtr timer_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<OperatorDesk> desk_;
  OperatorCall call_;
  bool ended_ = false;
};

}  // namespace

OperatorCall CallOperator(const Settings& settings, const OperatorRequest& request) {
  return Caller(settings, request).Run();
}

}  // namespace tegodrop
