// Whether somebody still writes: asked by a lease.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "daemon/disk/file_system.h"
#include "tests/fakes/scratch_folder.h"

namespace tegodrop {
namespace {

using testing::ScratchFolder;

TEST(ProbeWriters, SeesWhoHasItOpenForWriting) {
  ScratchFolder scratch;
  const auto fs = MakePosixFileSystem();
  const std::string path = scratch.Write("a.apk", "PK", 0644);
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(fs->ProbeWriters(file.get()), Writers::kNone);
  {
    const Fd writer(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    EXPECT_EQ(fs->ProbeWriters(file.get()), Writers::kSome);
  }
  EXPECT_EQ(fs->ProbeWriters(file.get()), Writers::kNone);
  const Fd reader(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(fs->ProbeWriters(file.get()), Writers::kNone) << "readers do no harm";
}

TEST(ProbeWriters, KeepsNoLease) {
  ScratchFolder scratch;
  const auto fs = MakePosixFileSystem();
  const std::string path = scratch.Write("a.apk", "PK", 0644);
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(fs->ProbeWriters(file.get()), Writers::kNone);
  EXPECT_EQ(fcntl(file.get(), F_GETLEASE), F_UNLCK);
}

TEST(ProbeWriters, DoesNotKnowWhereThereAreNoLeases) {
  const auto fs = MakePosixFileSystem();
  const Fd device(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(fs->ProbeWriters(device.get()), Writers::kUnknown);
}

// The kernel tells the holder of a lease by a signal whose default is to end the process.
TEST(ProbeWriters, SurvivesAWriterThatComesWhileItLooks) {
  // As a daemon is started; who runs the test may have set it otherwise.
  std::signal(SIGIO, SIG_DFL);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGIO);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  ScratchFolder scratch;
  const auto fs = MakePosixFileSystem();
  const std::string path = scratch.Write("a.apk", "PK", 0644);
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop) const Fd open_now(open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  });
  int none = 0;
  int some = 0;
  for (int i = 0; i < 200'000 && (i < 5000 || none < 500 || some < 500); ++i) {
    const Fd file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    const Writers writers = fs->ProbeWriters(file.get());
    none += writers == Writers::kNone ? 1 : 0;
    some += writers == Writers::kSome ? 1 : 0;
  }
  stop = true;
  writer.join();
  EXPECT_GT(none, 0);
}

}  // namespace
}  // namespace tegodrop
