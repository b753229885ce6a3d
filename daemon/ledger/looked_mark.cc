#include "daemon/ledger/looked_mark.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>

#include "daemon/disk/file_system.h"
#include "daemon/disk/whole_file.h"
#include "daemon/ledger/ledger_files.h"

namespace tegodrop {
namespace {

constexpr std::size_t kLongest = 128;

// ctime too: a copy that is written over the file may be given the old times, but not that one.
Result<std::string> NameOf(const std::string& ledger) {
  constexpr std::int64_t kNanos = 1'000'000'000;
  struct stat st {};
  if (stat(ledger.c_str(), &st) != 0) return FailPosix("cannot look at", ledger, errno);
  std::string name = std::to_string(st.st_ino) + " " + std::to_string(st.st_size);
  for (const timespec& at : {st.st_mtim, st.st_ctim}) name += " " + std::to_string(at.tv_sec * kNanos + at.tv_nsec);
  return name + "\n";
}

}  // namespace

bool HasLookedMark(const std::string& state_dir) {
  const std::unique_ptr<FileSystem> fs = MakePosixFileSystem();
  const Result<Fd> folder = fs->OpenFolder(state_dir);
  if (!folder) return false;
  const Result<std::string> mark = ReadWhole(*fs, folder->get(), kLookedMark, kLongest);
  const Result<std::string> name = NameOf(LedgerPath(state_dir));
  return mark && name && *mark == *name;
}

Status MakeLookedMark(const std::string& state_dir) {
  const std::unique_ptr<FileSystem> fs = MakePosixFileSystem();
  const Result<Fd> folder = fs->OpenFolder(state_dir);
  if (!folder) return Fail(folder.error());
  const Result<std::string> name = NameOf(LedgerPath(state_dir));
  if (!name) return Fail(name.error());
  return ReplaceWhole(*fs, folder->get(), kLookedMarkPart, kLookedMark, *name, 0640, std::nullopt);
}

Status RemoveLookedMark(const std::string& state_dir) {
  bool removed = false;
  for (const char* name : {kLookedMark, kLookedMarkPart}) {
    const std::string path = state_dir + "/" + name;
    if (unlink(path.c_str()) == 0) {
      removed = true;
    } else if (errno != ENOENT && errno != EISDIR) {  // a folder of that name is no mark
      return FailPosix("cannot remove", path, errno);
    }
  }
  return removed ? SyncFolderOf(LedgerPath(state_dir)) : Status();
}

}  // namespace tegodrop
