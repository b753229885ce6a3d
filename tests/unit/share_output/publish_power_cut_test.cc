// Publishing, and the power's end after each of its calls: what stands under a visible name is whole, what was answered
// with success stays, and the next try completes the rest.
#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <set>
#include <string>

#include "tests/fakes/power_cut_file_system.h"
#include "tests/fakes/seeded_random.h"
#include "tests/unit/share_output/output_place.h"

namespace tegodrop::testing {
namespace {

using Fault = FaultyFileSystem::Fault;

constexpr char kName[] = "app.apk";
constexpr char kBytes[] = "PK protected bytes, enough of them to be torn";
constexpr int kSeeds = 12;

// An output folder on a disk that loses its power. The place's own file system is not used.
class PoweredPlace {
 public:
  PoweredPlace() = default;
  ~PoweredPlace() {
    std::error_code error;
    files::remove_all(place.path + "-aside", error);
  }
  OutputOps Ops() { return OutputOps(place.path, ".tegodrop", fs); }
  // The way an attempt does it, up to its last word.
  Status Stage(const PublishRequest& request) {
    OutputOps ops = Ops();
    auto file = ops.Stage(request.staging_name, request.facts.size);
    if (!file) return Fail(file.error());
    const std::string bytes = kBytes;
    const std::size_t half = bytes.size() / 2;
    if (auto done = fs.WriteAt(file->get(), bytes.data(), half, 0); !done) return done;
    if (auto done = fs.WriteAt(file->get(), bytes.data() + half, bytes.size() - half, half); !done) return done;
    if (auto done = fs.Sync(file->get()); !done) return done;
    if (auto done = fs.Close(std::move(*file)); !done) return done;
    return ops.SyncStaging();
  }
  void Cut(std::uint64_t seed) {
    fs.Heal();
    fs.SkipSync(0);
    SeededRandom random(seed);
    power.Cut(random);
  }

  OutputPlace place;

 private:
  std::unique_ptr<FileSystem> real_ = MakePosixFileSystem();

 public:
  PowerCutFileSystem power{*real_, place.path + "-aside"};
  FaultyFileSystem fs{power};
};

// What is wrong with what stands there; empty where nothing is half.
std::string HalfOf(const OutputPlace& place, const PublishRequest& request) {
  const std::string checksum = request.name + ".sha256";
  const std::string trace = request.name + ".trace.json";
  const std::map<std::string, std::string> all = {{request.name, kBytes},
                                                  {checksum, request.checksum},
                                                  {request.provenance_name, request.provenance},
                                                  {trace, request.trace}};
  for (const std::string& name : place.Names()) {
    if (!all.contains(name)) return name + " is there";
    const std::string& whole = all.at(name);
    if (place.Read(name) != whole) return name + " holds '" + place.Read(name) + "'";
    if (place.Mode(name) != request.mode) return name + " has another mode";
  }
  if (place.Has(trace) && !place.Has(request.provenance_name)) return "a trace without its provenance";
  if (place.Has(request.provenance_name) && !place.Has(checksum)) return "a provenance without a checksum";
  if (place.Has(checksum) && !place.Has(request.name)) return "a checksum without a file";
  return "";
}

bool IsWhole(const OutputPlace& place, const PublishRequest& request) {
  return place.Names().size() == 4 && HalfOf(place, request).empty();
}

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

// Stages and publishes, up to the death or to the end; then the power ends, and a second try completes it.
Ran PublishAndCut(const PublishRequest& request, const Run& run) {
  PoweredPlace powered;
  Ran ran;
  powered.fs.SkipSync(run.skipped_sync);
  powered.fs.FailAt(run.death, Fault::kDeath);
  const Status staged = powered.Stage(request);
  Result<PublishOutcome> outcome = PublishOutcome::kLost;
  if (staged) outcome = powered.Ops().Publish(request);
  ran.calls = powered.fs.calls();
  ran.syncs = powered.fs.syncs();
  const bool published = outcome && *outcome == PublishOutcome::kPublished;
  powered.Cut(run.seed);
  ran.trouble = HalfOf(powered.place, request);
  if (!ran.trouble.empty()) return ran;
  if (published && !IsWhole(powered.place, request)) {
    ran.trouble = "published and lost";
    return ran;
  }
  if (published) {
    // Whoever collects deliveries takes it away; it is not made again.
    for (const std::string& name : powered.place.Names()) files::remove(powered.place.Path(name));
    outcome = powered.Ops().Publish(request);
    if (!outcome || *outcome != PublishOutcome::kPublished || !powered.place.Names().empty()) {
      ran.trouble = "made again though it was collected";
    }
    return ran;
  }
  if (!staged && !powered.Stage(request)) ran.trouble = "cannot be staged again";
  outcome = powered.Ops().Publish(request);
  if (!outcome || *outcome != PublishOutcome::kPublished) ran.trouble = "lost what was staged";
  powered.Cut(run.seed + 1000);
  if (!IsWhole(powered.place, request)) ran.trouble += " not whole after the second try";
  return ran;
}

TEST(PublishPowerCutTest, AfterEachCallNothingIsHalfOrLostAndTheNextTryCompletesIt) {
  const PublishRequest request = DeliveryOf(kName, kBytes);
  const int calls = PublishAndCut(request, {}).calls;
  int cuts = 0;
  for (int death = 0; death <= calls; ++death) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed, ++cuts) {
      const Ran ran = PublishAndCut(request, {death, 0, seed});
      ASSERT_EQ(ran.trouble, "") << "death at call " << death << ", seed " << seed;
    }
  }
  std::cout << cuts << " cuts at " << calls << " calls\n";
  EXPECT_GT(calls, 50);
}

// So that the test above can fail: whichever sync is left out, some cut shows the loss. Passed over are four: that
// of a room that was made and synced before, those of the names of staged provenance and trace, because that of the
// mark's follows before the file is moved, and that of the mark's content, because it has none.
TEST(PublishPowerCutTest, EachSyncThatIsLeftOutIsFound) {
  const PublishRequest request = DeliveryOf(kName, kBytes);
  const Ran whole = PublishAndCut(request, {});
  const std::set<int> covered = {5, 8, 10, 11};
  for (int skipped = 1; skipped <= whole.syncs; ++skipped) {
    if (covered.contains(skipped)) continue;
    std::string found;
    for (std::uint64_t seed = 1; seed <= 10 * kSeeds && found.empty(); ++seed) {
      for (int death = 0; death <= whole.calls && found.empty(); ++death) {
        found = PublishAndCut(request, {death, skipped, seed}).trouble;
      }
    }
    EXPECT_NE(found, "") << "without sync " << skipped;
  }
  EXPECT_GE(whole.syncs, 13);
}

TEST(PublishPowerCutTest, ADiscardedDeliveryIsNeverCalledPublishedUnlessItStands) {
  const PublishRequest request = DeliveryOf(kName, kBytes);
  bool reached = true;
  for (int call = 1; reached; ++call) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      SCOPED_TRACE(::testing::Message() << "cut at call " << call << ", seed " << seed);
      PoweredPlace powered;
      ASSERT_TRUE(powered.Stage(request));
      powered.fs.FailAt(call, Fault::kDeath);
      (void)powered.Ops().Publish(request);
      reached = powered.fs.calls() >= call;
      powered.fs.Heal();
      ASSERT_TRUE(powered.Ops().Discard(request.staging_name));
      powered.Cut(seed);
      auto outcome = powered.Ops().Publish(request);
      ASSERT_TRUE(outcome) << outcome.error().message;
      if (*outcome == PublishOutcome::kPublished) {
        ASSERT_TRUE(IsWhole(powered.place, request));
      }
    }
  }
}

TEST(PublishPowerCutTest, StagedBytesAreWholeOrNotThere) {
  const PublishRequest request = DeliveryOf(kName, kBytes);
  bool reached = true;
  for (int call = 1; reached; ++call) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      PoweredPlace powered;
      powered.fs.FailAt(call, Fault::kDeath);
      const Status staged = powered.Stage(request);
      reached = powered.fs.calls() >= call;
      powered.Cut(seed);
      EXPECT_TRUE(powered.place.Names().empty());
      if (staged) {
        EXPECT_EQ(powered.place.Read(".tegodrop/staging/" + request.staging_name), kBytes);
      }
      ASSERT_TRUE(powered.Stage(request));
      EXPECT_EQ(*powered.Ops().Publish(request), PublishOutcome::kPublished);
    }
  }
}

// What is remembered of the folder holds its room against it: a power cut may not take the room alone.
TEST(OutputPowerCutTest, AFolderThatIsKnownKeepsItsRoom) {
  int calls = 0;
  {
    PoweredPlace counted;
    ASSERT_TRUE(counted.Stage(DeliveryOf(kName, kBytes)));
    calls = counted.fs.calls();
  }
  for (int death = 1; death <= calls; ++death) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      PoweredPlace powered;
      powered.fs.FailAt(death, Fault::kDeath);
      (void)powered.Stage(DeliveryOf(kName, kBytes));
      powered.fs.Heal();
      OutputOps next = powered.Ops();
      ASSERT_TRUE(next.Stage("again", 10));
      const std::string known = next.known();
      ASSERT_NE(known, "");
      powered.Cut(seed);
      OutputOps last = powered.Ops();
      last.Know(known);
      const auto staged = last.Stage("once more", 10);
      EXPECT_TRUE(staged) << "death at call " << death << ", seed " << seed << ": " << staged.error().message;
    }
  }
}

}  // namespace
}  // namespace tegodrop::testing
