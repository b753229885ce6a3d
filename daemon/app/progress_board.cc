#include "daemon/app/progress_board.h"

#include <cstdio>
#include <mutex>

#include "daemon/base/text.h"
#include "daemon/base/units.h"

namespace tegodrop {
namespace {

// Redrawing for every block that moves would cost more than the transfer.
constexpr MonoMs kLeastMsBetweenDraws = 100;
// More lines than a terminal has cannot be redrawn in place.
constexpr std::size_t kMostLines = 16;

// Log lines may come from workers.
std::mutex& Terminal() {
  static std::mutex mutex;
  return mutex;
}

std::string_view Verb(JobState state) {
  switch (state) {
    case JobState::kClaiming:
    case JobState::kClaimed:
    case JobState::kReclaiming:
      return "waiting";
    case JobState::kRequested:
    case JobState::kUploading:
    case JobState::kCompleting:
      return "uploading";
    case JobState::kConfirming:
      return "confirming";
    case JobState::kSubmitted:
    case JobState::kBuilding:
      return "building";
    case JobState::kBuilt:
    case JobState::kFetched:
      return "downloading";
    case JobState::kPublished:
    case JobState::kDelivered:
      return "delivered";
    case JobState::kFailed:
      return "failed";
    case JobState::kCancelled:
      return "cancelled";
  }
  return "";
}

}  // namespace

std::string ProgressLine(const Job& job, const Progress& progress) {
  std::string line = Printable(job.artifact.file_name) + "  " + std::string(Verb(job.state));
  if (!job.duplicate_of.empty()) return line + " already, as job " + Printable(job.duplicate_of);
  if (job.state == JobState::kDelivered || job.state == JobState::kPublished) {
    return line + "  " + Printable(job.target->output_path + "/" + job.output.protected_name);
  }
  if (job.failure) return line + "  " + Printable(job.failure->message);
  if (progress.done > 0) {
    line += "  " + HumanSize(progress.done);
    if (progress.total > 0) line += " of " + HumanSize(progress.total);
    return line;
  }
  const Waiting waiting = WaitingOf(job);
  return waiting.for_what.empty() ? line : line + "  " + Printable(waiting.for_what);
}

void ProgressBoard::Write(LogLevel level, std::string_view event, std::string_view message,
                          std::initializer_list<LogField> fields) {
  const std::lock_guard lock(Terminal());
  Erase();
  log_.Write(level, event, message, fields);
  Draw();
}

void ProgressBoard::Show(const Job& job, const Progress& progress) {
  const std::lock_guard lock(Terminal());
  const std::string line = ProgressLine(job, progress);
  if (job.finished) {
    Erase();
    lines_.erase(job.id);
    std::fprintf(stderr, "%s\n", line.c_str());
    return Draw();
  }
  std::string& shown = lines_[job.id];
  const bool bytes_only = progress.done > 0 && !shown.empty();
  shown = line;
  const MonoMs now = clock_.Mono();
  if (bytes_only && now - drawn_at_ < kLeastMsBetweenDraws) return;
  drawn_at_ = now;
  Erase();
  Draw();
}

// Up over what was drawn, clearing each line.
void ProgressBoard::Erase() {
  for (; drawn_ > 0; --drawn_) std::fputs("\x1b[1A\x1b[2K", stderr);
  std::fputs("\r", stderr);
}

void ProgressBoard::Draw() {
  for (const auto& [id, line] : lines_) {
    if (drawn_ == kMostLines) {
      std::fprintf(stderr, "  and %zu more\n", lines_.size() - drawn_);
      ++drawn_;
      break;
    }
    // One screen line each, or the way back up would be wrong.
    std::fprintf(stderr, "\x1b[?7l%s\x1b[?7h\n", line.c_str());
    ++drawn_;
  }
  std::fflush(stderr);
}

}  // namespace tegodrop
