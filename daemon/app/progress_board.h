// A line for each artifact on a terminal, redrawn in place; log lines pass above it.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/conductor/active_job.h"
#include "daemon/model/job.h"

namespace tegodrop {

// Use from the loop's thread, but Write from any.
class ProgressBoard final : public Log {
 public:
  // `log` writes the lines themselves. Both must outlive it.
  ProgressBoard(Log& log, const Clock& clock) : log_(log), clock_(clock) {}

  void Write(LogLevel level, std::string_view event, std::string_view message,
             std::initializer_list<LogField> fields) override;

  // Shows what the job does now; a finished one's line stays for good and scrolls away.
  void Show(const Job& job, const Progress& progress);

 private:
  void Erase();
  void Draw();

  Log& log_;
  const Clock& clock_;
  std::map<std::string, std::string> lines_;  // by job id
  std::size_t drawn_ = 0;                     // lines on the screen at the moment
  MonoMs drawn_at_ = 0;
};

// "app.apk  uploading  1.2 MiB of 4.0 MiB", without a line end.
std::string ProgressLine(const Job& job, const Progress& progress);

}  // namespace tegodrop
