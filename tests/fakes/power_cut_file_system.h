// The real file system, and what a power cut may take back of it: whatever was written and not synced.
//
// Every call goes to the file system below at once, on a real folder, and is remembered until it is durable:
//   what a file holds    by Sync of the file
//   its mode and group   by Sync (SyncFolder) of the file (folder) itself
//   a name               by SyncFolder of the folder that holds it; a moved one by that of the folder it went to
// Cut then brings the real tree into one of the states that the power's end may leave, chosen by the randomness given:
//   data    per file: all that was not synced is lost, or none, or all after some write (which may be torn), or any
//           writes in between, their places filled with zeros or with what stood there before
//   names   like a journal that commits in order (ext4, XFS): a random suffix of the changes since the last sync of
//           anything is undone; or like a file system that promises no more than POSIX: any of the changes whose own
//           folder was not synced, each for itself. A folder whose name is lost takes along what is in it.
// A rename is one change: undone or done, the file never under both names or under none. What is done past this object
// (the test's own drops) counts as durable.
//
// The real sync is left out: this machine keeps its power, and tests sync a lot.
//
// May be used by several threads. Descriptors that were got before Cut are of no use after it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/random.h"
#include "daemon/disk/file_system.h"

namespace tegodrop::testing {

class PowerCutFileSystem final : public FileSystem {
 public:
  // `aside`: a folder on the same file system as all that is used, outside of it; removed content is kept there (by
  // hard links) while its removal is not durable. Made here and emptied at the end. `below` must outlive it.
  PowerCutFileSystem(FileSystem& below, std::string aside);
  ~PowerCutFileSystem() override;
  PowerCutFileSystem(const PowerCutFileSystem&) = delete;
  PowerCutFileSystem& operator=(const PowerCutFileSystem&) = delete;

  // From now on every call but Close fails and does nothing, so that who still runs cannot change the tree.
  void Die();
  bool dead() const;
  // The power's end and its return: see above. Afterwards everything that stands counts as durable, and calls work.
  void Cut(Random& random);
  // As if everything had been synced.
  void ForgetAll();
  // Changes that a cut may take back now, for tests of what must leave none.
  std::size_t pending() const;

  Result<Fd> OpenFolder(const std::string& path) override;
  Result<Fd> OpenFolderAt(int dir, const std::string& name) override;
  Result<Fd> OpenFileAt(int dir, const std::string& name) override;
  Result<Fd> OpenToWriteAt(int dir, const std::string& name) override;
  Result<Fd> CreateAt(int dir, const std::string& name, mode_t mode) override;
  Status MakeFolderAt(int dir, const std::string& name, mode_t mode) override;
  Result<FileStat> Stat(int fd) override;
  Result<FileStat> StatAt(int dir, const std::string& name) override;
  Result<FsType> TypeOf(int fd) override;
  Result<bool> MayChange(int dir) override;
  Result<std::uint64_t> FreeBytes(int fd) override;
  Status List(int dir, const std::function<bool(std::string_view, EntryType)>& visit) override;
  Result<std::size_t> ReadAt(int fd, void* to, std::size_t size, std::uint64_t offset) override;
  Status WriteAt(int fd, const void* from, std::size_t size, std::uint64_t offset) override;
  Status CutTo(int fd, std::uint64_t size) override;
  Status Reserve(int fd, std::uint64_t size) override;
  Status Sync(int fd) override;
  Status SyncFolder(int fd) override;
  Status Close(Fd fd) override;
  Status MoveAt(int from_dir, const std::string& from, int to_dir, const std::string& to) override;
  Status RenameAt(int from_dir, const std::string& from, int to_dir, const std::string& to) override;
  Status RemoveAt(int dir, const std::string& name) override;
  Status RemoveFolderAt(int dir, const std::string& name) override;
  Status SetModeAndGroup(int fd, mode_t mode, gid_t group) override;
  Status TouchAt(int dir, const std::string& name) override;
  Writers ProbeWriters(int fd) override;

 private:
  using FileId = std::pair<dev_t, ino_t>;

  // A folder that changes stand in. Undoing its removal makes another one of it: all that refer to it follow.
  struct Folder {
    Fd fd;
  };
  using FolderPtr = std::shared_ptr<Folder>;

  enum class Kind { kCreate, kMakeFolder, kMove, kRemove, kRemoveFolder, kMode };
  struct Change {
    Kind kind = Kind::kCreate;
    FolderPtr dir;     // that the name is in (came from)
    std::string name;  //
    FileId id;         // of what has (had) the name
    FolderPtr to;      // of a move
    std::string to_name;
    std::string aside;  // the kept content of what was removed or replaced; empty where there is none
    FolderPtr self;     // of a folder that was removed
    Fd fd;              // of what changed its mode
    mode_t mode = 0;    // before; of a removed folder too
    gid_t group = 0;
    FileId synced_by;        // whose sync makes it durable
    bool journaled = false;  // something was synced since
  };

  // One write since the file's last sync.
  struct Write {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::string before;  // what stood there, as far as the file reached
    std::uint64_t size_before = 0;
  };
  struct File {
    Fd fd;
    std::vector<Write> writes;
  };

  // What stands at these bytes is about to change; mutex_ is held.
  void Overwrites(int fd, std::uint64_t offset, std::uint64_t size);
  static FileId IdOf(int fd);
  static FileId IdAt(int dir, const std::string& name);
  FolderPtr FolderOf(int dir);
  Change& Add(Kind kind, int dir, const std::string& name, FileId id, FileId synced_by);
  std::string KeepAside(int dir, const std::string& name);
  void Drop(const Change& change);
  void Synced(FileId id);
  Status Alive() const;

  void UndoNames(Random& random);
  static void UndoWrites(const File& file, Random& random);
  void Undo(const Change& change);
  void UndoMakeFolder(const Change& change);
  void PutBack(const Change& change, int dir, const std::string& name) const;
  static void RemoveTree(int dir, const std::string& name);
  void StartAnew();

  FileSystem& below_;
  const std::string aside_;
  mutable std::mutex mutex_;  // guards all that follows, and that the calls below come in the order of `changes_`
  bool dead_ = false;
  Fd aside_fd_;
  std::uint64_t kept_ = 0;
  std::vector<Change> changes_;  // names and modes, oldest first
  std::map<FileId, File> files_;
  std::map<FileId, std::weak_ptr<Folder>> folders_;
};

}  // namespace tegodrop::testing
