#include "daemon/disk/helper/remote_file_system.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/fakes/faulty_file_system.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/unit/disk/helper/thread_helper.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;
using testing::FaultyFileSystem;
using testing::ScratchFolder;
using testing::StartIn;

// Holds up the calls of one name until it is opened.
class Gate {
 public:
  explicit Gate(std::string call) : call_(std::move(call)) {}
  ~Gate() { Open(); }
  void Pass(std::string_view call) {
    if (call != call_) return;
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void AwaitSomebody() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ > 0; });
  }

 private:
  const std::string call_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int waiting_ = 0;
};

class RemoteFileSystemTest : public ::testing::Test {
 protected:
  Fd Folder() {
    auto folder = remote.OpenFolder(scratch.path());
    EXPECT_TRUE(folder) << folder.error().message;
    return folder ? std::move(*folder) : Fd();
  }
  std::string Content(const std::string& name) {
    std::ifstream file(scratch.Path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  ScratchFolder scratch;
  FaultyFileSystem below;
  testing::Helpers helpers{below, {}, 0, 0, -1};
  RemoteFileSystem remote{"the share", StartIn(helpers), helpers.clock};
};

TEST_F(RemoteFileSystemTest, EveryCallDoesWhatItDoesHere) {
  const Fd folder = Folder();
  const int dir = folder.get();
  ASSERT_TRUE(remote.MakeFolderAt(dir, "sub", 0750));
  auto sub = remote.OpenFolderAt(dir, "sub");
  ASSERT_TRUE(sub);
  auto file = remote.CreateAt(dir, "a", 0640);
  ASSERT_TRUE(file);
  EXPECT_TRUE(remote.Reserve(file->get(), 100));
  EXPECT_TRUE(remote.WriteAt(file->get(), "0123456789", 10, 0));
  EXPECT_TRUE(remote.CutTo(file->get(), 8));
  EXPECT_TRUE(remote.Sync(file->get()));
  EXPECT_TRUE(remote.SetModeAndGroup(file->get(), 0600, getgid()));
  auto stat = remote.Stat(file->get());
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->size, 8U);
  EXPECT_EQ(stat->mode & 0777U, 0600U);
  EXPECT_TRUE(remote.Close(std::move(*file)));
  EXPECT_EQ(Content("a"), "01234567");
  auto again = remote.OpenToWriteAt(dir, "a");
  ASSERT_TRUE(again);
  char bytes[16];
  auto count = remote.ReadAt(again->get(), bytes, sizeof bytes, 3);
  ASSERT_TRUE(count);
  EXPECT_EQ(std::string(bytes, *count), "34567");
  EXPECT_EQ(*remote.StatAt(dir, "a"), *remote.Stat(again->get()));
  EXPECT_NE(remote.ProbeWriters(again->get()), Writers::kNone) << "it is open for writing right here";
  EXPECT_TRUE(remote.MoveAt(dir, "a", sub->get(), "b"));
  EXPECT_TRUE(remote.RenameAt(sub->get(), "b", dir, "c"));
  EXPECT_TRUE(remote.SyncFolder(dir));
  EXPECT_TRUE(*remote.MayChange(dir));
  EXPECT_GT(*remote.FreeBytes(dir), 0U);
  EXPECT_EQ(remote.TypeOf(dir)->magic, below.TypeOf(below.OpenFolder(scratch.path())->get())->magic);
  EXPECT_TRUE(remote.RemoveFolderAt(dir, "sub"));
  EXPECT_TRUE(remote.RemoveAt(dir, "c"));
  EXPECT_EQ(remote.OpenFileAt(dir, "c").error().sys, ENOENT);
  EXPECT_EQ(helpers.started, 1);
}

TEST_F(RemoteFileSystemTest, ErrorsComeBackAsTheyAreHere) {
  const Fd folder = Folder();
  scratch.Write("a", "x", 0644);
  const auto there = remote.CreateAt(folder.get(), "a", 0600);
  const auto here = below.CreateAt(below.OpenFolder(scratch.path())->get(), "a", 0600);
  ASSERT_FALSE(there);
  EXPECT_EQ(there.error().sys, EEXIST);
  EXPECT_EQ(there.error().kind, here.error().kind);
  EXPECT_EQ(there.error().message, here.error().message);
}

TEST_F(RemoteFileSystemTest, ALargeContentTravelsInPieces) {
  const Fd folder = Folder();
  std::string content(3 * kFrameContent + 17, 'a');
  for (std::size_t i = 0; i < content.size(); i += 997) content[i] = static_cast<char>(i);
  auto file = remote.CreateAt(folder.get(), "large", 0600);
  ASSERT_TRUE(file);
  ASSERT_TRUE(remote.WriteAt(file->get(), content.data(), content.size(), 0));
  EXPECT_EQ(Content("large"), content);
  std::string back;
  std::string piece(2 * kFrameContent, '\0');
  for (;;) {
    auto count = remote.ReadAt(file->get(), piece.data(), piece.size(), back.size());
    ASSERT_TRUE(count);
    if (*count == 0) break;
    back.append(piece, 0, *count);
  }
  EXPECT_EQ(back, content);
}

TEST_F(RemoteFileSystemTest, AListingOfThousandsIsWholeAndMayBeLeftEarly) {
  const Fd folder = Folder();
  std::set<std::string> names;
  for (int i = 0; i < 5000; ++i) {
    const auto name = names.insert("a file with a name of some length " + std::to_string(i)).first;
    std::ofstream(scratch.Path(*name)) << i;
  }
  std::set<std::string> seen;
  ASSERT_TRUE(remote.List(folder.get(), [&](std::string_view name, EntryType type) {
    EXPECT_EQ(type, EntryType::kRegular);
    seen.emplace(name);
    return true;
  }));
  EXPECT_EQ(seen, names);
  int few = 0;
  ASSERT_TRUE(remote.List(folder.get(), [&](std::string_view, EntryType) { return ++few < 3; }));
  EXPECT_EQ(few, 3);
  EXPECT_TRUE(remote.Stat(folder.get())) << "the rest of a listing must not be taken for an answer";
}

TEST_F(RemoteFileSystemTest, WhatIsHeldNoMoreIsClosedThere) {
  const Fd folder = Folder();
  scratch.Write("a", "x", 0644);
  std::set<int> numbers;
  for (int i = 0; i < 200; ++i) {
    auto file = remote.OpenFileAt(folder.get(), "a");
    ASSERT_TRUE(file);
    numbers.insert(file->get());
  }
  EXPECT_LE(numbers.size(), 2U) << "each was closed before the next but one was opened";
}

TEST_F(RemoteFileSystemTest, ACallThatHangsEndsAfterItsTimeAndNothingBeginsBeforeItsHelperIsDead) {
  RemoteFileSystem hasty("the share", StartIn(helpers), helpers.clock, {milliseconds(50), milliseconds(50)});
  auto folder = hasty.OpenFolder(scratch.path());
  ASSERT_TRUE(folder);
  Gate gate("StatAt");
  below.before_call = [&](std::string_view call) { gate.Pass(call); };
  const auto hung = hasty.StatAt(folder->get(), "a");
  ASSERT_FALSE(hung);
  EXPECT_EQ(hung.error().sys, ETIMEDOUT);
  EXPECT_EQ(hung.error().kind, ErrorKind::kLocalDisk);
  EXPECT_NE(hung.error().message.find("the share does not answer"), std::string::npos) << hung.error().message;
  EXPECT_NE(hung.error().message.find("thread 7"), std::string::npos) << hung.error().message;
  EXPECT_EQ(helpers.killed, 1);

  EXPECT_EQ(hasty.OpenFolder(scratch.path()).error().sys, ETIMEDOUT);
  EXPECT_EQ(hasty.Stat(folder->get()).error().sys, ETIMEDOUT);
  EXPECT_EQ(helpers.started, 1) << "no second one beside one that may still do something";

  gate.Open();
  Result<Fd> again = hasty.OpenFolder(scratch.path());
  while (!again && again.error().sys == ETIMEDOUT) again = hasty.OpenFolder(scratch.path());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(helpers.started, 2);
  EXPECT_TRUE(hasty.Stat(again->get()));
  EXPECT_EQ(hasty.Stat(folder->get()).error().sys, ETIMEDOUT) << "what the dead one had open means nothing to the next";
}

TEST_F(RemoteFileSystemTest, AStopEndsACallThatHangsAtOnceAndAllLaterOnes) {
  const Fd folder = Folder();
  Gate gate("StatAt");
  below.before_call = [&](std::string_view call) { gate.Pass(call); };
  int errno_of_it = 0;
  std::thread caller([&] {
    const auto stat = remote.StatAt(folder.get(), "a");
    errno_of_it = stat ? 0 : stat.error().sys;
  });
  gate.AwaitSomebody();
  remote.Stop();
  caller.join();
  EXPECT_EQ(errno_of_it, EPIPE);
  gate.Open();
  EXPECT_FALSE(remote.OpenFolder(scratch.path()));
  EXPECT_FALSE(remote.Stat(folder.get()));
  EXPECT_EQ(helpers.started, 1);
}

TEST_F(RemoteFileSystemTest, AHelperThatDiesIsReplacedWhenTheFolderIsOpenedAgain) {
  const Fd folder = Folder();
  below.before_call = [&](std::string_view call) {
    if (call == "StatAt") helpers.BreakLast();
  };
  const auto cut = remote.StatAt(folder.get(), "a");
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().kind, ErrorKind::kLocalDisk);
  EXPECT_NE(cut.error().message.find("the helper process of the share has ended"), std::string::npos)
      << cut.error().message;
  Result<Fd> again = remote.OpenFolder(scratch.path());
  while (!again && again.error().sys == EAGAIN) again = remote.OpenFolder(scratch.path());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(helpers.started, 2);
  EXPECT_EQ(remote.Stat(folder.get()).error().sys, ESTALE);
  EXPECT_TRUE(remote.Stat(again->get()));
}

TEST_F(RemoteFileSystemTest, WithoutAProcessToBeHadTheFolderSaysSo) {
  RemoteFileSystem poor(
      "the share", []() -> Result<std::unique_ptr<Helper>> { return FailPosix("cannot start", "a helper", EAGAIN); },
      helpers.clock);
  EXPECT_EQ(poor.OpenFolder(scratch.path()).error().sys, EAGAIN);
}

}  // namespace
}  // namespace tegodrop
