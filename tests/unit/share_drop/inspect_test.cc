// Listing a drop folder, and looking into one file of it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "daemon/base/digest.h"
#include "tests/unit/share_drop/drop_place.h"

namespace tegodrop::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Outcome = Inspection::Outcome;

class DropInspectTest : public ::testing::Test {
 protected:
  DropInspectTest() { EXPECT_TRUE(ops.Open("", "")); }
  std::set<std::string> Listed(EntryKind kind) {
    std::set<std::string> names;
    auto listing = ops.List();
    EXPECT_TRUE(listing);
    for (const ListedFile& file : listing->files) {
      if (file.kind == kind) names.insert(file.name);
    }
    return names;
  }
  InspectRequest RequestFor(const std::string& name, ArtifactKind kind = ArtifactKind::kApk) {
    InspectRequest request;
    request.name = name;
    request.kind = kind;
    request.expected = place.Stat(name);
    return request;
  }
  Outcome Look(const std::string& name) { return ops.Inspect(RequestFor(name)).outcome; }

  DropPlace place;
  FolderOps ops = place.Ops();
};

TEST_F(DropInspectTest, OnlyArtifactsAndSidecarsThatAreRegularFilesAreListed) {
  for (const char* name : {"a.apk", "B.AAB", "c.Ipa", "a.apk.commit", "a.apk.SHA256", "c.Ipa.json", "readme.txt",
                           ".hidden.apk", "~a.apk", "a.apk.part", "a.apk.tmp", "b.apk.filepart", "c.json", ".apk"}) {
    place.Write(name, "x");
  }
  files::create_directory(place.Path("folder.apk"));
  files::create_symlink(place.Path("a.apk"), place.Path("link.apk"));
  files::create_symlink(place.Path("a.apk.commit"), place.Path("c.Ipa.commit"));
  ASSERT_EQ(mkfifo(place.Path("pipe.apk").c_str(), 0600), 0);
  EXPECT_THAT(Listed(EntryKind::kArtifact), UnorderedElementsAre("a.apk", "B.AAB", "c.Ipa"));
  EXPECT_THAT(Listed(EntryKind::kSidecar), UnorderedElementsAre("a.apk.commit", "a.apk.SHA256", "c.Ipa.json"));
}

TEST_F(DropInspectTest, AFileThatGoesDuringAListingIsLeftOut) {
  place.Write("a.apk", "x");
  place.Write("b.apk", "x");
  place.fs.before_call = [&](std::string_view call) {
    if (call == "StatAt") files::remove(place.Path("b.apk"));
  };
  EXPECT_THAT(Listed(EntryKind::kArtifact), UnorderedElementsAre("a.apk"));
}

TEST_F(DropInspectTest, AWholeArtifactGivesItsDigestAndThatNobodyWrites) {
  const std::string apk = MakeApk();
  place.Write("a.apk", apk);
  const Inspection inspection = ops.Inspect(RequestFor("a.apk"));
  EXPECT_EQ(inspection.outcome, Outcome::kWhole) << inspection.reason;
  EXPECT_EQ(inspection.sha256, Sha256Hex(apk));
  EXPECT_TRUE(inspection.writers_known);
  EXPECT_THAT(inspection.sidecars, IsEmpty());
  EXPECT_EQ(inspection.stat, place.Stat("a.apk"));
}

TEST_F(DropInspectTest, SidecarsAreReadWithItWhateverTheirCase) {
  place.Write("a.apk", MakeApk());
  place.Write("a.apk.json", "{}");
  place.Write("a.apk.COMMIT", "c");
  place.Write("b.apk.commit", "other");
  InspectRequest request = RequestFor("a.apk");
  request.sidecars = {"a.apk.COMMIT", "a.apk.json"};
  const Inspection inspection = ops.Inspect(request);
  ASSERT_EQ(inspection.sidecars.size(), 2U);
  EXPECT_EQ(inspection.sidecars[0].name, "a.apk.COMMIT");
  EXPECT_EQ(inspection.sidecars[0].kind, SidecarKind::kCommit);
  EXPECT_EQ(*inspection.sidecars[0].content, "c");
  EXPECT_EQ(inspection.sidecars[1].stat, place.Stat("a.apk.json"));
}

// They tell where the receipt of its refusal is awaited.
TEST_F(DropInspectTest, TheSidecarsOfAnUnreadableFileAreReadAllTheSame) {
  place.Write("a.apk", MakeApk());
  place.Write("a.apk.json", "{}");
  ASSERT_EQ(chmod(place.Path("a.apk").c_str(), 0), 0);
  const InspectRequest request = RequestFor("a.apk");
  AsOrdinaryUser([&] {
    const Inspection inspection = ops.Inspect(request);
    EXPECT_EQ(inspection.outcome, Outcome::kUnreadable);
    ASSERT_EQ(inspection.sidecars.size(), 1U);
    EXPECT_EQ(*inspection.sidecars[0].content, "{}");
  });
}

TEST_F(DropInspectTest, ASidecarThatCameAfterTheListingIsSeen) {
  place.Write("a.apk", MakeApk());
  place.Write("a.apk.sha256", "sum");
  EXPECT_EQ(ops.Inspect(RequestFor("a.apk")).sidecars.size(), 1U);
}

TEST_F(DropInspectTest, SidecarsThatAreTooLargeSayWhyAndLinksArePassedOver) {
  place.Write("a.apk", MakeApk());
  place.Write("a.apk.json", std::string(64 * 1024 + 1, ' '));
  place.Write("secret", "secret");
  files::create_symlink(place.Path("secret"), place.Path("a.apk.commit"));
  ASSERT_EQ(mkfifo(place.Path("a.apk.sha256").c_str(), 0600), 0);
  const Inspection inspection = ops.Inspect(RequestFor("a.apk"));
  ASSERT_EQ(inspection.sidecars.size(), 1U);
  ASSERT_FALSE(inspection.sidecars[0].content);
  EXPECT_THAT(inspection.sidecars[0].content.error().message, ::testing::HasSubstr("larger than 65536"));
}

TEST_F(DropInspectTest, WhatIsNotWholeOrNotOfItsKind) {
  const std::string apk = MakeApk(5000);
  place.Write("cut.apk", apk.substr(0, 3000));
  place.Write("empty.apk", "");
  place.Write("zip.apk", MakeZip({{"readme.txt", "text", true}}));
  place.Write("apk.ipa", apk);
  EXPECT_EQ(Look("cut.apk"), Outcome::kIncomplete);
  EXPECT_EQ(Look("empty.apk"), Outcome::kIncomplete);
  EXPECT_EQ(Look("zip.apk"), Outcome::kNotAnArtifact);
  const Inspection ipa = ops.Inspect(RequestFor("apk.ipa", ArtifactKind::kIpa));
  EXPECT_EQ(ipa.outcome, Outcome::kNotAnArtifact);
  EXPECT_FALSE(ipa.reason.empty());
  EXPECT_EQ(ipa.sha256, Sha256Hex(apk));
}

TEST_F(DropInspectTest, AnEarlyLookDoesNotHashWhatIsIncomplete) {
  place.Write("cut.apk", "cut");
  InspectRequest request = RequestFor("cut.apk");
  request.early = true;
  EXPECT_EQ(ops.Inspect(request).sha256, "");
  request.early = false;
  EXPECT_EQ(ops.Inspect(request).sha256, Sha256Hex("cut"));
}

TEST_F(DropInspectTest, AWriterIsNoticed) {
  place.Write("a.apk", MakeApk());
  const InspectRequest request = RequestFor("a.apk");
  const int writer = open(place.Path("a.apk").c_str(), O_WRONLY);
  EXPECT_EQ(ops.Inspect(request).outcome, Outcome::kBeingWritten);
  close(writer);
  EXPECT_EQ(ops.Inspect(request).outcome, Outcome::kWhole);
}

TEST_F(DropInspectTest, AForeignOwnersFileCannotBeAskedForItsWriters) {
  place.Write("a.apk", MakeApk());
  place.fs.writers = Writers::kUnknown;
  InspectRequest request = RequestFor("a.apk");
  request.need_lease = true;
  const Inspection refused = ops.Inspect(request);
  EXPECT_EQ(refused.outcome, Outcome::kCannotTell);
  EXPECT_EQ(refused.sha256, "");
  request.need_lease = false;
  const Inspection inspection = ops.Inspect(request);
  EXPECT_EQ(inspection.outcome, Outcome::kWhole);
  EXPECT_FALSE(inspection.writers_known);
}

TEST_F(DropInspectTest, AFileThatAnOrdinaryUserCannotReadIsUnreadable) {
  place.Write("a.apk", MakeApk());
  ASSERT_EQ(chmod(place.Path("a.apk").c_str(), geteuid() == 0 ? 0600 : 0000), 0);
  WithoutPrivileges([&] {
    const Inspection inspection = ops.Inspect(RequestFor("a.apk"));
    EXPECT_EQ(inspection.outcome, Outcome::kUnreadable);
    EXPECT_FALSE(inspection.reason.empty());
  });
}

TEST_F(DropInspectTest, GoneReplacedGrownOrTurnedIntoALinkIsChanged) {
  place.Write("a.apk", MakeApk());
  const InspectRequest request = RequestFor("a.apk");
  place.Write("a.apk", MakeApk(1));
  EXPECT_EQ(ops.Inspect(request).outcome, Outcome::kChanged);
  files::remove(place.Path("a.apk"));
  EXPECT_EQ(ops.Inspect(request).outcome, Outcome::kChanged);
  place.Write("target", MakeApk());
  files::create_symlink(place.Path("target"), place.Path("a.apk"));
  EXPECT_EQ(ops.Inspect(request).outcome, Outcome::kChanged);
  files::remove(place.Path("a.apk"));
  ASSERT_EQ(mkfifo(place.Path("a.apk").c_str(), 0600), 0);
  EXPECT_EQ(ops.Inspect(request).outcome, Outcome::kChanged);
}

TEST_F(DropInspectTest, AChangeDuringTheLookIsNoticed) {
  place.Write("a.apk", MakeApk());
  const InspectRequest request = RequestFor("a.apk");
  place.fs.before_call = [&](std::string_view call) {
    if (call == "ReadAt") {
      ASSERT_EQ(truncate(place.Path("a.apk").c_str(), 10), 0);
    }
  };
  EXPECT_EQ(ops.Inspect(request).outcome, Outcome::kChanged);
}

TEST_F(DropInspectTest, WhatIsNotToBeReadIsOnlyAskedForWriters) {
  place.Write("a.apk", "no zip at all");
  InspectRequest request = RequestFor("a.apk");
  request.read = false;
  EXPECT_EQ(ops.Inspect(request).outcome, Outcome::kWhole);
  EXPECT_EQ(ops.Inspect(request).sha256, "");
}

}  // namespace
}  // namespace tegodrop::testing
