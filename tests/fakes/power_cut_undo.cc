// What the power's end takes back.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "tests/fakes/power_cut_file_system.h"

namespace tegodrop::testing {
namespace {

void PutAt(int fd, const std::string& bytes, std::uint64_t offset) {
  EXPECT_EQ(pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)), static_cast<ssize_t>(bytes.size()));
}

void SetSize(int fd, std::uint64_t size) { EXPECT_EQ(ftruncate(fd, static_cast<off_t>(size)), 0); }

}  // namespace

void PowerCutFileSystem::Cut(Random& random) {
  const std::lock_guard lock(mutex_);
  // Before the names: a file that is lost by its name too may be the only one with this number.
  for (const auto& [id, file] : files_) UndoWrites(file, random);
  UndoNames(random);
  StartAnew();
}

void PowerCutFileSystem::UndoWrites(const File& file, Random& random) {
  const int fd = file.fd.get();
  const std::size_t count = file.writes.size();
  enum Way { kAll, kNone, kSuffix, kAny };
  const auto way = static_cast<Way>(random.Below(4));
  if (way == kNone) return;
  const std::size_t kept = way == kSuffix ? random.Below(count + 1) : 0;
  struct stat st {};
  EXPECT_EQ(fstat(fd, &st), 0);
  const auto full = static_cast<std::uint64_t>(st.st_size);
  for (std::size_t i = count; i > kept; --i) {
    const Write& write = file.writes[i - 1];
    if (way == kAny && random.Below(2) == 0) continue;
    // The first that is lost may be torn: its beginning stays.
    const std::uint64_t stays = way == kSuffix && i == kept + 1 ? random.Below(write.size) : 0;
    std::string before = write.before;
    before.resize(write.size, '\0');
    PutAt(fd, before.substr(stays), write.offset + stays);
    if (way != kAny) SetSize(fd, std::max(write.size_before, stays == 0 ? 0 : write.offset + stays));
  }
  // The file's size is data of its own, and may be there before the bytes are.
  if (way == kAny || random.Below(8) == 0) SetSize(fd, full);
}

void PowerCutFileSystem::UndoNames(Random& random) {
  const bool journal = random.Below(2) == 0;
  // Of what a journal has committed nothing is undone; where nothing is promised, everything may be.
  std::vector<const Change*> open;
  for (const Change& change : changes_) {
    if (!journal || !change.journaled) open.push_back(&change);
  }
  // One time in four all of it, so that the worst is never rare.
  const bool all = random.Below(4) == 0;
  const std::size_t kept = all ? 0 : random.Below(open.size() + 1);
  for (std::size_t i = open.size(); i > 0; --i) {
    const bool undone = journal ? i > kept : all || random.Below(2) == 0;
    if (undone) Undo(*open[i - 1]);
  }
}

// What was removed or replaced comes back under its name; where that is taken by now, it stays lost.
void PowerCutFileSystem::PutBack(const Change& change, int dir, const std::string& name) const {
  if (change.aside.empty()) return;
  [[maybe_unused]] const int taken = linkat(aside_fd_.get(), change.aside.c_str(), dir, name.c_str(), 0);
}

// Each only where things are as the change left them: what a later change that stays, or somebody else, has made of
// them stays too.
void PowerCutFileSystem::Undo(const Change& change) {
  const int dir = change.dir ? change.dir->fd.get() : -1;
  const char* name = change.name.c_str();
  switch (change.kind) {
    case Kind::kCreate:
      if (IdAt(dir, change.name) == change.id) unlinkat(dir, name, 0);
      return;
    case Kind::kMakeFolder:
      UndoMakeFolder(change);
      return;
    case Kind::kMove: {
      const int to = change.to->fd.get();
      if (IdAt(to, change.to_name) != change.id) return;
      if (renameat2(to, change.to_name.c_str(), dir, name, RENAME_NOREPLACE) != 0) return;
      PutBack(change, to, change.to_name);
      return;
    }
    case Kind::kRemove:
      PutBack(change, dir, change.name);
      return;
    case Kind::kRemoveFolder: {
      if (mkdirat(dir, name, 0700) != 0) return;
      Fd again(openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      EXPECT_TRUE(again.valid());
      [[maybe_unused]] const int ignored = fchown(again.get(), static_cast<uid_t>(-1), change.group);
      EXPECT_EQ(fchmod(again.get(), change.mode), 0);
      change.self->fd = std::move(again);
      return;
    }
    case Kind::kMode: {
      [[maybe_unused]] const int ignored = fchown(change.fd.get(), static_cast<uid_t>(-1), change.group);
      EXPECT_EQ(fchmod(change.fd.get(), change.mode), 0);
      return;
    }
  }
}

void PowerCutFileSystem::UndoMakeFolder(const Change& change) {
  const int dir = change.dir->fd.get();
  const bool ours = IdAt(dir, change.name) == change.id;
  // One whose removal was undone is another one by its number.
  const auto known = folders_.find(change.id);
  const FolderPtr self = known == folders_.end() ? nullptr : known->second.lock();
  if (ours || (self && IdOf(self->fd.get()) == IdAt(dir, change.name))) RemoveTree(dir, change.name);
}

void PowerCutFileSystem::RemoveTree(int dir, const std::string& name) {
  std::error_code error;
  std::filesystem::remove_all("/proc/self/fd/" + std::to_string(dir) + "/" + name, error);
  EXPECT_FALSE(error) << name << ": " << error.message();
}

}  // namespace tegodrop::testing
