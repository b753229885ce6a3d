// Dropping step by step: sidecars first, nothing replaced, and whatever fails leaves nothing behind.
#include "daemon/cli/submit/drop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "daemon/base/digest.h"
#include "tests/unit/cli/drop_folder_fixture.h"

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
namespace files = std::filesystem;

class DropTest : public DropFolderFixture {
 protected:
  Parcel ParcelOf(const std::string& name, const std::string& content = "bytes") {
    Parcel parcel;
    parcel.file = Build(name, content);
    parcel.name = name;
    parcel.sidecar.submit_id = "id-1";
    return parcel;
  }
  // All steps, as far as they go.
  static Status Go(Drop& drop, Parcel& parcel) {
    Status status = drop.Open();
    if (status) status = drop.Check(parcel);
    if (status) status = drop.Stage(parcel);
    if (status) status = drop.Place(parcel);
    drop.Undo();
    return status;
  }
  Status Go(Parcel& parcel) {
    Drop drop = MakeDrop();
    return Go(drop, parcel);
  }
  Drop MakeDrop() { return Drop(fs, desk, random, folder, ".tegodrop"); }
  std::string Refusal(Parcel parcel, ErrorKind kind = ErrorKind::kRejected) {
    const Status status = Go(parcel);
    EXPECT_FALSE(status);
    if (status) return "";
    EXPECT_EQ(status.error().kind, kind) << status.error().message;
    return status.error().message;
  }
};

TEST_F(DropTest, ArtifactAndSidecarsStandUnderTheirNames) {
  Parcel parcel = ParcelOf("app.apk");
  const auto status = Go(parcel);
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_TRUE(parcel.placed);
  EXPECT_EQ(parcel.size, 5U);
  EXPECT_THAT(Names(), UnorderedElementsAre("app.apk", "app.apk.json", "app.apk.sha256"));
  EXPECT_EQ(Read("app.apk"), "bytes");
  EXPECT_EQ(Read("app.apk.sha256"), Sha256Hex("bytes") + "  app.apk\n");
  EXPECT_THAT(Read("app.apk.json"), HasSubstr(Sha256Hex("bytes")));
  EXPECT_THAT(Read("app.apk.json"), HasSubstr("\"submit_id\": \"id-1\""));
}

TEST_F(DropTest, TheArtifactComesLastAndEveryFileIsSyncedBefore) {
  std::vector<std::string> calls;
  fs.before_call = [&](std::string_view call) {
    if (call == "MoveAt") {
      std::string seen = "move with";
      for (const std::string& name : Names()) {
        if (name.front() != '.') seen += " " + name;
      }
      calls.push_back(seen);
    }
    if (call == "Sync" || call == "SyncFolder") calls.emplace_back(call);
  };
  Parcel parcel = ParcelOf("app.apk");
  ASSERT_TRUE(Go(parcel));
  EXPECT_THAT(calls, ElementsAre("Sync", "Sync", "Sync", "move with", "move with app.apk.json",
                                 "move with app.apk.json app.apk.sha256", "SyncFolder"));
}

TEST_F(DropTest, FilesAreReadableForThoseWhomTheFolderShowsThem) {
  for (const auto& [of_folder, of_file] : {std::pair<mode_t, mode_t>{02770, 0640}, {0755, 0644}, {0700, 0600}}) {
    ASSERT_EQ(chmod(folder.c_str(), of_folder), 0);
    Parcel parcel = ParcelOf("app.apk");
    ASSERT_TRUE(Go(parcel));
    for (const std::string& name : Names()) {
      struct stat st {};
      ASSERT_EQ(stat((folder + "/" + name).c_str(), &st), 0);
      EXPECT_EQ(st.st_mode & 07777U, of_file) << name;
      files::remove(folder + "/" + name);
    }
  }
}

TEST_F(DropTest, LinksToTheArtifactAreFollowed) {
  Parcel parcel = ParcelOf("target.apk");
  parcel.file = scratch.Path("latest.apk");
  parcel.name = "latest.apk";
  files::create_symlink("target.apk", parcel.file);
  ASSERT_TRUE(Go(parcel));
  EXPECT_TRUE(files::is_regular_file(files::symlink_status(folder + "/latest.apk")));
  EXPECT_EQ(Read("latest.apk"), "bytes");
}

TEST_F(DropTest, WhatIsNoReadableFileIsRefused) {
  Parcel parcel = ParcelOf("app.apk");
  parcel.file = scratch.Path("gone.apk");
  EXPECT_THAT(Refusal(parcel), HasSubstr("gone.apk"));
  parcel.file = scratch.path();
  EXPECT_THAT(Refusal(parcel), HasSubstr("not a regular file"));
  parcel.file = scratch.Path("pipe");
  ASSERT_EQ(mkfifo(parcel.file.c_str(), 0600), 0);
  EXPECT_THAT(Refusal(parcel), HasSubstr("not a regular file"));
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(DropTest, ANameThatIsTakenIsRefusedAndLeftAlone) {
  for (const char* taken : {"app.apk", "app.apk.json", "app.apk.sha256", "app.apk.commit"}) {
    Put(taken, "somebody else's");
    EXPECT_THAT(Refusal(ParcelOf("app.apk")), HasSubstr(std::string(taken) + " is there already"));
    EXPECT_THAT(Names(), ElementsAre(taken));
    EXPECT_EQ(Read(taken), "somebody else's");
    files::remove(folder + "/" + taken);
  }
}

TEST_F(DropTest, ANameThatIsTakenMeanwhileIsRefusedAndLeftAlone) {
  for (const char* taken : {"app.apk", "app.apk.json", "app.apk.sha256"}) {
    fs.before_call = [&](std::string_view call) {
      if (call == "MoveAt") Put(taken, "somebody else's");
    };
    // The first move finds it, or a later one.
    EXPECT_THAT(Refusal(ParcelOf("app.apk")), HasSubstr("is there already"));
    fs.before_call = nullptr;
    EXPECT_EQ(Read(taken), "somebody else's");
    EXPECT_THAT(Names(), ElementsAre(taken));
    files::remove(folder + "/" + taken);
  }
}

TEST_F(DropTest, ASubmitIdThatHasAReceiptIsRefused) {
  Put(".tegodrop/receipts/id-1.json");
  EXPECT_THAT(Refusal(ParcelOf("app.apk")), HasSubstr("has a receipt already"));
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(DropTest, AFileThatIsNotWhatItsSidecarSaysIsRefused) {
  Parcel parcel = ParcelOf("app.apk");
  parcel.sidecar.sha256 = std::string(64, '0');
  EXPECT_THAT(Refusal(parcel), HasSubstr("its sidecar names 0000"));
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(DropTest, AFileThatChangesWhileItIsCopiedIsRefused) {
  Parcel parcel = ParcelOf("app.apk");
  fs.before_call = [&](std::string_view call) {
    if (call == "WriteAt") Build("app.apk", "other bytes");
  };
  EXPECT_THAT(Refusal(parcel), HasSubstr("changed while it was copied"));
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(DropTest, AFolderThatIsMissingOrNoFolderIsTroubleOfTheFolder) {
  Parcel parcel = ParcelOf("app.apk");
  files::remove(folder);
  EXPECT_THAT(Refusal(parcel, ErrorKind::kLocalDisk), HasSubstr(folder));
  std::ofstream(folder) << "a file";
  EXPECT_THAT(Refusal(parcel, ErrorKind::kLocalDisk), HasSubstr(folder));
}

TEST_F(DropTest, AFolderThatMayNotBeWrittenIsTroubleOfTheFolder) {
  ASSERT_EQ(chmod(folder.c_str(), 0555), 0);
  AsOrdinaryUser([&] {
    Drop drop = MakeDrop();
    const Status status = drop.Open();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::kLocalDisk);
    EXPECT_THAT(status.error().message, HasSubstr("cannot write into the drop folder " + folder));
  });
}

TEST_F(DropTest, AStopInTheCopyLeavesNothing) {
  desk.stop_after = 2;
  EXPECT_EQ(Refusal(ParcelOf("app.apk", std::string(5 << 20, 'a')), ErrorKind::kCancelled), kStopped);
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(DropTest, WhateverCallFailsAllOfItStandsOrNothing) {
  Parcel whole = ParcelOf("app.apk");
  ASSERT_TRUE(Go(whole));
  const int calls = fs.calls();
  ASSERT_GT(calls, 20);
  for (const auto fault : {FaultyFileSystem::Fault::kRefused, FaultyFileSystem::Fault::kAnswerLost}) {
    for (int call = 1; call <= calls; ++call) {
      for (const std::string& name : Names()) files::remove(folder + "/" + name);
      Parcel parcel = ParcelOf("app.apk");
      fs.FailAt(call, fault);
      const Status status = Go(parcel);
      fs.Heal();
      EXPECT_EQ(parcel.placed, status.has_value()) << call;
      if (status) {
        EXPECT_THAT(Names(), UnorderedElementsAre("app.apk", "app.apk.json", "app.apk.sha256")) << call;
      } else {
        EXPECT_THAT(Names(), IsEmpty()) << "call " << call << ": " << status.error().message;
      }
    }
  }
}

TEST_F(DropTest, WhatCannotBeRemovedIsNamed) {
  desk.stop_after = 2;
  fs.fail_every = "RemoveAt";
  EXPECT_EQ(Refusal(ParcelOf("app.apk", std::string(5 << 20, 'a')), ErrorKind::kCancelled), kStopped);
  EXPECT_THAT(desk.err, HasSubstr("left behind in " + folder));
  EXPECT_EQ(Names().size(), 1U);
}

TEST_F(DropTest, WhatADaemonHasTakenIsDroppedWhateverTheFolderSaysThen) {
  fs.before_call = [&](std::string_view call) {
    if (call != "SyncFolder" || !Names().contains("app.apk")) return;
    for (const std::string& name : Names()) files::rename(folder + "/" + name, scratch.Path("taken-" + name));
  };
  fs.fail_every = "SyncFolder";
  Parcel parcel = ParcelOf("app.apk");
  const Status status = Go(parcel);
  EXPECT_TRUE(status) << status.error().message;
  EXPECT_TRUE(parcel.placed);
}

}  // namespace
}  // namespace tegodrop::testing
