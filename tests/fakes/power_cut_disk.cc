#include "tests/fakes/power_cut_disk.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace tegodrop::testing {
namespace {

// A write, or with `cut` a truncation to `at`.
struct Change {
  bool cut = false;
  std::uint64_t at = 0;
  std::string bytes;
};

struct Image {
  bool exists = false;  // durably
  std::string synced;
  std::vector<Change> changes;  // since the last sync
  bool removed = false;         // and not yet durably
};

void Apply(std::string& content, const Change& change, std::size_t from, std::size_t to) {
  if (change.cut) {
    content.resize(std::min<std::size_t>(content.size(), change.at));
    return;
  }
  if (from == to) return;
  if (content.size() < change.at + to) content.resize(change.at + to, '\0');
  content.replace(change.at + from, to - from, change.bytes, from, to - from);
}

std::string AfterCut(const Image& image, Random& random) {
  std::string content = image.synced;
  enum Way { kNothing, kAll, kPrefix, kAny };
  const auto way = static_cast<Way>(random.Below(4));
  if (way == kNothing) return content;
  const std::size_t count = image.changes.size();
  const std::size_t kept = way == kPrefix ? random.Below(count + 1) : count;
  for (std::size_t i = 0; i < kept; ++i) {
    const Change& change = image.changes[i];
    const std::size_t size = change.bytes.size();
    std::size_t from = 0;
    std::size_t to = size;
    const bool torn = (way == kPrefix && i + 1 == kept) || (way == kAny && random.Below(4) == 0);
    if (torn) (random.Below(2) == 0 ? from : to) = random.Below(size + 1);
    if (way == kAny && random.Below(2) == 0) continue;
    Apply(content, change, from, to);
  }
  return content;
}

}  // namespace

struct PowerCutDisk::State {
  mutable std::mutex mutex;  // guards all of it
  std::map<std::string, Image> files;
  bool dead = false;
  int die_at = 0;
  int fail_from = -1;
  int fail_code = SQLITE_OK;
  int syncs = 0;

  // What a call that changes a file must answer instead of working; `fault`: as on a broken disk too.
  int Trouble(int code, bool fault) {
    if (die_at > 0 && --die_at == 0) dead = true;
    if (dead) return code;
    if (!fault || fail_from < 0) return SQLITE_OK;
    if (fail_from > 0) --fail_from;
    return fail_from == 0 ? fail_code : SQLITE_OK;
  }
  void Known(const std::string& path) {
    if (files.contains(path)) return;
    Image& image = files[path];
    std::ifstream file(path, std::ios::binary);
    image.exists = file.is_open();
    if (image.exists) image.synced.assign(std::istreambuf_iterator<char>(file), {});
  }
  // Of the folder that the file is in: names and removals are durable.
  void SyncFolderOf(const std::string& path) {
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    for (auto at = files.begin(); at != files.end();) {
      auto& [name, image] = *at;
      const bool here = name.rfind('/') + 1 == folder.size() && name.starts_with(folder);
      if (here && !image.removed) image.exists = true;
      at = here && image.removed ? files.erase(at) : std::next(at);
    }
  }
};

namespace {

sqlite3_vfs* real_vfs = nullptr;
sqlite3_vfs our_vfs{};
PowerCutDisk::State* disk = nullptr;

// What SQLite has of an open file: ours, and behind it the real one.
struct OpenFile {
  sqlite3_file base;
  std::string* path;  // nullptr for files that are not remembered (temporary ones)
};

OpenFile* Ours(sqlite3_file* file) { return reinterpret_cast<OpenFile*>(file); }
sqlite3_file* Real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(OpenFile));
}

int Close(sqlite3_file* file) {
  delete std::exchange(Ours(file)->path, nullptr);
  return Real(file)->pMethods->xClose(Real(file));
}
int Read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  return Real(file)->pMethods->xRead(Real(file), to, size, at);
}
int Write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  const std::lock_guard lock(disk->mutex);
  const int trouble = disk->Trouble(SQLITE_IOERR_WRITE, true);
  if (trouble != SQLITE_OK) return trouble;
  if (Ours(file)->path != nullptr) {
    const std::string bytes(static_cast<const char*>(from), static_cast<std::size_t>(size));
    disk->files[*Ours(file)->path].changes.push_back({false, static_cast<std::uint64_t>(at), bytes});
  }
  return Real(file)->pMethods->xWrite(Real(file), from, size, at);
}
int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  const std::lock_guard lock(disk->mutex);
  const int trouble = disk->Trouble(SQLITE_IOERR_TRUNCATE, true);
  if (trouble != SQLITE_OK) return trouble;
  if (Ours(file)->path != nullptr) {
    disk->files[*Ours(file)->path].changes.push_back({true, static_cast<std::uint64_t>(size), ""});
  }
  return Real(file)->pMethods->xTruncate(Real(file), size);
}
int Sync(sqlite3_file* file, int) {
  const std::lock_guard lock(disk->mutex);
  const int trouble = disk->Trouble(SQLITE_IOERR_FSYNC, true);
  if (trouble != SQLITE_OK) return trouble == disk->fail_code ? SQLITE_IOERR_FSYNC : trouble;
  ++disk->syncs;
  if (Ours(file)->path == nullptr) return SQLITE_OK;
  const std::string& path = *Ours(file)->path;
  Image& image = disk->files[path];
  for (const Change& change : image.changes) Apply(image.synced, change, 0, change.bytes.size());
  image.changes.clear();
  // As SQLite does with the first sync of a file that it made.
  if (!image.exists) disk->SyncFolderOf(path);
  return SQLITE_OK;
}
int FileSize(sqlite3_file* file, sqlite3_int64* size) { return Real(file)->pMethods->xFileSize(Real(file), size); }
int TakeLock(sqlite3_file* file, int level) { return Real(file)->pMethods->xLock(Real(file), level); }
int Unlock(sqlite3_file* file, int level) { return Real(file)->pMethods->xUnlock(Real(file), level); }
int CheckLock(sqlite3_file* file, int* held) { return Real(file)->pMethods->xCheckReservedLock(Real(file), held); }
int Control(sqlite3_file* file, int call, void* with) {
  // Both would write without our knowing.
  if (call == SQLITE_FCNTL_SIZE_HINT || call == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_OK;
  return Real(file)->pMethods->xFileControl(Real(file), call, with);
}
int SectorSize(sqlite3_file* file) { return Real(file)->pMethods->xSectorSize(Real(file)); }
int Traits(sqlite3_file* file) { return Real(file)->pMethods->xDeviceCharacteristics(Real(file)); }
int ShmMap(sqlite3_file* file, int region, int size, int extend, void volatile** to) {
  return Real(file)->pMethods->xShmMap(Real(file), region, size, extend, to);
}
int ShmLock(sqlite3_file* file, int at, int count, int flags) {
  return Real(file)->pMethods->xShmLock(Real(file), at, count, flags);
}
void ShmBarrier(sqlite3_file* file) { Real(file)->pMethods->xShmBarrier(Real(file)); }
int ShmUnmap(sqlite3_file* file, int remove) { return Real(file)->pMethods->xShmUnmap(Real(file), remove); }

// Version 2: without memory maps of the content. SQLite asks for the shared index of databases alone.
constexpr sqlite3_io_methods kMethods = {2,        Close,      Read,      Write,   Truncate,   Sync,   FileSize,
                                         TakeLock, Unlock,     CheckLock, Control, SectorSize, Traits, ShmMap,
                                         ShmLock,  ShmBarrier, ShmUnmap,  nullptr, nullptr};

int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  constexpr int kRemembered = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
  file->pMethods = nullptr;
  Ours(file)->path = nullptr;
  const std::lock_guard lock(disk->mutex);
  if (disk->dead && (flags & SQLITE_OPEN_CREATE) != 0 && access(name == nullptr ? "" : name, F_OK) != 0) {
    return SQLITE_CANTOPEN;
  }
  const bool remembered = name != nullptr && (flags & kRemembered) != 0;
  if (remembered) disk->Known(name);
  const int code = real_vfs->xOpen(real_vfs, name, Real(file), flags, out_flags);
  if (Real(file)->pMethods == nullptr) return code;
  file->pMethods = &kMethods;
  if (remembered) {
    Ours(file)->path = new std::string(name);
    Image& image = disk->files[name];
    if (std::exchange(image.removed, false)) image.changes.push_back({true, 0, ""});
  }
  return code;
}

int Delete(sqlite3_vfs*, const char* name, int sync_folder) {
  const std::lock_guard lock(disk->mutex);
  const int trouble = disk->Trouble(SQLITE_IOERR_DELETE, false);
  if (trouble != SQLITE_OK) return trouble;
  const int code = real_vfs->xDelete(real_vfs, name, 0);
  if (code != SQLITE_OK) return code;
  const auto image = disk->files.find(name);
  if (image != disk->files.end()) image->second.removed = true;
  if (sync_folder != 0) disk->SyncFolderOf(name);
  return code;
}

}  // namespace

// In the place of the C library's: whoever syncs a folder past SQLite makes durable what was made and removed there.
extern "C" int fsync(int fd) {
  struct stat st {};
  if (disk == nullptr || fstat(fd, &st) != 0 || !S_ISDIR(st.st_mode)) {
    return static_cast<int>(syscall(SYS_fsync, fd));
  }
  std::error_code error;
  const auto folder = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), error);
  const std::lock_guard lock(disk->mutex);
  if (disk->dead) {
    errno = EIO;
    return -1;
  }
  if (!error) disk->SyncFolderOf(folder.string() + "/");
  return 0;
}

PowerCutDisk::PowerCutDisk() : state_(std::make_unique<State>()) {
  sqlite3_initialize();
  disk = state_.get();
  real_vfs = sqlite3_vfs_find("unix");
  our_vfs = *real_vfs;
  our_vfs.pNext = nullptr;
  our_vfs.zName = "power-cut";
  our_vfs.szOsFile = real_vfs->szOsFile + static_cast<int>(sizeof(OpenFile));
  our_vfs.xOpen = Open;
  our_vfs.xDelete = Delete;
  sqlite3_vfs_register(&our_vfs, 1);
}

PowerCutDisk::~PowerCutDisk() {
  sqlite3_vfs_unregister(&our_vfs);
  sqlite3_vfs_register(real_vfs, 1);
  disk = nullptr;
}

void PowerCutDisk::Die() {
  const std::lock_guard lock(state_->mutex);
  state_->dead = true;
}

void PowerCutDisk::DieAt(int nth) {
  const std::lock_guard lock(state_->mutex);
  state_->die_at = nth;
}

bool PowerCutDisk::dead() const {
  const std::lock_guard lock(state_->mutex);
  return state_->dead;
}

void PowerCutDisk::Cut(Random& random) {
  const std::lock_guard lock(state_->mutex);
  for (const auto& [path, image] : state_->files) {
    // A new name that no sync has confirmed may be there all the same, and so may one that was removed.
    const bool there = image.exists ? !image.removed || random.Below(2) == 0 : !image.removed && random.Below(2) == 0;
    if (!there) {
      unlink(path.c_str());
      continue;
    }
    std::ofstream(path, std::ios::binary | std::ios::trunc) << AfterCut(image, random);
  }
  state_->files.clear();
}

void PowerCutDisk::Live() {
  const std::lock_guard lock(state_->mutex);
  state_->files.clear();
  state_->dead = false;
  state_->die_at = 0;
}

void PowerCutDisk::FailFrom(int nth, int code) {
  const std::lock_guard lock(state_->mutex);
  state_->fail_from = nth;
  state_->fail_code = code;
}

void PowerCutDisk::Heal() { FailFrom(-1, SQLITE_OK); }

bool PowerCutDisk::met() const {
  const std::lock_guard lock(state_->mutex);
  return state_->fail_from == 0;
}

int PowerCutDisk::unsynced() const {
  const std::lock_guard lock(state_->mutex);
  std::size_t count = 0;
  for (const auto& [path, image] : state_->files) count += image.changes.size();
  return static_cast<int>(count);
}

int PowerCutDisk::syncs() const {
  const std::lock_guard lock(state_->mutex);
  return state_->syncs;
}

}  // namespace tegodrop::testing
