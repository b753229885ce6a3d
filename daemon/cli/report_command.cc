#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>

#include "daemon/base/clock.h"
#include "daemon/base/host_name.h"
#include "daemon/base/text.h"
#include "daemon/cli/commands.h"
#include "daemon/disk/file_system.h"
#include "daemon/disk/whole_file.h"
#include "daemon/ledger/history.h"
#include "daemon/ledger/state_disk.h"
#include "daemon/report/html.h"
#include "daemon/report/json.h"
#include "daemon/report/report.h"
#include "daemon/report/shown.h"
#include "daemon/report/text.h"

namespace tegodrop {
namespace {

// Who may not see it gets no guess.
DaemonState SeenDaemon(const std::string& state_dir) {
  const Result<LedgerUse> use = LookAtLedgerUse(state_dir);
  if (!use) return {};
  return {use->open ? DaemonState::Known::kRuns : DaemonState::Known::kDoesNotRun, use->since, use->process};
}

// As any program would make it; one that is there keeps its mode.
Result<mode_t> ModeFor(FileSystem& fs, int dir, const std::string& name, const std::string& path) {
  const Result<FileStat> there = fs.StatAt(dir, name);
  if (there && !there->IsRegular()) {
    return Fail(ErrorKind::kRejected, Printable(path) + " is there and is no regular file: name another one");
  }
  if (there) return there->mode & 0777;
  if (there.error().sys != ENOENT) return Fail(there.error());
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

Status WritePage(const std::string& file, const std::string& page) {
  const std::filesystem::path path(file);
  const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
  const std::string name = path.filename().string();
  if (name.empty()) return Fail(ErrorKind::kRejected, Printable(file) + " is a folder: name a file");
  const std::unique_ptr<FileSystem> fs = MakePosixFileSystem();
  const Result<Fd> dir = fs->OpenFolder(folder);
  if (!dir) return Fail(dir.error());
  const Result<mode_t> mode = ModeFor(*fs, dir->get(), name, file);
  if (!mode) return Fail(mode.error());
  const std::string temp = "." + name.substr(0, 200) + "." + std::to_string(getpid()) + ".tmp";
  return ReplaceWhole(*fs, dir->get(), temp, name, page, *mode, std::nullopt);
}

bool Print(const std::string& text) { return std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0; }

// Standard output is an output too.
ExitCode Show(const CommandLine& line, const Report& report) {
  const bool page_to_stdout = line.html == "-";
  if (!line.html.empty() && !page_to_stdout) {
    if (Status written = WritePage(line.html, ReportHtml(report)); !written) {
      std::fprintf(stderr, "tegodrop: the page was not written: %s\n", written.error().message.c_str());
      return ExitCode::kOutput;
    }
  }
  const bool printed = line.json           ? Print(ReportJson(report))
                       : page_to_stdout    ? Print(ReportHtml(report))
                       : line.html.empty() ? Print(ReportText(report))
                                           : Print(Printable(Verdict(report)) + "\n");
  if (printed) return ExitCode::kDone;
  std::fprintf(stderr, "tegodrop: standard output cannot be written\n");
  return ExitCode::kOutput;
}

}  // namespace

ExitCode ReportCommand(const CommandLine& line) {
  const std::optional<Settings> settings = LoadSettings(line.config, true);
  if (!settings) return ExitCode::kConfig;
  ReportInput input;
  input.to = SystemClock().Wall();
  input.from = input.to - line.since.count();
  input.host = HostName();
  const std::string disk = StateDiskTrouble(settings->state_dir);
  if (!disk.empty()) std::fprintf(stderr, "tegodrop: %s\n", disk.c_str());
  auto history = ReadHistory(settings->state_dir, input.from);
  if (history) {
    input.history = std::move(*history);
  } else if (history.error().sys == ENOENT) {
    std::fprintf(stderr, "tegodrop: there is no ledger in %s yet: nothing has run\n",
                 Printable(settings->state_dir).c_str());
  } else {
    return LedgerUnreadable(*settings, history.error());
  }
  input.daemon = SeenDaemon(settings->state_dir);
  input.folders = ShownFolders(*settings, input.history.folders, input.history.pauses);
  // The daemon cannot record that the ledger's disk holds it up.
  if (!disk.empty()) input.history.notices.push_back({"the ledger's disk", disk, 0});
  return Show(line, MakeReport(std::move(input)));
}

}  // namespace tegodrop
