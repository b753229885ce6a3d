// Folders inside the drop folder, where `recursive` enters them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/digest.h"
#include "tests/unit/share_drop/drop_place.h"

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class DropInsideTest : public ::testing::Test {
 protected:
  DropInsideTest() {
    EXPECT_TRUE(ops.Open("", ""));
    files::create_directories(place.Path("team/night"));
  }
  std::vector<std::string> ListedNames() {
    auto listing = ops.List();
    EXPECT_TRUE(listing) << listing.error().message;
    std::vector<std::string> names;
    if (listing) trouble = listing->trouble;
    for (const ListedFile& file : listing->files) names.push_back(file.name);
    std::sort(names.begin(), names.end());
    return names;
  }
  ClaimRequest RequestInside() {
    ClaimRequest request;
    request.job = DropPlace::kJob;
    request.subfolder = "team/night";
    request.name = "a.apk";
    request.expected = place.Stat("team/night/a.apk");
    return request;
  }

  DropPlace place;
  FolderOps ops{{place.path, ".tegodrop", place.spool, true, true, true}, place.fs, place.clock, place.random};
  std::string trouble;
};

TEST_F(DropInsideTest, ArtifactsAndSidecarsOfAllFoldersInsideAreListedByTheirPaths) {
  place.Write("a.apk", "1");
  place.Write("team/a.apk", "2");
  place.Write("team/a.apk.commit", "3");
  place.Write("team/night/b.ipa", "4");
  EXPECT_THAT(ListedNames(), ElementsAre("a.apk", "team/a.apk", "team/a.apk.commit", "team/night/b.ipa"));
}

TEST_F(DropInsideTest, WithoutRecursiveNoneIsEntered) {
  place.Write("team/a.apk", "1");
  auto flat = place.Ops();
  ASSERT_TRUE(flat.Open("", ""));
  auto listing = flat.List();
  ASSERT_TRUE(listing);
  EXPECT_THAT(listing->files, IsEmpty());
}

TEST_F(DropInsideTest, RoomsAndWhatIsNotForPeopleAreNotEntered) {
  for (const char* name : {"@eaDir", "#recycle", ".snapshot", "__MACOSX", "lost+found", ".stfolder", "~old", "up.part",
                           ".tegodrop/claimed/1", "team/.tegodrop/claimed/1", "team/@eaDir"}) {
    files::create_directories(place.Path(name));
    place.Write(std::string(name) + "/a.apk", "1");
  }
  EXPECT_THAT(ListedNames(), IsEmpty());
  EXPECT_EQ(trouble, "");
}

TEST_F(DropInsideTest, LinksToFoldersAreNotFollowed) {
  const std::string outside = place.scratch.Path("outside");
  files::create_directory(outside);
  place.scratch.Write("outside/secret.apk", "1");
  files::create_directory_symlink(outside, place.Path("link"));
  files::create_directory_symlink(place.Path("team"), place.Path("team/night/circle"));
  place.Write("team/a.apk", "1");
  EXPECT_THAT(ListedNames(), ElementsAre("team/a.apk"));
}

TEST_F(DropInsideTest, AFolderThatMayNotBeEnteredIsNamedAndTheOthersAreListed) {
  place.Write("team/a.apk", "1");
  int opened = 0;
  place.fs.fail_every_errno = EACCES;
  place.fs.before_call = [&](std::string_view call) {
    // After the drop folder's room, the first folder and the room that it has not.
    if (call == "OpenFolderAt") place.fs.fail_every = ++opened == 4 ? "OpenFolderAt" : "";
  };
  EXPECT_THAT(ListedNames(), ElementsAre("team/a.apk"));
  EXPECT_THAT(trouble, HasSubstr("team/night"));
  EXPECT_THAT(trouble, HasSubstr("give the service's user the right"));
}

TEST_F(DropInsideTest, ADiskInTroubleIsAnErrorAndNoEmptyFolder) {
  place.fs.fail_every = "OpenFolderAt";
  place.fs.fail_every_errno = EIO;
  EXPECT_FALSE(ops.List());
}

TEST_F(DropInsideTest, WhatLiesTooDeepIsNamed) {
  std::string deep = "d";
  for (int i = 1; i < kDeepest; ++i) deep += "/d";
  files::create_directories(place.Path(deep + "/beyond"));
  place.Write(deep + "/a.apk", "1");
  place.Write(deep + "/beyond/b.apk", "1");
  EXPECT_THAT(ListedNames(), ElementsAre(deep + "/a.apk"));
  EXPECT_THAT(trouble, HasSubstr(deep + "/beyond is not entered"));
}

TEST_F(DropInsideTest, EachFolderInsideIsToldBeforeItIsRead) {
  std::vector<std::string> told;
  auto listing = ops.List([&](int folder, const std::string& subfolder) {
    EXPECT_TRUE(place.fs.Stat(folder)->IsFolder());
    place.Write(subfolder + "/late.apk", "1");
    told.push_back(subfolder);
    return subfolder == "team" ? Status(Fail(ErrorKind::kLocalDisk, "out of watches")) : Status();
  });
  ASSERT_TRUE(listing);
  EXPECT_THAT(told, ElementsAre("team", "team/night"));
  EXPECT_EQ(listing->files.size(), 2U) << "what comes meanwhile is seen by the listing, later by an event";
  EXPECT_EQ(listing->watch_trouble, "out of watches");
}

TEST_F(DropInsideTest, ALookAndAClaimReachTheFileInside) {
  place.Write("a.apk", "another one");
  place.Write("team/night/a.apk", MakeApk(10'000));
  place.Write("team/night/a.apk.commit", "0123456789abcdef0123456789abcdef01234567");
  InspectRequest look;
  look.subfolder = "team/night";
  look.name = "a.apk";
  look.expected = place.Stat("team/night/a.apk");
  const Inspection seen = ops.Inspect(look);
  ASSERT_EQ(seen.outcome, Inspection::Outcome::kWhole) << seen.reason;
  ASSERT_EQ(seen.sidecars.size(), 1U);
  EXPECT_EQ(seen.sidecars[0].name, "a.apk.commit");
  ClaimRequest request = RequestInside();
  request.sidecars = {{"a.apk.commit", seen.sidecars[0].stat}};
  auto claimed = ops.Claim(request);
  ASSERT_TRUE(claimed) << claimed.error().message;
  EXPECT_EQ(*claimed, ClaimOutcome::kClaimed);
  EXPECT_THAT(place.Names(place.Room("claimed/") + DropPlace::kJob), UnorderedElementsAre("a.apk", "a.apk.commit"));
  EXPECT_THAT(place.Names("team/night"), IsEmpty());
  EXPECT_EQ(place.Read("a.apk"), "another one");
  EXPECT_TRUE(*ops.HasClaimed(DropPlace::kJob, "team/night/a.apk", false));
}

TEST_F(DropInsideTest, WhatIsNotClaimedGoesBackToItsFolder) {
  place.Write("team/night/a.apk", "1");
  place.Write("team/night/a.apk.commit", "2");
  ClaimRequest request = RequestInside();
  request.sidecars = {{"a.apk.commit", place.Stat("team/night/a.apk.commit")}};
  files::remove(place.Path("team/night/a.apk"));
  // A death behind the sidecar's move.
  files::create_directories(place.Path(place.Room("claimed/") + DropPlace::kJob));
  files::rename(place.Path("team/night/a.apk.commit"),
                place.Path(place.Room("claimed/") + DropPlace::kJob + "/a.apk.commit"));
  EXPECT_EQ(*ops.Claim(request), ClaimOutcome::kGone);
  EXPECT_THAT(place.Names("team/night"), ElementsAre("a.apk.commit"));
  EXPECT_FALSE(*ops.HasClaimed(DropPlace::kJob, "team/night/a.apk", false));
}

TEST_F(DropInsideTest, AFolderThatGoesWithItsArtifactIsGoneAndLosesNothingOfAClaim) {
  place.Write("team/night/a.apk", "1");
  const ClaimRequest request = RequestInside();
  InspectRequest look;
  look.subfolder = request.subfolder;
  look.name = request.name;
  look.expected = request.expected;
  files::rename(place.Path("team/night"), place.Path("team/day"));
  EXPECT_EQ(ops.Inspect(look).outcome, Inspection::Outcome::kChanged);
  EXPECT_EQ(*ops.Claim(request), ClaimOutcome::kGone);
  EXPECT_THAT(ListedNames(), ElementsAre("team/day/a.apk"));
  files::rename(place.Path("team/day"), place.Path("team/night"));
  EXPECT_EQ(*ops.Claim(request), ClaimOutcome::kClaimed);
  files::remove(place.Path("team/night"));
  EXPECT_EQ(*ops.Claim(request), ClaimOutcome::kClaimed) << "taken by the try before";
  EXPECT_TRUE(*ops.HasClaimed(DropPlace::kJob, "team/night/a.apk", false));
}

TEST_F(DropInsideTest, ACopyIsMadeOfTheFileInsideAndMadeAgain) {
  place.Write("a.apk", "another one");
  place.Write("team/night/a.apk", "the one");
  ClaimRequest request = RequestInside();
  request.copy = true;
  request.sha256 = Sha256Hex("the one");
  ASSERT_EQ(*ops.Claim(request), ClaimOutcome::kClaimed);
  const std::string copy = place.spool + "/" + DropPlace::kJob + "/a.apk";
  EXPECT_EQ(place.ReadPath(copy), "the one");
  EXPECT_TRUE(*ops.HasClaimed(DropPlace::kJob, "team/night/a.apk", true));
  files::remove_all(place.spool + "/" + DropPlace::kJob);
  TakeBackRequest back;
  back.job = DropPlace::kJob;
  back.subfolder = "team/night";
  back.name = "a.apk";
  back.size = 7;
  back.sha256 = request.sha256;
  back.copy = true;
  ASSERT_TRUE(*ops.TakeBack(back));
  EXPECT_EQ(place.ReadPath(copy), "the one");
}

TEST_F(DropInsideTest, AnOutputFolderInsideIsNamedAndNothingIsTakenFromIt) {
  place.Write("a.apk", "1");
  place.Write("team/b.apk", "1");
  place.Write("out/delivered.apk", "1");
  files::create_directories(place.Path("out/.tegodrop/staging"));
  // A link in the place of a room leads nowhere.
  files::create_symlink(".tegodrop", place.Path("team/.tegodrop"));
  EXPECT_THAT(ListedNames(), ElementsAre("a.apk", "team/b.apk"));
  EXPECT_THAT(trouble, HasSubstr(place.Path("out") + " is an output folder"));
}

TEST_F(DropInsideTest, AFileThatNobodyMayLookAtIsNamedAndKeepsNoOther) {
  place.Write("a.apk", "1");
  place.Write("team/b.apk", "1");
  int calls = 0;
  place.fs.before_call = [&](std::string_view call) {
    // After the look for an output folder's room.
    calls += call == "StatAt" ? 1 : 0;
    place.fs.fail_every = call == "StatAt" && calls == 2 ? "StatAt" : "";
    place.fs.fail_every_errno = EACCES;
  };
  EXPECT_THAT(ListedNames(), ElementsAre("team/b.apk"));
  EXPECT_THAT(trouble, HasSubstr("a.apk is not taken: "));
  EXPECT_THAT(trouble, HasSubstr("Permission denied"));
}

TEST_F(DropInsideTest, ASidecarAloneInsideGoesToFailedUnlessItsArtifactIsBesideIt) {
  place.Write("a.apk", "of another folder");
  place.Write("team/a.apk.commit", "1");
  place.Write("team/b.apk.commit", "1");
  place.Write("team/b.apk", "1");
  ASSERT_TRUE(ops.PutAwayOrphan("team/a.apk.commit", "{}"));
  ASSERT_TRUE(ops.PutAwayOrphan("team/b.apk.commit", "{}"));
  ASSERT_TRUE(ops.PutAwayOrphan("gone/b.apk.commit", "{}"));
  EXPECT_TRUE(place.Has(place.Room("failed/a.apk.commit")));
  EXPECT_THAT(place.Names("team"), UnorderedElementsAre("night", "b.apk", "b.apk.commit"));
}

}  // namespace
}  // namespace tegodrop::testing
