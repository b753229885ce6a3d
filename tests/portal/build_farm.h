// Builds: what was received waits, runs through its stages on the simulator's clock, and is rewritten when its time is
// up. A thread of its own does the rewriting.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "tests/portal/clock.h"
#include "tests/portal/settings.h"
#include "tests/portal/storage.h"
#include "tests/portal/uploads.h"

namespace tegodrop::sim {

struct Build {
  int64_t id = 0;
  Identity identity;
  std::optional<SigningKey> signing_key;
  std::shared_ptr<StoredFile> source;
  double received = 0;     // SimClock::Now()
  double progress = 0;     // seconds it has run
  bool making = false;     // the thread is at work on it
  bool resetting = false;  // ended, and about to end again

  std::optional<bool> success;
  bool signed_build = false;
  std::string end_status;  // status_message once it has ended
  std::optional<std::string> error_message;
  std::optional<std::string> signing_error_message;
  std::optional<int64_t> end_time;
  std::shared_ptr<StoredFile> output;
  int64_t output_size = 0;  // less than the file's when the output is damaged
  std::string etag;

  bool signing_file = false;  // signed with its application's signing file, if it is signed at all
  bool counted = false;       // ended once for good
  bool deleted = false;
  bool row_kept = false;  // deleted, but shown

  bool IsAtWork() const { return !success.has_value() || resetting || making; }
};

// Everything but the constructor, Start and Stop is called with the mutex held.
class BuildFarm {
 public:
  // All outlive the farm. `ended` hears, with the mutex held, of each build that has ended for good; once.
  BuildFarm(std::mutex* mutex, SimClock* clock, const Settings* settings, Storage* storage,
            std::function<void(const Build&)> ended)
      : mutex_(mutex), clock_(clock), settings_(settings), storage_(storage), ended_(std::move(ended)) {}
  ~BuildFarm() { Stop(); }
  BuildFarm(const BuildFarm&) = delete;
  BuildFarm& operator=(const BuildFarm&) = delete;

  void Start();
  // Ends the thread; the rewriting under way is given up.
  void Stop();

  void Queue(const Grant& grant, std::shared_ptr<StoredFile> source);
  // The build's output goes, and its row unless that is kept. Not for one that is at work.
  void Delete(int64_t id, bool keep_row);
  // Puts a build that has completed back; after build_seconds it ends anew, signed.
  void SignAgain(int64_t id);
  // The next build that succeeds for good has these bytes for its output, whatever was uploaded and whatever
  // build_result makes of outputs ("damaged" still cuts them). Of several the first comes first.
  void GiveOutput(std::shared_ptr<StoredFile> output) { given_.push_back(std::move(output)); }
  int64_t GivenLeft() const { return static_cast<int64_t>(given_.size()); }
  // Lets builds have run up to now. To be called before the clock or a switch is changed, and Wake() after it.
  void CatchUp();
  void Wake() { changed_.notify_all(); }
  // Waits until no build whose time is up is still in progress. `lock` holds the mutex.
  void WaitUntilSettled(std::unique_lock<std::mutex>* lock);
  // Fails builds that have been in progress for longer than worker_timeout.
  void EndStuckBuilds();

  // Queued or running.
  int64_t InProgress() const;
  // "Queued", "Analyzing", "Protecting", "Signing", or how it ended.
  std::string_view StatusMessage(const Build& build) const;
  // Whether the history shows it yet.
  bool IsShown(const Build& build) const {
    return clock_->Now() >= build.received + settings_->history_lag && (!build.deleted || build.row_kept);
  }
  const std::deque<Build>& all() const { return builds_; }

 private:
  void Run();
  bool IsDue(const Build& build) const;
  Build* NextDue();
  std::optional<double> SecondsToNextDue() const;
  void Make(Build* build, std::unique_lock<std::mutex>* lock);
  // What a build whose result is `result` has for its output, where the rewriting made `made`.
  std::shared_ptr<StoredFile> OutputOf(const Build& build, const std::string& result, std::shared_ptr<StoredFile> made);
  void SucceedAs(const std::string& result, Build* build);
  void End(Build* build, bool success, std::string_view status);

  std::mutex* mutex_;
  SimClock* clock_;
  const Settings* settings_;
  Storage* storage_;
  std::function<void(const Build&)> ended_;

  std::deque<Build> builds_;  // never erased: pointers into it stay good
  std::deque<std::shared_ptr<StoredFile>> given_;
  double caught_up_ = 0;
  std::atomic<bool> stopping_{false};  // set under the mutex
  std::condition_variable changed_;
  std::condition_variable settled_;
  std::thread thread_;
};

}  // namespace tegodrop::sim
