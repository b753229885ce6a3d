// Claims, and the power's end after each of their calls: the artifact and its sidecars stand in one place, whole, and
// what was answered with success stays.
#include <gtest/gtest.h>

#include <iostream>
#include <memory>
#include <set>
#include <string>

#include "daemon/base/digest.h"
#include "tests/fakes/power_cut_file_system.h"
#include "tests/unit/share_drop/drop_place.h"

namespace tegodrop::testing {
namespace {

using Fault = FaultyFileSystem::Fault;

constexpr char kBytes[] = "content, enough of it to be torn";
constexpr char kNote[] = "commit";
constexpr int kSeeds = 12;

enum class Way { kMove, kLinked, kCopy };

// A drop folder on a disk that loses its power. The place's own file system is not used.
class PoweredDrop {
 public:
  explicit PoweredDrop(Way way) : way_(way) {
    place.Write("a.apk", kBytes);
    place.Write("a.apk.commit", kNote);
    if (way == Way::kLinked) files::create_hard_link(place.Path("a.apk"), place.scratch.Path("other-name"));
  }
  FolderOps Ops() {
    return {{place.path, ".tegodrop", place.spool, way_ != Way::kCopy}, fs, place.clock, place.random};
  }
  ClaimRequest Request() {
    ClaimRequest request = place.RequestFor("a.apk", {"a.apk.commit"});
    request.sha256 = Sha256Hex(kBytes);
    request.copy = way_ == Way::kCopy;
    return request;
  }
  void Cut(std::uint64_t seed) {
    fs.Heal();
    fs.SkipSync(0);
    SeededRandom random(seed);
    power.Cut(random);
  }
  std::string Kept(const std::string& name) const {
    return way_ == Way::kCopy ? place.spool + "/" + DropPlace::kJob + "/" + name
                              : place.Path(std::string(".tegodrop/claimed/") + DropPlace::kJob + "/" + name);
  }
  bool copies() const { return way_ == Way::kCopy; }
  bool StandsClaimed() const {
    return files::exists(Kept("a.apk")) && place.ReadPath(Kept("a.apk")) == kBytes &&
           (way_ == Way::kCopy ||
            (files::exists(Kept("a.apk.commit")) && place.ReadPath(Kept("a.apk.commit")) == kNote));
  }

  DropPlace place{true};

 private:
  const Way way_;
  std::unique_ptr<FileSystem> real_ = MakePosixFileSystem();

 public:
  PowerCutFileSystem power{*real_, place.scratch.Path("aside")};
  FaultyFileSystem fs{power};
};

struct Run {
  int death = 0;         // the call at which the program dies; 0: it lives
  int skipped_sync = 0;  // the sync that is left out; 0: none
  std::uint64_t seed = 1;
};

struct Ran {
  std::string trouble;  // what the cut shows that must never be; empty where all is well
  int calls = 0;
  int syncs = 0;
};

// The start after a cut: what was claimed is found, or else the artifact is claimed anew.
std::string ClaimAfterCut(PoweredDrop& drop, const std::string& room_id) {
  FolderOps ops = drop.Ops();
  if (auto opened = ops.Open(room_id, ""); !opened) return "cannot be opened: " + opened.error().message;
  auto has = ops.HasClaimed(DropPlace::kJob, "a.apk", drop.copies());
  if (!has) return "cannot tell what was claimed: " + has.error().message;
  if (!*has) {
    if (!drop.place.Has("a.apk") || drop.place.Read("a.apk") != kBytes) return "the artifact is lost";
    if (!drop.place.Has("a.apk.commit") || drop.place.Read("a.apk.commit") != kNote) return "its sidecar is lost";
    auto claimed = ops.Claim(drop.Request());
    if (!claimed || *claimed != ClaimOutcome::kClaimed) return "cannot be claimed again";
  }
  return drop.StandsClaimed() ? "" : "what was claimed is not whole";
}

Ran ClaimAndCut(Way way, const Run& run) {
  PoweredDrop drop(way);
  Ran ran;
  const ClaimRequest request = drop.Request();
  FolderOps ops = drop.Ops();
  drop.fs.SkipSync(run.skipped_sync);
  drop.fs.FailAt(run.death, Fault::kDeath);
  std::string room_id;
  bool claimed = false;
  if (auto opened = ops.Open("", ""); opened) {
    // From here on the ledger knows the folder by its id.
    room_id = opened->room_id;
    auto outcome = ops.Claim(request);
    claimed = outcome && *outcome == ClaimOutcome::kClaimed;
  }
  ran.calls = drop.fs.calls();
  ran.syncs = drop.fs.syncs();
  drop.Cut(run.seed);
  if (claimed && !drop.StandsClaimed()) {
    ran.trouble = "claimed and lost";
    return ran;
  }
  ran.trouble = ClaimAfterCut(drop, room_id);
  drop.Cut(run.seed + 1000);
  if (ran.trouble.empty() && !drop.StandsClaimed()) ran.trouble = "claimed at the second try and lost";
  return ran;
}

class ClaimPowerCutTest : public ::testing::TestWithParam<Way> {};

TEST_P(ClaimPowerCutTest, AfterEachCallTheArtifactStandsWholeInOnePlace) {
  const int calls = ClaimAndCut(GetParam(), {}).calls;
  int cuts = 0;
  for (int death = 0; death <= calls; ++death) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed, ++cuts) {
      ASSERT_EQ(ClaimAndCut(GetParam(), {death, 0, seed}).trouble, "")
          << "death at call " << death << ", seed " << seed;
    }
  }
  std::cout << cuts << " cuts at " << calls << " calls\n";
  EXPECT_GE(calls, 25);
}

// A death alone loses no sync that was left to do: the next start makes up for it before it believes what it sees.
TEST_P(ClaimPowerCutTest, WhatTheNextStartFindsAfterADeathOutlivesAPowerCut) {
  const int calls = ClaimAndCut(GetParam(), {}).calls;
  int found = 0;
  for (int death = 1; death <= calls; ++death) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      PoweredDrop drop(GetParam());
      const ClaimRequest request = drop.Request();
      FolderOps first = drop.Ops();
      const auto opened = first.Open("", "");
      ASSERT_TRUE(opened);
      drop.fs.FailAt(drop.fs.calls() + death, Fault::kDeath);
      (void)first.Claim(request);
      drop.fs.Heal();
      FolderOps next = drop.Ops();
      ASSERT_TRUE(next.Open(opened->room_id, ""));
      const auto has = next.HasClaimed(DropPlace::kJob, "a.apk", drop.copies());
      ASSERT_TRUE(has);
      drop.Cut(seed);
      found += *has ? 1 : 0;
      if (*has) {
        EXPECT_TRUE(drop.StandsClaimed()) << "death at call " << death << ", seed " << seed;
      } else if (drop.copies()) {
        EXPECT_FALSE(files::exists(drop.place.spool + "/" + DropPlace::kJob)) << "death at call " << death;
      }
    }
  }
  EXPECT_GT(found, 0);
}

// So that the tests above can fail: whichever sync is left out, some cut shows the loss. Passed over are those that
// another one covers: either of the two of the room that its making and its opening do, either of the two that end a
// claim by copying; and that of the folder that the artifact left, because a rename is one change here.
TEST_P(ClaimPowerCutTest, EachSyncThatIsLeftOutIsFound) {
  const Ran whole = ClaimAndCut(GetParam(), {});
  std::set<int> covered;
  if (GetParam() == Way::kMove) covered = {2, 3, 8};
  if (GetParam() == Way::kLinked) covered = {2, 3, 8, 9, 10};
  for (int skipped = 1; skipped <= whole.syncs; ++skipped) {
    if (covered.contains(skipped)) continue;
    std::string found;
    for (std::uint64_t seed = 1; seed <= 10 * kSeeds && found.empty(); ++seed) {
      for (int death = 0; death <= whole.calls && found.empty(); ++death) {
        found = ClaimAndCut(GetParam(), {death, skipped, seed}).trouble;
      }
    }
    EXPECT_NE(found, "") << "without sync " << skipped;
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, ClaimPowerCutTest, ::testing::Values(Way::kMove, Way::kLinked, Way::kCopy),
                         [](const ::testing::TestParamInfo<Way>& info) {
                           return std::string(info.param == Way::kMove   ? "Move"
                                              : info.param == Way::kCopy ? "Copy"
                                                                         : "Linked");
                         });

}  // namespace
}  // namespace tegodrop::testing
