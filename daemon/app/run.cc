#include "daemon/app/run.h"

#include <malloc.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/app/control.h"
#include "daemon/app/daemon.h"
#include "daemon/app/daemon_threads.h"
#include "daemon/app/ledger_check.h"
#include "daemon/app/ledger_opener.h"
#include "daemon/app/lookout.h"
#include "daemon/app/once.h"
#include "daemon/app/progress_board.h"
#include "daemon/app/run_report.h"
#include "daemon/app/service_manager.h"
#include "daemon/app/service_report.h"
#include "daemon/app/status_line.h"
#include "daemon/base/journal_log.h"
#include "daemon/base/text.h"
#include "daemon/base/version.h"
#include "daemon/ledger/sqlite_ledger.h"
#include "daemon/loop/worker_pool.h"
#include "daemon/net/curl_transfer.h"
#include "daemon/net/metered_transfer.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kOnceCheck = milliseconds(100);
// After so many changes of rows, which the start with a full ledger and a look with much news bring, what they took of
// memory is given back: once, when they are likely to be over, because it goes through the whole heap on the loop.
constexpr int kManyChanges = 1000;
constexpr milliseconds kTidyAfter = std::chrono::seconds(10);
// What the orderly stop of the rooms may take, and then the closing of files and threads: together under 5 s.
constexpr std::chrono::seconds kStopPatience{3};
constexpr unsigned kCloseSeconds = 2;

// By itself glibc gives each thread a heap of its own, in which what outlives a burst keeps all that was around it, and
// learns to keep more the more there was: ten thousand jobs would keep twice what they take.
void KeepHeapSmall() {
  constexpr int kMiB = 1 << 20;
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 4 * kMiB);
  mallopt(M_TRIM_THRESHOLD, 2 * kMiB);
}

LogLevel LevelOf(const Settings& settings, const RunOptions& options) {
  return options.progress ? std::max(LogLevel::kWarning, settings.log.level) : settings.log.level;
}

std::unique_ptr<AdjustableLog> MakeLog(const Settings& settings, const RunOptions& options, const Clock& clock) {
  const LogLevel level = LevelOf(settings, options);
  const LogOutput output = settings.log.format;
  const bool automatic = output == LogOutput::kAuto;
  if (output == LogOutput::kJournal || (automatic && StderrIsJournal(std::getenv("JOURNAL_STREAM")))) {
    if (JournalListens()) return MakeJournalLog(level);
    auto instead = MakeStderrLog(level, LogFormat::kText, clock);
    instead->Warning("log.no_journal", "no journal listens on this machine: the log goes to standard error");
    return instead;
  }
  const bool text = output == LogOutput::kText || (automatic && isatty(STDERR_FILENO) == 1);
  return MakeStderrLog(level, text ? LogFormat::kText : LogFormat::kJson, clock);
}

milliseconds SettleOf(const Daemon::FolderView& view) {
  return std::max(view.state->settle, view.settings->settle.value_or(milliseconds(0)));
}

// One life of the process as a daemon.
class Runner {
 public:
  Runner(const Settings& settings, Secret token, Secret proxy_token, const RunOptions& options)
      : settings_(settings),
        token_(std::move(token)),
        proxy_token_(std::move(proxy_token)),
        options_(options),
        fs_(MakePosixFileSystem()),
        lines_(MakeLog(settings, options, clock_)),
        board_(*lines_, clock_),
        log_(options.progress ? static_cast<Log&>(board_) : *lines_),
        manager_(MakeServiceManager()),
        service_(
            *manager_, loop_, [this](std::function<void()> fn) { loop_.Post(std::move(fn)); },
            [this] { return ServiceLine(); }),
        config_reader_(loop_, 1, "config"),
        reloader_(config_reader_, log_, settings, options_.read_again,
                  [this](ReadAgain read, auto done) { Apply(std::move(read), std::move(done)); }),
        opener_({loop_, clock_, log_, [this](std::function<void()> fn) { loop_.Post(std::move(fn)); }},
                settings.state_dir, options.once, OpenerHands()) {}

  ExitCode Run() {
    std::signal(SIGPIPE, SIG_IGN);  // NOLINT(bugprone-*): a peer that goes must not end the process
    signals_.push_back(loop_.OnSignal(SIGTERM, [this] { OnStopSignal(); }));
    signals_.push_back(loop_.OnSignal(SIGINT, [this] { OnStopSignal(); }));
    signals_.push_back(loop_.OnSignal(SIGHUP, [this] { OnReloadSignal(); }));
    TakeStopSignals();
    auto transfer = MakeCurlTransfer(loop_, NetOptions());
    if (!transfer) {
      log_.Error("daemon.config", transfer.error().message);
      return ExitCode::kConfig;
    }
    transfer_ = std::move(*transfer);
    line_ = std::make_unique<MeteredTransfer>(*transfer_);
    if (options_.timeout) timeout_ = loop_.After(*options_.timeout, [this] { TimeIsOver(); });
    opener_.Open();
    loop_.Run();
    ShutDown();
    return code_;
  }

 private:
  // The process may have held them back until somebody could take them.
  static void TakeStopSignals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  }

  NetSettings NetOptions() const {
    return {settings_.portal.ca_file, settings_.portal.proxy, proxy_token_, std::string(kToolName) + "/" + kVersion};
  }

  void OnReloadSignal() {
    // What is read before there is a daemon to use it is read again then.
    if (!ready_) {
      reload_wanted_ = true;
      return;
    }
    Reload(nullptr);
  }

  void Reload(std::function<void(const ReloadAnswer&)> done) {
    if (stopping_) return;
    service_.ReloadBegins();
    reloader_.Reload([this, done = std::move(done)](const ReloadAnswer& answer) {
      service_.ReloadEnds();
      if (done) done(answer);
    });
  }

  void Apply(ReadAgain read, std::function<void(std::vector<std::string>)> done) {
    if (stopping_) return;
    lines_->SetLevel(LevelOf(read.settings, options_));
    if (control_) control_->UseFolders(read.settings.folders);
    lookout_->Follow(read.settings, std::move(read.webhook));
    daemon_->UseProvenanceKey(std::move(read.provenance_key));
    daemon_->Apply(std::move(read.settings), read.token, std::move(done));
  }

  void OnReady() {
    if (stopping_) return;
    ready_ = true;
    control_ = Control::Open(loop_, log_, clock_, *ledger_, *daemon_, reloader_.settings(),
                             [this](auto done) { Reload(std::move(done)); });
    service_.Ready();
    // Not beside what a start reads: damage among that is met there, before anything was written.
    if (!ledger_->looked_over()) LookLedgerOver();
    if (std::exchange(reload_wanted_, false)) Reload(nullptr);
  }

  std::string ServiceLine() const {
    if (!opener_.trouble().empty()) return "waits for the disk of state_dir: " + opener_.trouble();
    return daemon_ == nullptr || !daemon_->started() ? "" : StatusLine(daemon_->folders(), daemon_->overview());
  }

  LedgerOpener::Hands OpenerHands() {
    LedgerOpener::Hands hands;
    hands.opened = [this](std::unique_ptr<LedgerStore> ledger) {
      ledger_ = std::move(ledger);
      opened_ = clock_.Wall();
      StartDaemon();
    };
    // It may take a night, and a service that is not ready in time would be killed: it works on it, and says so.
    hands.waits = [this] { service_.Ready(); };
    hands.given_up = [this](ExitCode code) { End(code); };
    return hands;
  }

  void LookLedgerOver() {
    ledger_reader_ = std::make_unique<WorkerPool>(loop_, 1, "ledger check");
    LedgerCheck::Hands hands;
    hands.whole = [this] { ledger_->SetLookedOver(); };
    hands.damaged = [this] { StopWith(ExitCode::kConfig); };
    check_ = std::make_unique<LedgerCheck>(
        LedgerCheckWorld{loop_, *ledger_reader_, log_},
        [state_dir = settings_.state_dir, since = opened_](LookStop& stop) { return LookOver(state_dir, since, stop); },
        std::move(hands));
  }

  void StartDaemon() {
    started_ = clock_.Mono();
    log_.Info("daemon.start", "tegodrop is starting",
              {{"version", kVersion},
               {"folders", static_cast<std::uint64_t>(settings_.folders.size())},
               {"portal", UrlWithoutQuery(settings_.portal.url)}});
    threads_ = std::make_unique<DaemonThreads>(loop_, *fs_, clock_, random_);
    const DaemonWorld world{loop_,
                            [this](std::function<void()> fn) { loop_.Post(std::move(fn)); },
                            threads_->readers(),
                            *threads_,
                            *fs_,
                            clock_,
                            random_,
                            log_,
                            *ledger_,
                            *line_,
                            &threads_->fingerprints()};
    daemon_ = std::make_unique<Daemon>(world, settings_, token_,
                                       [this](const Job& job, const Progress& progress) { OnChange(job, progress); });
    daemon_->UseProvenanceKey(options_.provenance_key);
    lookout_ = std::make_unique<Lookout>(LookoutWorld{loop_, *fs_, clock_, log_, *ledger_, *daemon_, *line_, random_},
                                         settings_, options_.once);
    lookout_->Notify(options_.webhook, NetOptions());
    daemon_->Start([this] { OnReady(); }, [this](const Error& error) { NotRead(error); });
    if (options_.once) CheckOnce();
  }

  // It could be opened and then not be read: nothing has begun yet, not even the look over it.
  void NotRead(const Error& error) {
    if (stopping_) return;
    // Not from inside the daemon's own call.
    timer_ = loop_.After(milliseconds(0), [this, error] {
      ready_ = false;
      lookout_.reset();
      daemon_.reset();
      ledger_.reset();
      opener_.Unread(error);
    });
  }

  void TimeIsOver() {
    if (!std::exchange(time_is_over_, true)) {
      log_.Warning("daemon.timeout", "the time is over; what is left goes on with the next run");
      NameUnended();
    }
    if (daemon_ == nullptr) return End(ExitCode::kLeft);
    if (!lookout_->Settled()) {
      timeout_ = loop_.After(kOnceCheck, [this] { TimeIsOver(); });
      return;
    }
    StopWith(WorstOf({ExitCode::kLeft, report_.failed() + left_ > 0 ? ExitCode::kFailed : ExitCode::kDone}));
  }

  void OnChange(const Job& job, const Progress& progress) {
    if (options_.progress) board_.Show(job, progress);
    if (options_.once || options_.json) report_.Take(job);
    service_.Changed();
    if (lookout_ != nullptr) lookout_->OnChange(job);
    // A transfer's progress holds nothing.
    if (progress.done == 0) TidySoonAfterMany();
  }

  void TidySoonAfterMany() {
    if (++changes_ < kManyChanges || tidy_ || stopping_) return;
    tidy_ = loop_.After(kTidyAfter, [this] {
      const HandlePtr fired = std::move(tidy_);
      changes_ = 0;
      malloc_trim(0);
    });
  }

  void CheckOnce() {
    timer_ = loop_.After(kOnceCheck, [this] { CheckOnce(); });
    if (!daemon_->started() || stopping_ || time_is_over_) return;
    OnceFacts facts;
    facts.now = clock_.Mono();
    facts.started = started_;
    facts.intake_stopped = intake_stopped_;
    for (const Daemon::FolderView& view : daemon_->folders()) {
      facts.folders.push_back({view.settings->name, SettleOf(view), *view.state});
    }
    facts.overview = daemon_->overview();
    facts.failed = report_.failed();
    facts.left = left_;
    const OnceDecision decision = DecideOnce(facts);
    if (decision.step != OnceStep::kEnd) lookout_->GoesOn();
    if (decision.step == OnceStep::kStopIntake && !stopping_intake_) {
      stopping_intake_ = true;
      NameWhatIsLeft(facts);
      daemon_->StopIntake([this] { intake_stopped_ = true; });
    } else if (decision.step == OnceStep::kEnd) {
      if (!lookout_->Settled()) return;
      if (!decision.reason.empty()) {
        report_.NameUnfinished(log_);
        log_.Error("daemon.once", decision.reason + "; what is left goes on with the next run",
                   {{"unfinished", facts.overview.unfinished}});
      }
      StopWith(decision.code);
    }
  }

  // They count as refused only where they had their time.
  void NameUnended() {
    report_.NameUnfinished(log_);
    if (daemon_ == nullptr || !daemon_->started() || stopping_intake_) return;
    for (const Daemon::FolderView& view : daemon_->folders()) {
      for (const IntakeState::Pending& pending : view.state->pending) {
        if (pending.claiming) continue;
        report_.Leave(view.settings->name, pending.file_name, pending.reason);
        log_.Warning("artifact.left", "the file is not taken yet and was left where it is",
                     {{"folder", view.settings->name}, {"file", pending.file_name}, {"reason", pending.reason}});
      }
    }
  }

  void NameWhatIsLeft(const OnceFacts& facts) {
    for (const OnceFolder& folder : facts.folders) {
      if (!folder.state.open) {
        ++left_;
        report_.Leave(folder.name, "", folder.state.reason);
        log_.Error("folder.unusable", "the drop folder could not be opened",
                   {{"folder", folder.name}, {"reason", folder.state.reason}});
      }
      for (const IntakeState::Pending& pending : folder.state.pending) {
        if (pending.claiming) continue;  // carried to its row
        ++left_;
        report_.Leave(folder.name, pending.file_name, pending.reason);
        log_.Error("artifact.left", "the file is not whole and was left where it is",
                   {{"folder", folder.name}, {"file", pending.file_name}, {"reason", pending.reason}});
      }
    }
  }

  void OnStopSignal() {
    if (daemon_ == nullptr) return End(options_.once ? ExitCode::kLeft : ExitCode::kDone);
    log_.Info("daemon.stop", "stopping; what is left goes on after the next start");
    const bool work_left = options_.once && (!intake_stopped_ || daemon_->overview().unfinished > 0);
    const bool failures = options_.once && report_.failed() + left_ > 0;
    StopWith(WorstOf({work_left ? ExitCode::kLeft : ExitCode::kDone, failures ? ExitCode::kFailed : ExitCode::kDone}));
  }

  void StopWith(ExitCode code) {
    if (stopping_) return;
    stopping_ = true;
    if (check_ != nullptr) check_->Stop();
    service_.Stopping();
    code_ = code;
    timer_.reset();
    timeout_.reset();
    tidy_.reset();
    control_.reset();
    daemon_->Stop([this] { loop_.Stop(); });
    // A claim that hangs in a dead file system must not hold up the end.
    timer_ = loop_.After(kStopPatience, [this] { loop_.Stop(); });
  }

  void End(ExitCode code) {
    code_ = code;
    timer_.reset();
    opener_.Stop();
    loop_.Stop();
  }

  // The ledger first, while it still can; then everything else, which a hung file system may hold up: the alarm ends
  // that.
  void ShutDown() {
    timer_.reset();
    opener_.Stop();
    timeout_.reset();
    if (options_.json) report_.Print(code_);
    exit_code_for_alarm_ = static_cast<int>(code_);
    // Straight into the kernel: not even a sanitizer's last look may wait for, or complain of, a thread that hangs.
    std::signal(SIGALRM, [](int) { syscall(SYS_exit_group, exit_code_for_alarm_); });
    alarm(kCloseSeconds);
    control_.reset();
    if (lookout_ != nullptr) lookout_->Stop();
    if (ledger_ != nullptr) ledger_->WriteOut();
    // Stopped long ago, but it may hang in a read. Only after it is the ledger alone with its file, and can be closed
    // as it should be.
    check_.reset();
    ledger_reader_.reset();
    ledger_.reset();
    if (lookout_ != nullptr) lookout_->Close();
    daemon_.reset();
    threads_.reset();
    line_.reset();
    transfer_.reset();
    signals_.clear();
    alarm(0);
  }

  static inline volatile std::sig_atomic_t exit_code_for_alarm_ = 0;

  const Settings settings_;  // as at the start
  const Secret token_;       // likewise
  Secret proxy_token_;
  const RunOptions options_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<FileSystem> fs_;
  std::unique_ptr<AdjustableLog> lines_;
  ProgressBoard board_;
  Log& log_;
  EventLoop loop_;
  std::unique_ptr<ServiceManager> manager_;
  ServiceReport service_;
  WorkerPool config_reader_;
  Reloader reloader_;
  LedgerOpener opener_;
  std::unique_ptr<LedgerStore> ledger_;
  std::unique_ptr<WorkerPool> ledger_reader_;  // of a large ledger, for the check
  std::unique_ptr<LedgerCheck> check_;
  std::unique_ptr<Transfer> transfer_;
  std::unique_ptr<MeteredTransfer> line_;  // transfer_, counted
  std::unique_ptr<DaemonThreads> threads_;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<Lookout> lookout_;  // while there is a daemon
  std::unique_ptr<Control> control_;
  std::vector<HandlePtr> signals_;
  HandlePtr timer_;
  HandlePtr timeout_;
  HandlePtr tidy_;
  int changes_ = 0;  // since memory was given back
  RunReport report_;
  WallMs opened_ = 0;  // the ledger
  MonoMs started_ = 0;
  bool ready_ = false;
  bool reload_wanted_ = false;
  bool stopping_ = false;
  bool time_is_over_ = false;
  bool stopping_intake_ = false;
  bool intake_stopped_ = false;
  int left_ = 0;
  ExitCode code_ = ExitCode::kDone;
};

}  // namespace

ExitCode Run(const Settings& settings, Secret token, Secret proxy_token, const RunOptions& options) {
  KeepHeapSmall();
  return Runner(settings, std::move(token), std::move(proxy_token), options).Run();
}

}  // namespace tegodrop
