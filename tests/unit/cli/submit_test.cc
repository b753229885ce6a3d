// The whole of `submit` but for its processes: what it prints, what it leaves, how it ends.
#include "daemon/cli/submit/submit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/base/digest.h"
#include "daemon/intake/sidecar.h"
#include "tests/unit/cli/drop_folder_fixture.h"

namespace tegodrop::testing {
namespace {

using std::chrono::seconds;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

class SubmitTest : public DropFolderFixture {
 protected:
  SubmitTest() {
    options.folder = folder;
    options.files = {Build("app.apk")};
    Put(".tegodrop/receipts/other.json");
  }
  ExitCode Go() { return Submit(options, {fs, clock, random}, desk); }
  // As the daemon answers: a receipt for what NAME.json asks for.
  void Answer(const std::string& name, const std::string& state) {
    const auto sidecar = ParseSidecar(SidecarKind::kJson, Read(name + ".json"), name);
    ASSERT_TRUE(sidecar) << sidecar.error().message;
    ASSERT_NE(sidecar->submit_id, "");
    const std::string failure =
        state == "failed" ? R"({"kind": "build_failed", "message": "no", "remedy": "Mend it."})" : "null";
    const std::string trace = state == "failed" ? "null" : "\"/out/" + name + ".trace.json\"";
    Put(".tegodrop/receipts/" + sidecar->submit_id + ".json",
        R"({"schema": "tegodrop-receipt/1", "state": ")" + state + R"(", "job": "j1", "file_name": ")" + name +
            R"(", "sha256": ")" + Sha256Hex(Read(name)) + R"(", "trace": )" + trace + R"(, "failure": )" + failure +
            "}");
  }

  SubmitOptions options;
};

TEST_F(SubmitTest, WithoutWaitingItSaysWhatWasDroppedUnderWhichId) {
  EXPECT_EQ(Go(), ExitCode::kDone);
  EXPECT_THAT(desk.out, ContainsRegex("^app.apk: dropped into .*, submit_id [0-9a-z]{16}\n$"));
  EXPECT_EQ(desk.err, "");
  EXPECT_EQ(desk.doing, "") << "what has come back must not be called hung";
}

TEST_F(SubmitTest, ADeliveryEndsWithThePathOfItsTrace) {
  options.wait = true;
  desk.while_asleep = [&] { Answer("app.apk", "delivered"); };
  EXPECT_EQ(Go(), ExitCode::kDone);
  EXPECT_EQ(desk.out, "app.apk: delivered, job j1, trace /out/app.apk.trace.json\n");
  EXPECT_THAT(desk.err, HasSubstr("submit_id"));
}

TEST_F(SubmitTest, ADuplicateOfADeliveryPasses) {
  options.wait = true;
  desk.while_asleep = [&] { Answer("app.apk", "duplicate"); };
  EXPECT_EQ(Go(), ExitCode::kDone);
  EXPECT_EQ(desk.out, "app.apk: delivered before, job j1, trace /out/app.apk.trace.json\n");
}

TEST_F(SubmitTest, OneFailureAmongSeveralIsAFailure) {
  options.wait = true;
  options.files.push_back(Build("b.ipa", "other"));
  desk.while_asleep = [&] {
    Answer("app.apk", "delivered");
    Answer("b.ipa", "failed");
  };
  EXPECT_EQ(Go(), ExitCode::kFailed);
  EXPECT_THAT(desk.out, HasSubstr("app.apk: delivered"));
  EXPECT_THAT(desk.err, HasSubstr("tegodrop: b.ipa: failed (build_failed), job j1: no. Mend it.\n"));
}

TEST_F(SubmitTest, ATimeoutTellsHowToLookAgain) {
  options.wait = true;
  options.timeout = seconds(90);
  EXPECT_EQ(Go(), ExitCode::kLeft);
  EXPECT_EQ(desk.ends_within, seconds(90));
  EXPECT_THAT(desk.err, HasSubstr("no outcome within 90s: nothing is lost"));
  EXPECT_THAT(desk.err, HasSubstr("app.apk still lies in"));
  EXPECT_THAT(desk.err, ContainsRegex("tegodrop submit --folder '.*/drop' --receipt [0-9a-z]+ --wait --timeout 90s\n"));
  EXPECT_EQ(desk.last_words.substr(0, 23), "tegodrop: to look again");
  EXPECT_THAT(Names(), IsSupersetOf({"app.apk", "app.apk.json"}));
}

TEST_F(SubmitTest, AStopWhileItWaitsLeavesTheDrop) {
  options.wait = true;
  desk.while_asleep = [&] { desk.stopped = true; };
  EXPECT_EQ(Go(), ExitCode::kLeft);
  EXPECT_THAT(desk.err, HasSubstr("stopped: nothing is lost"));
  EXPECT_THAT(Names(), IsSupersetOf({"app.apk"}));
}

TEST_F(SubmitTest, AStopBeforeTheRenamesLeavesNothing) {
  options.files.push_back(Build("b.ipa"));
  // Two blocks of each file, and the question after the last.
  desk.stop_after = 4;
  EXPECT_EQ(Go(), ExitCode::kLeft);
  EXPECT_THAT(desk.err, HasSubstr("stopped; nothing was dropped"));
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(SubmitTest, OneFileThatIsRefusedKeepsTheOthersBack) {
  options.files.push_back(Build("notes.txt"));
  EXPECT_EQ(Go(), ExitCode::kFailed);
  EXPECT_THAT(desk.err, HasSubstr("notes.txt ends neither"));
  EXPECT_EQ(std::count(desk.err.begin(), desk.err.end(), '\n'), 1);
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_EQ(desk.out, "");
}

TEST_F(SubmitTest, AnEarlierDropIsFollowedByItsIdAlone) {
  EXPECT_EQ(Go(), ExitCode::kDone);
  Answer("app.apk", "delivered");
  const std::string before_id = "submit_id ";
  const std::string id = desk.out.substr(desk.out.find(before_id) + before_id.size(), 16);
  options.files.clear();
  options.receipts = {id};
  options.wait = true;
  desk.out.clear();
  EXPECT_EQ(Go(), ExitCode::kDone);
  EXPECT_EQ(desk.out, id + ": delivered, job j1, trace /out/app.apk.trace.json\n");
}

TEST_F(SubmitTest, AMissingFolderIsAnOutputThatCannotBeWritten) {
  options.folder = scratch.Path("nowhere");
  EXPECT_EQ(Go(), ExitCode::kOutput);
  EXPECT_THAT(desk.err, HasSubstr(options.folder));
  EXPECT_EQ(std::count(desk.err.begin(), desk.err.end(), '\n'), 1);
}

TEST_F(SubmitTest, AFullDiskIsAnOutputThatCannotBeWrittenAndLeavesNothing) {
  fs.fail_every = "WriteAt";
  fs.fail_every_errno = ENOSPC;
  EXPECT_EQ(Go(), ExitCode::kOutput);
  EXPECT_THAT(desk.err, HasSubstr("No space left"));
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(SubmitTest, ReceiptsThatNobodyLetsUsSeeAreToldBeforeTheDrop) {
  options.wait = true;
  fs.fail_every = "OpenFolderAt";
  fs.fail_every_errno = EACCES;
  EXPECT_EQ(Go(), ExitCode::kFailed);
  EXPECT_THAT(desk.err, HasSubstr("nothing was dropped, because --wait would never see the receipt"));
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(SubmitTest, AFolderThatNoDaemonKnowsIsNoted) {
  std::filesystem::remove_all(folder + "/.tegodrop");
  EXPECT_EQ(Go(), ExitCode::kDone);
  EXPECT_THAT(desk.err, HasSubstr("no daemon has opened"));
}

TEST_F(SubmitTest, WhatOneFileAloneCanHaveIsRefusedForSeveral) {
  options.files.push_back(Build("b.ipa"));
  options.json_sidecar = Build("ci.json", R"({"submit_id": "one"})");
  EXPECT_EQ(Go(), ExitCode::kFailed);
  EXPECT_THAT(desk.err, HasSubstr("submit the files one by one"));
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(SubmitTest, ABadSidecarIsRefusedByItsPath) {
  options.json_sidecar = Build("ci.json", "[]");
  EXPECT_EQ(Go(), ExitCode::kFailed);
  EXPECT_EQ(desk.err, "tegodrop: " + options.json_sidecar + " is JSON, but no object\n");
  options.json_sidecar = scratch.Path("none.json");
  EXPECT_EQ(Go(), ExitCode::kFailed);
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(SubmitTest, AVariableThatGaveTheCommitIsToldAndWritten) {
  options.environment = {{"GITHUB_SHA", "main"}, {"GIT_COMMIT", std::string(40, 'B')}};
  options.files.push_back(Build("b.ipa"));
  EXPECT_EQ(Go(), ExitCode::kDone);
  const std::string commit(40, 'b');
  EXPECT_EQ(desk.err,
            "tegodrop: note: GITHUB_SHA holds no commit SHA of 40 or 64 hex digits: passed over\n"
            "tegodrop: note: the commit is " +
                commit + ", from GIT_COMMIT\n");
  for (const char* name : {"app.apk", "b.ipa"}) {
    const auto sidecar = ParseSidecar(SidecarKind::kJson, Read(std::string(name) + ".json"), name);
    ASSERT_TRUE(sidecar) << sidecar.error().message;
    EXPECT_EQ(sidecar->commit, commit);
  }
}

TEST_F(SubmitTest, TheDocumentSaysWhereTheCommitIsFrom) {
  options.json = true;
  options.environment = {{"GITHUB_SHA", std::string(40, 'b')}};
  EXPECT_EQ(Go(), ExitCode::kDone);
  EXPECT_THAT(desk.out, HasSubstr(R"("commit_from": "GITHUB_SHA")"));
}

TEST_F(SubmitTest, WhatIsRefusedIsToldAlone) {
  options.environment = {{"GITHUB_SHA", std::string(40, 'b')}};
  options.files = {Build("notes.txt")};
  EXPECT_EQ(Go(), ExitCode::kFailed);
  EXPECT_THAT(desk.err, Not(HasSubstr("GITHUB_SHA")));
}

TEST_F(SubmitTest, TheDocumentHasAllOfIt) {
  options.wait = true;
  options.json = true;
  options.commit = std::string(40, 'a');
  options.files.push_back(Build("b.ipa", "other"));
  desk.while_asleep = [&] {
    Answer("app.apk", "delivered");
    Answer("b.ipa", "failed");
  };
  EXPECT_EQ(Go(), ExitCode::kFailed);
  for (const char* part : {R"("schema": "tegodrop-submit/1")", R"("state": "delivered")", R"("state": "failed")",
                           R"("kind": "build_failed")", R"("trace": "/out/app.apk.trace.json")", R"("size": 5)",
                           R"("commit_sha": "aaaa)", R"("commit_from": "--commit")", R"("failure": null)"}) {
    EXPECT_THAT(desk.out, HasSubstr(part));
  }
  EXPECT_THAT(desk.out, Not(HasSubstr("dropped into")));
}

}  // namespace
}  // namespace tegodrop::testing
