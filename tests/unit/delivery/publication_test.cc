// fetched -> published: one name, one trace, one delivery, whatever dies in between.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/delivery/delivery_world.h"

namespace tegodrop::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kWanted[] = "App Release-protected-1767225100.apk";
constexpr char kWithJob[] = "App Release-protected-1767225100-0123456789abcdef.apk";

class PublicationTest : public DeliveryTest {
 protected:
  PublicationTest() { output.staged[FetchedJob().output.staging_name] = kProtected; }
  FakeJobRecord fetched{queue, FetchedJob()};
};

TEST_F(PublicationTest, FetchedJobIsPublishedWithoutAnotherDownload) {
  const HandlePtr handle = Start(fetched);
  Settle();
  ExpectDone();
  EXPECT_EQ(fetched.job().state, JobState::kPublished);
  EXPECT_EQ(output.published[kWanted], kProtected);
  EXPECT_EQ(output.published[std::string(kWanted) + ".sha256"], Sha256Hex(kProtected) + "  " + kWanted + "\n");
  EXPECT_THAT(portal.downloads_asked, IsEmpty());
  EXPECT_EQ(output.requests[0].mode, 0640U);
}

TEST_F(PublicationTest, NothingAppearsBeforeItIsToldOfNorWhereAnotherHostHasTheJob) {
  tell = Fail(ErrorKind::kTakenOver, "claimed/x is gone");
  HandlePtr handle = Start(fetched);
  Settle();
  ExpectError(ErrorKind::kTakenOver);
  EXPECT_THAT(output.published, IsEmpty());
  tell.emplace();
  handle = Start(fetched);
  Settle();
  ExpectDone();
  EXPECT_EQ(output.published[kWanted], kProtected);
}

TEST_F(PublicationTest, NameAndTimeAreRecordedBeforeAnythingAppears) {
  bool published = false;
  output.on_call = [&](const std::string& call, const std::string&) {
    if (call != "Publish") return;
    published = true;
    EXPECT_EQ(fetched.job().output.protected_name, kWanted);
    EXPECT_EQ(fetched.job().times.delivered, clock.Wall());
    EXPECT_EQ(fetched.job().state, JobState::kFetched);
  };
  const HandlePtr handle = Start(fetched);
  Settle();
  EXPECT_TRUE(published);
}

TEST_F(PublicationTest, SecondTryPublishesTheVerySameTrace) {
  output.FailNext("Publish", EIO);
  HandlePtr handle = Start(fetched);
  Settle();
  ExpectError(ErrorKind::kLocalDisk);
  clock.Step(std::chrono::hours(3));
  handle = Start(fetched);
  Settle();
  ExpectDone();
  ASSERT_THAT(output.requests, SizeIs(2));
  EXPECT_EQ(output.requests[0].trace, output.requests[1].trace);
  EXPECT_EQ(output.requests[0].name, output.requests[1].name);
  EXPECT_THAT(output.requests[1].trace, HasSubstr(Rfc3339(fetched.job().times.delivered)));
}

TEST_F(PublicationTest, LaterDeliveriesOfOneJobHaveNamesOfTheirOwn) {
  output.published[kWanted] = "the first delivery";
  output.published[kWithJob] = "the second delivery";
  Job job = FetchedJob();
  job.redeliveries = 2;
  FakeJobRecord again(queue, job);
  const HandlePtr handle = Start(again);
  Settle();
  ExpectDone();
  EXPECT_EQ(again.job().output.protected_name, "App Release-protected-1767225100-0123456789abcdef-2.apk");
  EXPECT_EQ(output.published[kWanted], "the first delivery");
  EXPECT_EQ(output.published[kWithJob], "the second delivery");
}

TEST_F(PublicationTest, TakenNameGetsTheJob) {
  output.published[kWanted] = "an earlier delivery";
  const HandlePtr handle = Start(fetched);
  Settle();
  ExpectDone();
  EXPECT_EQ(fetched.job().output.protected_name, kWithJob);
  EXPECT_EQ(output.published[kWanted], "an earlier delivery");
  EXPECT_EQ(output.published[kWithJob], kProtected);
}

TEST_F(PublicationTest, NameTakenAtTheLastMomentGetsTheJob) {
  output.next_outcome = PublishOutcome::kNameTaken;
  const HandlePtr handle = Start(fetched);
  Settle();
  ExpectDone();
  ASSERT_THAT(output.requests, SizeIs(2));
  EXPECT_EQ(output.requests[1].name, kWithJob);
  EXPECT_THAT(output.requests[1].trace, HasSubstr(kWithJob));
  EXPECT_EQ(output.times_published, 1);
}

TEST_F(PublicationTest, BothNamesTakenIsALocalTroubleThatNamesThem) {
  output.published[kWanted] = "an earlier delivery";
  output.published[kWithJob] = "planted";
  const HandlePtr handle = Start(fetched);
  Settle();
  ExpectError(ErrorKind::kLocalDisk);
  EXPECT_EQ(answer->error().sys, EEXIST);
  EXPECT_THAT(answer->error().message, HasSubstr(kWithJob));
  EXPECT_EQ(output.published[kWithJob], "planted");
  EXPECT_EQ(fetched.job().state, JobState::kFetched);
}

TEST_F(PublicationTest, LostFileIsDownloadedAgain) {
  output.staged.clear();
  HandlePtr handle = Start(fetched);
  Settle();
  ExpectError(ErrorKind::kRetry);
  EXPECT_EQ(fetched.job().state, JobState::kBuilt);
  EXPECT_TRUE(fetched.job().output.protected_name.empty());
  EXPECT_TRUE(fetched.job().output.sha256.empty());
  EXPECT_EQ(fetched.job().times.delivered, 0);
  output.facts.identity = fetched.job().artifact.identity;
  handle = StartToDownload(fetched);
  EXPECT_THAT(output.calls, Contains("Discard 0123456789abcdef.4.part"));
  Serve(kProtected);
  Settle();
  ExpectDone();
  EXPECT_EQ(fetched.job().state, JobState::kPublished);
  EXPECT_EQ(output.times_published, 1);
}

TEST_F(PublicationTest, LedgerThatTakesNothingEndsEachStepAsALocalTrouble) {
  for (int failing = 0; failing < 2; ++failing) {
    FakeJobRecord job(queue, FetchedJob());
    int save = 0;
    if (failing == 0) job.fail_next = PosixError("cannot write", "ledger", ENOSPC);
    job.on_saved = [&](const Job&) {
      if (++save == failing) job.fail_next = PosixError("cannot write", "ledger", ENOSPC);
    };
    HandlePtr handle = Start(job);
    Settle();
    ExpectError(ErrorKind::kLocalDisk);
    EXPECT_EQ(job.job().state, JobState::kFetched);
    job.on_saved = nullptr;
    handle = Start(job);
    Settle();
    ExpectDone();
    EXPECT_EQ(output.times_published, 1);
    output.Empty();
    output.staged[FetchedJob().output.staging_name] = kProtected;
  }
}

TEST_F(PublicationTest, ErrorOfTheFolderPassesThrough) {
  output.FailNext("ChooseName", EACCES);
  const HandlePtr handle = Start(fetched);
  Settle();
  ExpectError(ErrorKind::kLocalDisk);
  EXPECT_EQ(answer->error().sys, EACCES);
}

}  // namespace
}  // namespace tegodrop::testing
