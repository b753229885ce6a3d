// Files through the real file system: what may be opened, made, moved, and with which modes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>

#include "daemon/disk/file_system.h"
#include "tests/fakes/scratch_folder.h"

namespace tegodrop {
namespace {

using testing::ScratchFolder;

std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool Exists(const std::string& path) {
  struct stat st {};
  return lstat(path.c_str(), &st) == 0;
}

class PosixFiles : public ::testing::Test {
 protected:
  PosixFiles() : fs(MakePosixFileSystem()), dir(std::move(*fs->OpenFolder(scratch.path()))) {}

  int OpenErrno(const std::string& name) {
    const auto file = fs->OpenFileAt(dir.get(), name);
    return file ? 0 : file.error().sys;
  }

  ScratchFolder scratch;
  std::unique_ptr<FileSystem> fs;
  Fd dir;
};

TEST_F(PosixFiles, OpensAFileBelowItsFolder) {
  ASSERT_EQ(mkdir(scratch.Path("sub").c_str(), 0755), 0);
  scratch.Write("sub/a.apk", "PK", 0644);
  EXPECT_EQ(OpenErrno("sub/a.apk"), 0);
  EXPECT_EQ(OpenErrno("sub/none"), ENOENT);
}

TEST_F(PosixFiles, FollowsNoLinkAndLeavesNoFolder) {
  ASSERT_EQ(mkdir(scratch.Path("inner").c_str(), 0755), 0);
  scratch.Write("inner/a.apk", "PK", 0644);
  scratch.Write("outside", "secret", 0644);
  ASSERT_EQ(symlink("inner/a.apk", scratch.Path("file_link").c_str()), 0);
  ASSERT_EQ(symlink("inner", scratch.Path("folder_link").c_str()), 0);
  ASSERT_EQ(symlink("/etc", scratch.Path("inner/etc").c_str()), 0);
  EXPECT_EQ(OpenErrno("file_link"), ELOOP);
  EXPECT_EQ(OpenErrno("folder_link/a.apk"), ELOOP);
  EXPECT_EQ(OpenErrno("inner/etc/passwd"), ELOOP);
  const Fd inner = std::move(*fs->OpenFolderAt(dir.get(), "inner"));
  for (const std::string name : {"../outside", "..", "/etc/passwd"}) {
    const auto file = fs->OpenFileAt(inner.get(), name);
    ASSERT_FALSE(file.has_value()) << name;
    EXPECT_EQ(file.error().sys, EXDEV) << name;
  }
}

TEST_F(PosixFiles, CrossesNoMount) {
  const Fd root = std::move(*fs->OpenFolder("/"));
  const auto file = fs->OpenFileAt(root.get(), "proc/self/status");
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(file.error().sys, EXDEV);
}

TEST_F(PosixFiles, AFifoBlocksNobody) {
  ASSERT_EQ(mkfifo(scratch.Path("a.apk").c_str(), 0644), 0);
  const auto file = fs->OpenFileAt(dir.get(), "a.apk");
  ASSERT_TRUE(file.has_value());
  EXPECT_FALSE(fs->Stat(file->get())->IsRegular());
}

TEST_F(PosixFiles, AFileUnderAnothersLeaseIsRefusedAtOnceAndNotAwaited) {
  const std::string path = scratch.Write("a.apk", "PK", 0644);
  const Fd holder(open(path.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(fcntl(holder.get(), F_SETSIG, SIGURG), 0);
  ASSERT_EQ(fcntl(holder.get(), F_SETLEASE, F_WRLCK), 0) << "as Samba holds one for a client";
  EXPECT_EQ(OpenErrno("a.apk"), EAGAIN);
  ASSERT_EQ(fcntl(holder.get(), F_SETLEASE, F_UNLCK), 0);
  EXPECT_EQ(OpenErrno("a.apk"), 0);
}

TEST_F(PosixFiles, DescriptorsAreNotInherited) {
  scratch.Write("a", "", 0644);
  EXPECT_NE(fcntl(dir.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(fcntl(fs->OpenFileAt(dir.get(), "a")->get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(fcntl(fs->CreateAt(dir.get(), "b", 0600)->get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(PosixFiles, ANewFileHasItsModeWhateverTheUmask) {
  const mode_t before = umask(077);
  const auto file = fs->CreateAt(dir.get(), "new", 0664);
  umask(before);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(fs->Stat(file->get())->mode & 07777U, 0664U);
}

TEST_F(PosixFiles, ANewFileNeverTakesANameThatIsThere) {
  scratch.Write("taken", "old", 0644);
  ASSERT_EQ(symlink("nowhere", scratch.Path("dangling").c_str()), 0);
  for (const std::string name : {"taken", "dangling"}) {
    const auto file = fs->CreateAt(dir.get(), name, 0644);
    ASSERT_FALSE(file.has_value()) << name;
    EXPECT_EQ(file.error().sys, EEXIST) << name;
  }
  EXPECT_EQ(Content(scratch.Path("taken")), "old");
  EXPECT_FALSE(Exists(scratch.Path("nowhere")));
}

TEST_F(PosixFiles, ReadsAndWritesAtAnOffset) {
  const Fd file = std::move(*fs->CreateAt(dir.get(), "new", 0644));
  ASSERT_TRUE(fs->WriteAt(file.get(), "hello", 5, 3));
  char text[16] = {};
  EXPECT_EQ(*fs->ReadAt(file.get(), text, sizeof text, 3), 5U);
  EXPECT_EQ(std::string(text, 5), "hello");
  EXPECT_EQ(*fs->ReadAt(file.get(), text, 2, 6), 2U);
  EXPECT_EQ(*fs->ReadAt(file.get(), text, sizeof text, 8), 0U) << "the end";
  EXPECT_EQ(fs->Stat(file.get())->size, 8U);
}

TEST_F(PosixFiles, AFullDiskIsNamedByTheWholePath) {
  const Fd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full.valid());
  const Status written = fs->WriteAt(full.get(), "x", 1, 0);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().sys, ENOSPC);
  EXPECT_EQ(written.error().message, "cannot write /dev/full: No space left on device");
  // What is in an open folder too.
  const std::string name(300, 'x');
  const auto made = fs->CreateAt(dir.get(), name, 0640);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "cannot open " + scratch.Path(name) + ": File name too long");
}

TEST_F(PosixFiles, ErrorsNameTheFileAndTheReason) {
  const auto file = fs->OpenFileAt(dir.get(), "none.apk");
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(file.error().kind, ErrorKind::kLocalDisk);
  EXPECT_EQ(file.error().message, "cannot open none.apk: No such file or directory");
}

TEST_F(PosixFiles, ReservingRoomDoesNotChangeTheSize) {
  const Fd file = std::move(*fs->CreateAt(dir.get(), "new", 0644));
  EXPECT_TRUE(fs->Reserve(file.get(), 1 << 20));
  EXPECT_TRUE(fs->Reserve(file.get(), 0));
  EXPECT_EQ(fs->Stat(file.get())->size, 0U);
  const auto too_much = fs->Reserve(file.get(), std::uint64_t{1} << 50);
  ASSERT_FALSE(too_much.has_value()) << "a full disk shows before the work";
  EXPECT_EQ(too_much.error().kind, ErrorKind::kLocalDisk);
}

TEST_F(PosixFiles, MovingNeverReplaces) {
  scratch.Write("from", "new", 0644);
  scratch.Write("taken", "old", 0644);
  const auto moved = fs->MoveAt(dir.get(), "from", dir.get(), "taken");
  ASSERT_FALSE(moved.has_value());
  EXPECT_EQ(moved.error().sys, EEXIST);
  EXPECT_EQ(Content(scratch.Path("taken")), "old");
  EXPECT_EQ(Content(scratch.Path("from")), "new");
  ASSERT_TRUE(fs->MoveAt(dir.get(), "from", dir.get(), "free"));
  EXPECT_EQ(Content(scratch.Path("free")), "new");
  EXPECT_FALSE(Exists(scratch.Path("from")));
  EXPECT_EQ(fs->MoveAt(dir.get(), "none", dir.get(), "other").error().sys, ENOENT);
}

TEST_F(PosixFiles, AMoveKeepsTheContentsStat) {
  scratch.Write("from", "new", 0644);
  const FileStat before = *fs->StatAt(dir.get(), "from");
  ASSERT_TRUE(fs->MoveAt(dir.get(), "from", dir.get(), "to"));
  EXPECT_TRUE(before.SameContentAs(*fs->StatAt(dir.get(), "to")));
}

TEST_F(PosixFiles, AWriteChangesTheContentsStat) {
  const std::string path = scratch.Write("a", "one", 0644);
  const timespec old[2] = {{1'700'000'000, 0}, {1'700'000'000, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), old, 0), 0);
  const FileStat before = *fs->StatAt(dir.get(), "a");
  EXPECT_EQ(before.mtime_ns, std::int64_t{1'700'000'000} * 1'000'000'000);
  std::ofstream(path) << "two";
  const FileStat after = *fs->StatAt(dir.get(), "a");
  EXPECT_FALSE(before.SameContentAs(after));
  EXPECT_FALSE(before == after);
}

TEST_F(PosixFiles, RenamingReplacesAndRemovingRemoves) {
  scratch.Write("from", "new", 0644);
  scratch.Write("taken", "old", 0644);
  ASSERT_TRUE(fs->RenameAt(dir.get(), "from", dir.get(), "taken"));
  EXPECT_EQ(Content(scratch.Path("taken")), "new");
  ASSERT_TRUE(fs->RemoveAt(dir.get(), "taken"));
  EXPECT_FALSE(Exists(scratch.Path("taken")));
  EXPECT_EQ(fs->RemoveAt(dir.get(), "taken").error().sys, ENOENT);
}

TEST_F(PosixFiles, StatOfANameDoesNotFollowALink) {
  ASSERT_EQ(symlink("/etc/passwd", scratch.Path("link").c_str()), 0);
  EXPECT_FALSE(fs->StatAt(dir.get(), "link")->IsRegular());
}

TEST_F(PosixFiles, GivesModeAndGroup) {
  const Fd file = std::move(*fs->CreateAt(dir.get(), "new", 0600));
  ASSERT_TRUE(fs->SetModeAndGroup(file.get(), 0640, getegid()));
  EXPECT_EQ(fs->Stat(file.get())->mode & 07777U, 0640U);
  EXPECT_EQ(fs->Stat(file.get())->gid, getegid());
}

TEST_F(PosixFiles, ClosingTwiceIsAnErrorThatIsSeen) {
  const int fd = open(scratch.Write("a", "", 0644).c_str(), O_RDONLY);
  close(fd);
  const auto closed = fs->Close(Fd(fd));
  ASSERT_FALSE(closed.has_value());
  EXPECT_EQ(closed.error().sys, EBADF);
}

TEST(FdOwner, ClosesOnceAndMoves) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  {
    Fd first(ends[0]);
    Fd second = std::move(first);
    EXPECT_FALSE(first.valid());
    EXPECT_EQ(second.get(), ends[0]);
    second = Fd(ends[1]);
    EXPECT_EQ(fcntl(ends[0], F_GETFD), -1) << "what it held before is closed";
    EXPECT_NE(fcntl(ends[1], F_GETFD), -1);
  }
  EXPECT_EQ(fcntl(ends[1], F_GETFD), -1);
}

}  // namespace
}  // namespace tegodrop
