#include "daemon/ledger/sqlite_ledger.h"

#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "daemon/ledger/ledger_rows.h"
#include "daemon/ledger/open_ledger.h"
#include "daemon/ledger/watch_rows.h"

namespace tegodrop {
namespace {

using Post = std::function<void(std::function<void()>)>;

// To whoever works on a job "corrupt" would speak of the job's own bytes: a damaged ledger is trouble of this disk.
template <typename T>
Result<T> AsAnswer(Result<T> result) {
  if (!result && result.error().kind == ErrorKind::kCorrupt) {
    result.error().kind = ErrorKind::kLocalDisk;
    result.error().message += "; stop the daemon, and see what its next start says";
  }
  return result;
}

// Runs what it is given on one thread, in order.
class LedgerThread {
 public:
  LedgerThread() {
    // Signals belong to the loop's thread.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      thread_ = std::thread([this] { Work(); });
      pthread_setname_np(thread_.native_handle(), "ledger");
    } catch (const std::system_error&) {
      // No thread to be had: joinable() tells.
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  // Runs what is queued, then ends.
  ~LedgerThread() { Finish(); }
  LedgerThread(const LedgerThread&) = delete;
  LedgerThread& operator=(const LedgerThread&) = delete;

  void Finish() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  bool working() const { return thread_.joinable(); }

  // Dropped once it has ended.
  void Run(std::function<void()> work) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      queue_.push_back(std::move(work));
    }
    wake_.notify_one();
  }

 private:
  void Work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      std::function<void()> next = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      next();
      next = nullptr;
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::thread thread_;
};

class SqliteLedger final : public LedgerStore {
 public:
  // `thread`: what `run` gives its work to, where that is this ledger's own.
  SqliteLedger(OpenedLedger file, std::string state_dir, const Clock& clock, std::unique_ptr<LedgerThread> thread,
               Post run, Post post)
      : file_(std::move(file)),
        state_dir_(std::move(state_dir)),
        clock_(clock),
        thread_(std::move(thread)),
        run_(std::move(run)),
        post_(std::move(post)) {}

  ~SqliteLedger() override {
    *alive_ = false;
    WriteOut();
    file_.looked_over = looked_over();
    CloseLedgerFile(std::move(file_), state_dir_);
  }

  void Insert(const Job& job, Done done) override {
    Ask<void>([this, job, now = clock_.Wall()] { return InsertJob(file_.db, job, now); }, std::move(done));
  }
  void Save(const Job& job, const std::string& note, Done done) override {
    Ask<void>([this, job, note, now = clock_.Wall()] { return SaveJob(file_.db, job, note, now); }, std::move(done));
  }
  void Remove(const std::string& job_id, Done done) override {
    Ask<void>([this, job_id] { return RemoveJob(file_.db, job_id); }, std::move(done));
  }
  void LoadUnfinished(std::function<void(Result<std::vector<Job>>)> done) override {
    Ask<std::vector<Job>>([this] { return UnfinishedJobs(file_.db); }, std::move(done));
  }
  void FindDelivered(const Job& job, std::function<void(Result<std::optional<Job>>)> done) override {
    Ask<std::optional<Job>>([this, job] { return DeliveredJob(file_.db, job); }, std::move(done));
  }
  void LoadFolders(std::function<void(Result<std::vector<FolderRecord>>)> done) override {
    Ask<std::vector<FolderRecord>>([this] { return FolderRows(file_.db); }, std::move(done));
  }
  void SaveFolder(const FolderRecord& folder, Done done) override {
    Ask<void>([this, folder] { return SaveFolderRow(file_.db, folder); }, std::move(done));
  }
  void LoadKept(const std::string& folder, std::function<void(Result<std::vector<KeptArtifact>>)> done) override {
    Ask<std::vector<KeptArtifact>>([this, folder] { return KeptRows(file_.db, folder); }, std::move(done));
  }
  void SaveKept(const KeptArtifact& kept, Done done) override {
    Ask<void>([this, kept] { return SaveKeptRow(file_.db, kept); }, std::move(done));
  }
  void Find(const std::string& id, std::function<void(Result<std::vector<Job>>)> done) override {
    Ask<std::vector<Job>>([this, id] { return JobsByPrefix(file_.db, id); }, std::move(done));
  }
  void LoadFailed(std::function<void(Result<std::vector<std::string>>)> done) override {
    Ask<std::vector<std::string>>([this] { return FailedIds(file_.db); }, std::move(done));
  }
  void LoadClaims(const std::string& drop_path, std::function<void(Result<std::vector<std::string>>)> done) override {
    Ask<std::vector<std::string>>([this, drop_path] { return ClaimedIds(file_.db, drop_path); }, std::move(done));
  }
  void LoadOutputs(std::function<void(Result<std::vector<OutputRecord>>)> done) override {
    Ask<std::vector<OutputRecord>>([this] { return OutputRows(file_.db); }, std::move(done));
  }
  void SaveOutput(const OutputRecord& output, Done done) override {
    Ask<void>([this, output] { return SaveOutputRow(file_.db, output); }, std::move(done));
  }
  void RemoveOutput(const std::string& path, Done done) override {
    Ask<void>([this, path] { return RemoveOutputRow(file_.db, path); }, std::move(done));
  }
  void LoadPauses(std::function<void(Result<std::vector<Pause>>)> done) override {
    Ask<std::vector<Pause>>([this] { return PauseRows(file_.db); }, std::move(done));
  }
  void SavePause(const Pause& pause, Done done) override {
    Ask<void>([this, pause] { return SavePauseRow(file_.db, pause); }, std::move(done));
  }
  void RemovePause(const std::string& folder, Done done) override {
    Ask<void>([this, folder] { return RemovePauseRow(file_.db, folder); }, std::move(done));
  }
  void SaveNotice(const Notice& notice, Done done) override {
    Ask<void>([this, notice] { return SaveNoticeRow(file_.db, notice); }, std::move(done));
  }
  void RemoveNotice(const std::string& name, Done done) override {
    Ask<void>([this, name] { return RemoveNoticeRow(file_.db, name); }, std::move(done));
  }
  void RemoveNotices(const std::string& prefix, Done done) override {
    Ask<void>([this, prefix] { return RemoveNoticeRows(file_.db, prefix); }, std::move(done));
  }
  void LoadIgnored(const std::string& folder, std::function<void(Result<std::vector<std::string>>)> done) override {
    Ask<std::vector<std::string>>([this, folder] { return IgnoredRows(file_.db, folder); }, std::move(done));
  }
  void SaveIgnored(const std::string& folder, std::vector<std::string> files, Done done) override {
    Ask<void>([this, folder, files = std::move(files)] { return SaveIgnoredRows(file_.db, folder, files); },
              std::move(done));
  }
  void LoadOutcomes(std::function<void(Result<std::vector<OutcomeCount>>)> done) override {
    Ask<std::vector<OutcomeCount>>([this] { return OutcomeRows(file_.db); }, std::move(done));
  }
  void LoadOutbox(std::function<void(Result<OutboxContent>)> done) override {
    Ask<OutboxContent>([this] { return OutboxRows(file_.db); }, std::move(done));
  }
  void AddEvent(const OutboxEvent& event, const std::string& mark, Done done) override {
    Ask<void>([this, event, mark] { return AddEventRow(file_.db, event, mark); }, std::move(done));
  }
  void RemoveEvents(std::vector<std::int64_t> numbers, Done done) override {
    Ask<void>([this, numbers = std::move(numbers)] { return RemoveEventRows(file_.db, numbers); }, std::move(done));
  }
  void RemoveMark(const std::string& mark, Done done) override {
    Ask<void>([this, mark] { return RemoveMarkRow(file_.db, mark); }, std::move(done));
  }

  bool looked_over() const override { return looked_over_ && !suspect_; }
  void SetLookedOver() override { looked_over_ = true; }
  void WriteOut() override {
    if (thread_) thread_->Finish();
  }

 private:
  // What a call has met in it since it was looked over is not in what that look has seen.
  template <typename T>
  Result<T> Noted(Result<T> result) {
    if (!result && (result.error().kind == ErrorKind::kCorrupt || result.error().sys == EIO)) suspect_ = true;
    return result;
  }
  // Queues `work`, and its answer for the loop.
  template <typename T>
  void Ask(std::function<Result<T>()> work, std::function<void(Result<T>)> done) {
    // `done` is moved from queue to loop: it is run and destroyed on the loop alone.
    run_([this, work = std::move(work), done = std::move(done)]() mutable {
      post_([alive = alive_, answer = AsAnswer(Noted(work())), done = std::move(done)]() mutable {
        if (*alive && done) done(std::move(answer));
      });
    });
  }

  OpenedLedger file_;  // belongs to whoever runs the work
  const std::string state_dir_;
  const Clock& clock_;
  std::unique_ptr<LedgerThread> thread_;
  const Post run_;
  const Post post_;
  // Read and written on the loop alone; the work only hands it on.
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  bool looked_over_ = file_.looked_over;  // likewise
  std::atomic<bool> suspect_ = false;
};

}  // namespace

tl::expected<std::unique_ptr<LedgerStore>, LedgerOpenError> OpenSqliteLedger(
    const std::string& state_dir, const Clock& clock, std::function<void(std::function<void()>)> post) {
  tl::expected<OpenedLedger, LedgerOpenError> file = OpenLedgerFile(state_dir, LedgerMigrations());
  if (!file) return tl::unexpected(std::move(file.error()));
  auto thread = std::make_unique<LedgerThread>();
  if (!thread->working()) {
    return tl::unexpected(
        LedgerOpenError{LedgerOpenFailure::kDiskTrouble, "the system gives no thread for the ledger"});
  }
  auto run = [raw = thread.get()](std::function<void()> work) { raw->Run(std::move(work)); };
  return std::make_unique<SqliteLedger>(std::move(*file), state_dir, clock, std::move(thread), std::move(run),
                                        std::move(post));
}

tl::expected<std::unique_ptr<LedgerStore>, LedgerOpenError> OpenSqliteLedgerOn(
    const std::string& state_dir, const Clock& clock, std::function<void(std::function<void()>)> run,
    std::function<void(std::function<void()>)> post) {
  tl::expected<OpenedLedger, LedgerOpenError> file = OpenLedgerFile(state_dir, LedgerMigrations());
  if (!file) return tl::unexpected(std::move(file.error()));
  return std::make_unique<SqliteLedger>(std::move(*file), state_dir, clock, nullptr, std::move(run), std::move(post));
}

}  // namespace tegodrop
