// The report of each night: once the night is over and what it began has come to its end, a page and a JSON document
// appear in a folder. The page's name says of which night it is, so that no restart writes a second one.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/disk/file_system.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/task_runner.h"
#include "daemon/loop/timers.h"
#include "daemon/model/upload_window.h"
#include "daemon/report/report.h"

namespace tegodrop {

// All must outlive the MorningReport.
struct MorningWorld {
  TimerMaker& timers;
  const Clock& clock;
  Log& log;
  TaskRunner& writer;  // its own: reading a long night takes a while
  FileSystem& fs;
};

// How often at least it is looked whether a night is over: by the wall clock, which may jump.
inline constexpr std::chrono::milliseconds kLookForMorning = std::chrono::seconds(30);
// So long what a night began is waited for.
inline constexpr std::chrono::milliseconds kNightEndsWithin = std::chrono::hours(1);
// A night that was over while no daemon ran is told of so long after it.
inline constexpr std::chrono::milliseconds kTellNightFor = std::chrono::hours(24);

struct WrittenReport {
  std::string page;     // its path
  std::string verdict;  // empty: of one that an earlier life wrote
};

class MorningReport {
 public:
  // What happened from one time to another, which is now. Blocks; called by the writer.
  using Make = std::function<Result<Report>(WallMs from, WallMs to)>;

  // `folder`: absolute. `at_work`: whether a job goes on by itself. `written`: the page of a night is there, from now
  // on or since an earlier life, which may have told of it. Nothing is looked for before Watch.
  MorningReport(MorningWorld world, std::string folder, std::string host, Make make, std::function<bool()> at_work,
                std::function<void(const WrittenReport&)> written);
  void UseMake(Make make) { make_ = std::move(make); }
  MorningReport(const MorningReport&) = delete;
  MorningReport& operator=(const MorningReport&) = delete;

  // From now on there is a report when `nights` has closed, of what happened since it closed before.
  void Watch(UploadWindow nights);
  // The report of what happened since `from`, at once; named by the clocks of `nights`.
  void WriteNow(WallMs from, const UploadWindow& nights);
  // One is being written.
  bool busy() const { return writing_ != nullptr; }

 private:
  struct Task {
    std::string name;
    std::string before;  // of the night before; empty: none
    WallMs from = 0;     // unless the page of the night before is later
    WallMs to = 0;
    WallMs night = 0;   // its end
    bool ours = false;  // it ended in this life
  };
  struct Outcome {
    std::string trouble;   // and what to do; empty: none
    bool there = false;    // the page
    bool written = false;  // by us, now
    std::string verdict;
  };
  void Look();
  void Write(Task task);
  std::string NameOf(const std::string& stamp) const;
  static Outcome Put(FileSystem& fs, const std::string& folder, const Make& make, const Task& task);
  void Done(const Outcome& outcome, const Task& task);

  const MorningWorld world_;
  const std::string folder_;
  const std::string host_;
  Make make_;
  const std::function<bool()> at_work_;
  const std::function<void(const WrittenReport&)> written_;
  WallMs begun_;
  UploadWindow nights_;
  WallMs told_until_ = 0;  // the end of the last night that needs nothing more
  std::string trouble_;    // what was said last; empty: none
  HandlePtr timer_;
  HandlePtr writing_;
};

}  // namespace tegodrop
