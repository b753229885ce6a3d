// A daemon's ledger in a process of its own, for tests that kill it, lock it out or read beside it.
//
// ledger_holder STATE_DIR: opens the ledger and says "ready"; then does what each line of standard input says, and
// answers "done": "insert N" (jobs job0, job1, … going on from run to run), "finish ID", "stream" (writes until the
// next line comes: 300 inserts, then changes). At the end of the input it closes the ledger and exits 0. Exits 75 where
// the ledger is locked.
#include <poll.h>
#include <sys/stat.h>

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <mutex>
#include <sstream>

#include "daemon/base/clock.h"
#include "daemon/ledger/sqlite_ledger.h"
#include "tests/unit/ledger/job_fields.h"

namespace {

using tegodrop::Job;

// The loop's queue, and nothing else of the loop.
class Answers {
 public:
  void Post(std::function<void()> fn) {
    const std::lock_guard lock(mutex_);
    due_.push_back(std::move(fn));
    wake_.notify_one();
  }
  void RunOne() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return !due_.empty(); });
    const std::function<void()> fn = std::move(due_.front());
    due_.pop_front();
    lock.unlock();
    fn();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> due_;
};

void Check(const tegodrop::Status& status) {
  if (status) return;
  std::cerr << status.error().message << std::endl;
  std::_Exit(1);
}

Job JobNumber(int number) {
  Job job = tegodrop::testing::FilledJob();
  job.id = "job" + std::to_string(number);
  job.artifact.file_name = job.id + ".apk";
  job.finished = false;
  return job;
}

bool LineWaits() {
  pollfd in{0, POLLIN, 0};
  return poll(&in, 1, 0) != 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  umask(0077);  // as the service has it
  const tegodrop::SystemClock clock;
  Answers answers;
  auto opened =
      tegodrop::OpenSqliteLedger(argv[1], clock, [&](std::function<void()> fn) { answers.Post(std::move(fn)); });
  if (!opened) {
    std::cerr << opened.error().message << std::endl;
    return opened.error().reason == tegodrop::LedgerOpenFailure::kLocked ? 75 : 78;
  }
  const std::unique_ptr<tegodrop::Ledger> ledger = std::move(*opened);
  int next = 0;
  ledger->LoadUnfinished([&](tegodrop::Result<std::vector<Job>> jobs) { next = static_cast<int>(jobs->size()); });
  answers.RunOne();
  const auto insert = [&] {
    ledger->Insert(JobNumber(next++), Check);
    answers.RunOne();
  };
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "insert") {
      int count = 0;
      words >> count;
      for (int i = 0; i < count; ++i) insert();
    } else if (verb == "finish") {
      int number = 0;
      words >> number;
      Job job = JobNumber(number);
      job.finished = true;
      ledger->Save(job, "finished", Check);
      answers.RunOne();
    } else if (verb == "stream") {
      for (int i = 0; !LineWaits(); ++i) {
        if (i < 300) {
          insert();
          continue;
        }
        Job job = JobNumber(i % next);
        job.sends = i;
        ledger->Save(job, "", Check);
        answers.RunOne();
      }
    }
    std::cout << "done" << std::endl;
  }
  return 0;
}
