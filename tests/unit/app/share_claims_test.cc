// What a host on a share tells and asks the others before a step of a job that they would see, and of which jobs.
#include "daemon/app/share_claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <optional>

#include "daemon/model/operator.h"
#include "tests/fakes/fake_drop_folder.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kShare = "/mnt/share/drop";
const std::string kLocal = "/srv/drop";

class ShareClaimsTest : public ::testing::Test {
 protected:
  ShareClaimsTest() {
    job.id = "06fk";
    job.artifact.file_name = "app.apk";
    Target& target = job.target.Edit();
    target.drop_path = kShare;
    target.after = SourceAfter::kArchive;
    job.state = JobState::kUploading;
    folder.claimed[job.id]["app.apk"] = {};
    claims.SawShare(kShare);
  }
  HandlePtr Begin(HandlePtr handle) {
    queue.RunAll();
    clock.Step(milliseconds(0));
    return handle;
  }
  std::function<void(Status)> Keep() {
    answer.reset();
    return [this](Status status) { answer = std::move(status); };
  }
  HandlePtr Tell(bool delivering) { return Begin(claims.Tell(job, delivering, Keep())); }
  HandlePtr Ask() { return Begin(claims.Ask(job, Keep())); }

  TaskQueue queue;
  SteppedClock clock;
  RecordedLog log;
  FakeDropFolder folder{queue, clock};
  std::optional<Error> missing;
  ShareClaims claims{[this](const Job&) -> Result<DropFolder*> {
                       if (missing) return Fail(*missing);
                       return &folder;
                     },
                     {kShare, kLocal},
                     clock,
                     log};
  Job job;
  std::optional<Status> answer;
};

TEST_F(ShareClaimsTest, WhatIsAboutToBeSentIsWrittenIntoTheClaim) {
  ASSERT_NE(Tell(false), nullptr);
  ASSERT_TRUE(answer && *answer);
  ASSERT_TRUE(folder.claim_records.contains(job.id));
  EXPECT_FALSE(folder.claim_records[job.id].delivering);
  EXPECT_EQ(folder.claim_records[job.id].file_name, "app.apk");
  ASSERT_NE(Tell(true), nullptr);
  ASSERT_TRUE(answer && *answer);
  EXPECT_TRUE(folder.claim_records[job.id].delivering);
}

TEST_F(ShareClaimsTest, ALocalFolderHasNobodyToTell) {
  job.target.Edit().drop_path = kLocal;
  EXPECT_EQ(Tell(false), nullptr);
  EXPECT_EQ(Ask(), nullptr);
  EXPECT_FALSE(answer);
  EXPECT_THAT(folder.claim_records, IsEmpty());
}

TEST_F(ShareClaimsTest, AFolderThatLeftTheConfigMayHaveBeenAShare) {
  job.target.Edit().drop_path = "/mnt/old/drop";
  EXPECT_NE(Tell(false), nullptr);
  EXPECT_THAT(folder.claim_records, SizeIs(1));
}

TEST_F(ShareClaimsTest, OfACopyAndOfARedeliveryThereIsNoClaim) {
  job.target.Edit().after = SourceAfter::kKeep;
  EXPECT_EQ(Tell(false), nullptr);
  job.target.Edit().after = SourceAfter::kArchive;
  job.redeliveries = 1;
  ASSERT_FALSE(NeedsArtifact(job));
  EXPECT_EQ(Ask(), nullptr);
  EXPECT_THAT(folder.claim_records, IsEmpty());
}

TEST_F(ShareClaimsTest, WhatAnotherHostHasTakenOverIsNeitherSentNorTold) {
  folder.claimed.clear();
  folder.taken_over.insert(job.id);
  ASSERT_NE(Tell(false), nullptr);
  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(answer->error().kind, ErrorKind::kTakenOver);
  ASSERT_NE(Ask(), nullptr);
  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(answer->error().kind, ErrorKind::kTakenOver);
}

TEST_F(ShareClaimsTest, AClaimThatSomebodyMovedAwayIsNamedBeforeAnythingIsSent) {
  folder.claimed.clear();
  ASSERT_NE(Tell(false), nullptr);
  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(answer->error().kind, ErrorKind::kLocalDisk);
  EXPECT_THAT(answer->error().message, HasSubstr("claimed/06fk is gone from the room of " + kShare));
  EXPECT_THAT(answer->error().message, HasSubstr("tegodrop cancel 06fk"));
  ASSERT_NE(Ask(), nullptr);
  EXPECT_TRUE(answer && *answer) << "its end can be told: what was put away is put away";
}

TEST_F(ShareClaimsTest, AShareInTroubleIsTheAnswerAndNeverInsideTheCall) {
  folder.FailNext("record_claim", PosixError("cannot write", "a share", ESTALE));
  ASSERT_NE(Tell(false), nullptr);
  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(answer->error().sys, ESTALE);
  missing = MakeError(ErrorKind::kLocalDisk, "the drop folder is missing");
  const HandlePtr handle = claims.Tell(job, false, Keep());
  ASSERT_NE(handle, nullptr);
  EXPECT_FALSE(answer);
  clock.Step(milliseconds(1));
  ASSERT_TRUE(answer && !*answer);
  EXPECT_THAT(answer->error().message, HasSubstr("missing"));
}

TEST_F(ShareClaimsTest, TheCopyOfWhatAnotherHostHasIsDroppedAndATroubleWithItLogged) {
  folder.spool[job.id]["app.apk"] = {};
  claims.Forget(job);
  queue.RunAll();
  EXPECT_THAT(folder.spool[job.id], IsEmpty());
  EXPECT_THAT(folder.claimed[job.id], SizeIs(1));
  EXPECT_THAT(log.lines, IsEmpty());
  folder.FailNext("put_away", PosixError("cannot remove", "app.apk", EIO));
  claims.Forget(job);
  queue.RunAll();
  ASSERT_THAT(log.lines, SizeIs(1));
  EXPECT_EQ(log.Count("spool.left"), 1);
}

}  // namespace
}  // namespace tegodrop::testing
