// A real mount over a drop folder. Needs root, and makes a view of the mounts of its own: tests/night runs it.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <chrono>
#include <optional>

#include "daemon/loop/event_loop.h"
#include "daemon/loop/worker_pool.h"
#include "daemon/share/local_drop_folder.h"
#include "tests/unit/share_drop/drop_place.h"

namespace tegodrop::testing {
namespace {

using std::chrono::seconds;

TEST(DropFolderMount, AMountOverTheFolderAsksForAListingThatRefusesIt) {
  ASSERT_EQ(unshare(CLONE_NEWNS), 0) << "run it as root";
  // In a chroot "/" is no mount: then there is nothing to make private.
  ASSERT_TRUE(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 || errno == EINVAL);
  DropPlace place{true};
  EventLoop loop;
  WorkerPool readers{loop, 1, "readers"};
  LocalDropFolderSettings settings;
  settings.ops = {place.path, ".tegodrop", place.spool, true};
  auto folder = MakeLocalDropFolder(settings, loop, readers, place.fs, place.clock, place.random);
  bool late = false;
  bool hinted = false;
  std::optional<Error> refused;
  HandlePtr listing;
  HandlePtr later;
  const HandlePtr deadline = loop.After(seconds(30), [&] {
    late = true;
    loop.Stop();
  });
  const HandlePtr opening = folder->Open(
      "", "",
      [&](const Hint& hint) {
        hinted = hinted || hint.name.empty();
        if (listing) return;
        listing = folder->List([&](const Result<Listing>& listed) {
          if (!listed) refused = listed.error();
          loop.Stop();
        });
      },
      [&](const Result<DropFolderFacts>& facts) {
        EXPECT_TRUE(facts);
        // A later turn of the loop: the kernel is asked about the mount table from then on.
        later = loop.After(std::chrono::milliseconds(50),
                           [&] { EXPECT_EQ(mount("none", place.path.c_str(), "tmpfs", 0, nullptr), 0); });
      });
  loop.Run();
  EXPECT_EQ(umount(place.path.c_str()), 0);
  EXPECT_FALSE(late);
  EXPECT_TRUE(hinted);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->kind, ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace tegodrop::testing
