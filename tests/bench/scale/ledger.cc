// Fills a ledger by the daemon's own code, so that it holds what so many jobs leave behind: every row, every line of
// their timelines, each write a transaction as the daemon's are.
//
//   scale_ledger STATE_DIR finished FIRST LAST  the delivered jobs of these numbers, one a second until now
//   scale_ledger STATE_DIR awaited  PORTAL TENANT DROP OUTPUT <LINES
//                                               a job in state submitted for each line
//                                               FILE_NAME<tab>START_TIME<tab>FILE_PATH
// Adds to what is there. In memory (/dev/shm) many times as fast as on a disk.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

#include "daemon/ledger/sqlite_ledger.h"
#include "tests/bench/parts/jobs.h"

namespace tegodrop::bench {
namespace {

class SetClock final : public Clock {
 public:
  explicit SetClock(WallMs now) : now_(now) {}
  WallMs Wall() const override { return now_; }
  MonoMs Mono() const override { return now_; }
  void Set(WallMs now) { now_ = now; }

 private:
  WallMs now_;
};

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "scale_ledger: %s\n", what.c_str());
  std::exit(1);
}

void Expect(const Status& status) {
  if (!status) Die(status.error().message);
}

class Writer {
 public:
  Writer(const std::string& state_dir, WallMs now) : clock_(now) {
    const auto at_once = [](const std::function<void()>& work) { work(); };
    auto opened = OpenSqliteLedgerOn(state_dir, clock_, at_once, at_once);
    if (!opened) Die(opened.error().message);
    ledger_ = std::move(*opened);
  }

  // Its changes are written from `at` on, 10 ms apart.
  void Write(Job job, const std::vector<Step>& steps, WallMs at) {
    clock_.Set(at);
    ledger_->Insert(job, Expect);
    Go(job, steps);
    last_ = std::move(job);
  }
  void GoOn(const std::vector<Step>& steps) { Go(last_, steps); }

 private:
  void Go(Job& job, const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      clock_.Set(clock_.Wall() + 10);
      step.change(job);
      ledger_->Save(job, step.note, Expect);
    }
  }

  SetClock clock_;
  std::unique_ptr<LedgerStore> ledger_;
  Job last_;
};

int Finished(const std::string& state_dir, std::int64_t first, std::int64_t last) {
  const Site site;
  const WallMs now = SystemClock().Wall();
  Writer writer(state_dir, now);
  for (std::int64_t number = first; number <= last; ++number) {
    const Sent sent = SentOf(site, number);
    const WallMs at = now - (last - number + 1) * 1000;
    writer.Write(ClaimedJob(site, sent, number, at), StepsToSubmitted(sent), at);
    writer.GoOn(StepsToDelivered(sent));
  }
  return 0;
}

int Awaited(const std::string& state_dir, const Site& site) {
  const WallMs now = SystemClock().Wall();
  Writer writer(state_dir, now);
  std::int64_t number = 1'000'000'000;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream fields(line);
    Sent sent;
    std::string start_time;
    if (!std::getline(fields, sent.file_name, '\t') || !std::getline(fields, start_time, '\t') ||
        !std::getline(fields, sent.file_path, '\t')) {
      Die("not a line of three fields: " + line);
    }
    sent.start_time = std::strtoll(start_time.c_str(), nullptr, 10);
    writer.Write(ClaimedJob(site, sent, ++number, now), StepsToSubmitted(sent), now);
  }
  return 0;
}

int Main(int argc, char** argv) {
  const std::string_view what = argc > 2 ? argv[2] : "";
  if (what == "finished" && argc == 5) {
    return Finished(argv[1], std::strtoll(argv[3], nullptr, 10), std::strtoll(argv[4], nullptr, 10));
  }
  if (what == "awaited" && argc == 7) {
    Site site;
    site.portal_url = argv[3];
    site.tenant = argv[4];
    site.drop_path = argv[5];
    site.output_path = argv[6];
    return Awaited(argv[1], site);
  }
  std::fprintf(
      stderr,
      "scale_ledger STATE_DIR finished FIRST LAST\nscale_ledger STATE_DIR awaited PORTAL TENANT DROP OUTPUT <LINES\n");
  return 64;
}

}  // namespace
}  // namespace tegodrop::bench

int main(int argc, char** argv) { return tegodrop::bench::Main(argc, argv); }
