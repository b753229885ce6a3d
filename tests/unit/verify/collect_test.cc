// Which deliveries stand below some paths.
#include "daemon/cli/verify/collect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/disk/file_system.h"
#include "tests/fakes/scratch_folder.h"

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CollectTest : public ::testing::Test {
 protected:
  void Put(const std::string& name) { folder.Write(name, "x", 0644); }
  void Make(const std::string& name) { std::filesystem::create_directories(folder.Path(name)); }
  // "trace output" of each, below the folder; a missing trace is "-".
  std::vector<std::string> Found(const std::vector<std::string>& names) {
    std::vector<std::string> paths;
    for (const std::string& name : names) paths.push_back(name.empty() ? folder.path() : folder.Path(name));
    Collected collected = Collect(*fs, paths);
    troubles = collected.troubles;
    notes = collected.notes;
    std::vector<std::string> all;
    for (const Place& place : collected.places) {
      const std::string inside = place.folder.substr(std::min(place.folder.size(), folder.path().size()));
      all.push_back(inside + "/" + (place.trace.empty() ? "-" : place.trace) + " " + place.output);
    }
    return all;
  }

  ScratchFolder folder;
  std::unique_ptr<FileSystem> fs = MakePosixFileSystem();
  std::vector<std::string> troubles;
  std::vector<std::string> notes;
};

TEST_F(CollectTest, AFolderHasAllItsTracesAndThoseBelow) {
  Make("2026/january");
  Put("b.apk");
  Put("b.apk.trace.json");
  Put("2026/january/a.ipa.trace.json");
  EXPECT_THAT(Found({""}), ElementsAre("/2026/january/a.ipa.trace.json a.ipa", "/b.apk.trace.json b.apk"));
  EXPECT_THAT(troubles, IsEmpty());
}

TEST_F(CollectTest, AnArtifactWithoutATraceIsThereToo) {
  Put("b.apk");
  Put("b.apk.sha256");
  Put("notes.txt");
  Put("app.apk.0123456789abcdef.failed.json");
  EXPECT_THAT(Found({""}), ElementsAre("/- b.apk"));
}

TEST_F(CollectTest, WhatTheDaemonStagesAndKeepsInQuarantineIsNoDelivery) {
  for (const char* room : {".tegodrop", "_tegodrop"}) {
    Make(std::string(room) + "/staging");
    Make(std::string(room) + "/quarantine");
    Put(std::string(room) + "/staging/job.1.part");
    Put(std::string(room) + "/quarantine/job-1-app.apk");
  }
  Put(".hidden.apk");
  EXPECT_THAT(Found({""}), IsEmpty());
  EXPECT_THAT(notes, ElementsAre(HasSubstr("_tegodrop/quarantine is passed over")));
}

// It is one of the portal's versions.
TEST_F(CollectTest, AFolderCalledStagingHidesNothing) {
  Make("acme/staging");
  Make("acme/production");
  Put("acme/production/a.apk.trace.json");
  Put("acme/staging/b.apk");
  EXPECT_THAT(Found({""}), ElementsAre("/acme/production/a.apk.trace.json a.apk", "/acme/staging/- b.apk"));
}

TEST_F(CollectTest, WhatStandsBesideAProtectedFileNamesTheSameDelivery) {
  for (const char* name :
       {"b.apk", "b.apk.trace.json", "b.apk.sha256", "b.apk.provenance.json", "b.apk.intoto.jsonl"}) {
    Put(name);
    EXPECT_THAT(Found({name}), ElementsAre("/b.apk.trace.json b.apk")) << name;
    EXPECT_THAT(troubles, IsEmpty());
  }
}

TEST_F(CollectTest, ALinkThatIsNamedIsFollowed) {
  Make("out");
  Put("out/b.apk");
  std::filesystem::create_symlink("out/b.apk", folder.Path("latest.apk"));
  EXPECT_THAT(Found({"latest.apk"}), ElementsAre("/out/b.apk.trace.json b.apk"));
}

TEST_F(CollectTest, ATraceAndAProtectedFileNameTheSameDelivery) {
  Put("b.apk");
  Put("b.apk.trace.json");
  EXPECT_THAT(Found({"b.apk", "b.apk.trace.json", ""}), ElementsAre("/b.apk.trace.json b.apk"));
}

TEST_F(CollectTest, WhatIsNamedIsLookedForWhetherItIsThereOrNot) {
  EXPECT_THAT(Found({"gone.apk"}), ElementsAre("/gone.apk.trace.json gone.apk"));
}

TEST_F(CollectTest, LinksInAFolderAreNotFollowedAndThoseToArtifactsAreSaid) {
  Make("elsewhere");
  Put("elsewhere/b.apk.trace.json");
  Make("out");
  std::filesystem::create_symlink("../elsewhere", folder.Path("out/link"));
  std::filesystem::create_symlink("../elsewhere/b.apk", folder.Path("out/latest.apk"));
  EXPECT_THAT(Found({"out"}), IsEmpty());
  EXPECT_THAT(notes, ElementsAre(HasSubstr("latest.apk is passed over")));
}

TEST_F(CollectTest, AFolderThatIsNotThereAndAFileThatIsNothingAreSaid) {
  Put("notes.txt");
  EXPECT_THAT(Found({"gone", "notes.txt"}), IsEmpty());
  EXPECT_THAT(troubles, ElementsAre(HasSubstr("gone"), HasSubstr("notes.txt is no trace")));
}

TEST_F(CollectTest, AFolderWithoutADeliveryIsSaid) {
  Make("empty/inside");
  Put("b.apk.trace.json");
  EXPECT_THAT(Found({"empty", ""}), ElementsAre("/b.apk.trace.json b.apk"));
  EXPECT_THAT(Collect(*fs, {folder.Path("empty"), folder.path()}).empty, ElementsAre(HasSubstr("empty")));
}

}  // namespace
}  // namespace tegodrop::testing
