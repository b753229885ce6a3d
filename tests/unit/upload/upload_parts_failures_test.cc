// Every way an upload in parts can end badly, and what the row says then.
#include <gtest/gtest.h>

#include "tests/unit/upload/parts_ends.h"

namespace tegodrop {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllBut;
using testing::Breaks;
using testing::DiskFull;
using testing::ExpectDropped;
using testing::ExpectGoesOn;
using testing::ExpectKept;
using testing::From;
using testing::Ids;
using testing::kParts;
using testing::kPartSize;
using testing::PartsGrant;
using testing::PartsRig;
using testing::Reply;
using testing::RowWithParts;
using testing::Says;
using S = JobState;

TEST(UploadPartsFailures, PassingTroubleOfAPartIsTriedAgain) {
  for (const Reply& reply :
       {Says(500), Says(503), Says(408), Says(429), Says(307),
        Says(400, {}, "<Error><Code>RequestTimeout</Code></Error>"), Says(200), Says(200, {{"etag", ""}}),
        Says(200, {{"etag", "\"x\""}}, "<Error><Code>InternalError</Code></Error>"), Breaks(),
        Breaks(ErrorKind::kCorrupt), Breaks(ErrorKind::kRetry, 100), Breaks(ErrorKind::kRetry, 0),
        Reply{200, {{"etag", "\"early\""}}, "", std::nullopt, 1000}}) {
    PartsRig rig;
    rig.portal.completions.answers.push_back(Status{});
    rig.replies[3].push_back(reply);
    rig.StartAndServe();
    EXPECT_EQ(rig.done_calls, 0);
    EXPECT_EQ(rig.TriesOf(3), 1) << "not at once";
    rig.ServeFor(seconds(1));
    EXPECT_EQ(rig.TriesOf(3), 2) << reply.status;
    ASSERT_TRUE(rig.result && *rig.result) << rig.error().message;
    EXPECT_EQ(rig.transfer.calls.size(), static_cast<std::size_t>(kParts) + 1) << "the others only once";
    EXPECT_EQ(rig.portal.completed[0][2].etag, "\"etag-3\"");
    EXPECT_EQ(rig.row().upload_tries, 0);
  }
}

TEST(UploadPartsFailures, RetryAfterIsAFloor) {
  PartsRig rig;
  rig.replies[2].push_back(Says(503, {{"retry-after", "90"}}));
  rig.StartAndServe();
  rig.ServeFor(seconds(89));
  EXPECT_EQ(rig.TriesOf(2), 1);
  rig.ServeFor(seconds(1));
  EXPECT_EQ(rig.TriesOf(2), 2);
}

TEST(UploadPartsFailures, APartThatFailsEightTimesEndsTheAttemptAndWhatArrivedIsKept) {
  PartsRig rig;
  for (int i = 0; i < 20; ++i) rig.replies[3].push_back(Says(503, {{"retry-after", "7"}}));
  rig.StartAndServe();
  rig.ServeFor(minutes(10));
  EXPECT_EQ(rig.TriesOf(3), 8);
  ExpectKept(rig, ErrorKind::kRetry, 1, AllBut(3));
  EXPECT_EQ(rig.row().state, S::kUploading);
  EXPECT_EQ(rig.row().refused_urls, 0);
  EXPECT_EQ(rig.error().retry_after, seconds(7));
  EXPECT_EQ(rig.error().http_status, 503);
  EXPECT_NE(rig.error().message.find("part 3 of 6"), std::string::npos);
  ExpectGoesOn(rig.row(), 1);
}

Reply HeldBack() {
  Reply reply = Breaks(ErrorKind::kRetry, 0);
  reply.error->held_back = true;
  reply.error->outcome_unknown = false;
  reply.error->retry_after = seconds(30);
  return reply;
}

TEST(UploadPartsFailures, APartThatIsHeldBackIsNoTryAndWaitsForTheOthers) {
  PartsRig rig;
  rig.portal.completions.answers.push_back(Status{});
  for (int i = 0; i < 12; ++i) rig.replies[6].push_back(HeldBack());
  rig.StartAndServe();
  rig.ServeFor(minutes(5));
  ExpectKept(rig, ErrorKind::kRetry, 0, AllBut(6));
  EXPECT_TRUE(rig.error().held_back) << "so that its job says what it waits for";
  EXPECT_EQ(rig.row().state, S::kUploading);
  ExpectGoesOn(rig.row(), 1);
}

TEST(UploadPartsFailures, WhatArrivesEndsTheCountOfTries) {
  Job row = RowWithParts({1, 2});
  row.upload_tries = 5;
  PartsRig rig(From(row));
  rig.held = {4, 5, 6};
  rig.Start();
  rig.Serve();
  EXPECT_EQ(rig.RecordedParts(), (std::set{1, 2, 3}));
  EXPECT_EQ(rig.row().upload_tries, 0);
}

TEST(UploadPartsFailures, FewerGoAtOnceWhileManyFail) {
  PartsRig rig;
  for (int number = 1; number <= 4; ++number) {
    for (int i = 0; i < 2; ++i) rig.replies[number].push_back(Says(503));
  }
  rig.StartAndServe();
  EXPECT_EQ(rig.most_at_once, 4U);
  EXPECT_EQ(rig.TriesOf(5), 0) << "their places stay theirs";
  rig.most_at_once = 0;
  rig.portal.completions.answers.push_back(Status{});
  rig.ServeFor(minutes(2));
  EXPECT_LE(rig.most_at_once, 2U);
  EXPECT_TRUE(rig.result && *rig.result) << rig.error().message;
}

TEST(UploadPartsFailures, UrlsThatTheStoreRefusesGiveANewUpload) {
  for (const Reply& reply : {Says(403), Says(401), Says(404, {}, "<Error><Code>NoSuchUpload</Code></Error>"),
                             Says(400, {}, "<Error><Code>ExpiredToken</Code></Error>")}) {
    PartsRig rig;
    rig.held = {5};
    rig.replies[4].push_back(reply);
    rig.StartAndServe();
    ExpectDropped(rig, ErrorKind::kExpired);
    EXPECT_EQ(rig.row().refused_urls, 1);
    EXPECT_EQ(rig.row().upload_tries, 1);
    EXPECT_EQ(rig.error().http_status, reply.status);
  }
}

TEST(UploadPartsFailures, WhatTheStoreWillNeverTakeIsRejected) {
  PartsRig rig;
  rig.replies[1].push_back(Says(413));
  rig.StartAndServe();
  ExpectDropped(rig, ErrorKind::kRejected);
  EXPECT_EQ(rig.row().upload_tries, 0);
}

TEST(UploadPartsFailures, AWrongDigestIsFoundBeforeComplete) {
  PartsRig rig([](Job& job) { job.artifact.sha256 = std::string(64, '0'); });
  rig.StartAndServe();
  ExpectDropped(rig, ErrorKind::kCorrupt);
  EXPECT_TRUE(rig.portal.completed.empty());
  EXPECT_NE(rig.error().message.find("app.apk"), std::string::npos);
}

TEST(UploadPartsFailures, AFileOfAnotherSizeIsCorruptBeforeAByteLeaves) {
  PartsRig rig(From(RowWithParts({1, 2, 3})));
  rig.file.Append("x");
  rig.Start();
  rig.Serve();
  ExpectDropped(rig, ErrorKind::kCorrupt);
  EXPECT_TRUE(rig.transfer.calls.empty());
}

TEST(UploadPartsFailures, AFileTouchedBeforeCompleteIsLookedAtAgain) {
  PartsRig rig;
  rig.held = {6};
  rig.StartAndServe();
  rig.file.Overwrite(0, rig.content.substr(0, 1));  // the same bytes, another time
  rig.held.clear();
  rig.Serve();
  ExpectKept(rig, ErrorKind::kRetry, 1, AllBut(0));
  EXPECT_TRUE(rig.portal.completed.empty());
  ExpectGoesOn(rig.row(), 0);
}

TEST(UploadPartsFailures, APartReadAfterTheFileChangedIsNeverCounted) {
  PartsRig rig;
  rig.held = {4, 5, 6};
  rig.StartAndServe();  // the digests of the right file are known
  rig.file.Overwrite(4 * kPartSize, "CHANGED");
  for (testing::FakeTransfer::Call* call : rig.LiveParts()) {  // their blocks had been read before
    rig.transfer.Answer(*call, Fail(ErrorKind::kRetry, "reset"));
  }
  rig.queue.RunAll();
  rig.held.clear();
  rig.ServeFor(minutes(10));
  EXPECT_EQ(rig.TriesOf(5), 8);
  ExpectKept(rig, ErrorKind::kRetry, 1, AllBut(5));
  // The next attempt sees the whole of it.
  PartsRig next(From(rig.row()));
  next.file.Overwrite(4 * kPartSize, "CHANGED");
  next.Start();
  next.Serve();
  ExpectDropped(next, ErrorKind::kCorrupt);
  EXPECT_TRUE(next.portal.completed.empty());
}

TEST(UploadPartsFailures, AFileThatBecomesShorterIsCorrupt) {
  PartsRig rig;
  rig.held = {4, 5};
  rig.StartAndServe();
  rig.file.Truncate(5 * kPartSize);
  for (testing::FakeTransfer::Call* call : rig.LiveParts()) {
    rig.transfer.Answer(*call, Fail(ErrorKind::kRetry, "reset"));
  }
  rig.queue.RunAll();
  rig.held.clear();
  rig.ServeFor(seconds(5));
  EXPECT_EQ(rig.done_calls, 1);
  EXPECT_TRUE(rig.portal.completed.empty());
}

TEST(UploadPartsFailures, AReadErrorIsTheLocalDiskAndKeepsWhatArrived) {
  PartsRig rig(From(RowWithParts({1, 2})));
  rig.fs.fail_reads_beyond = 3 * kPartSize;
  rig.Start();
  rig.Serve();
  ExpectKept(rig, ErrorKind::kLocalDisk, 0, {1, 2});
  EXPECT_EQ(rig.row().state, S::kUploading);
  ExpectGoesOn(rig.row(), 4);
}

TEST(UploadPartsFailures, ALastLookThatFailsIsTheLocalDisk) {
  PartsRig rig;
  rig.fs.fail_stat = 2;
  rig.StartAndServe();
  ExpectKept(rig, ErrorKind::kLocalDisk, 0, AllBut(0));
  ExpectGoesOn(rig.row(), 0);
}

TEST(UploadPartsFailures, APlanThatDoesNotFitIsNotBegun) {
  for (const UploadGrant& grant :
       {PartsGrant("up-1", 100, kParts - 1), PartsGrant("up-1", 100, kParts + 1), PartsGrant("up-1", 100, kParts, 1),
        PartsGrant("up-1", 100, kParts, UINT64_MAX), PartsGrant("up-1", 100, kParts, 0)}) {
    PartsRig rig;
    rig.portal.uploads.answers.push_back(grant);
    rig.Start();
    rig.Serve();
    ExpectDropped(rig, ErrorKind::kRetry);
    EXPECT_EQ(rig.row().upload_tries, 1);
    EXPECT_TRUE(rig.transfer.calls.empty());
  }
}

TEST(UploadPartsFailures, AnIdentityThatIsTakenLeavesItsUploadToBeAbortedAndAsksAgain) {
  PartsRig rig;
  rig.portal.uploads.answers = {PartsGrant("up-1", 100), PartsGrant("up-2", 101)};
  rig.portal.completions.answers.push_back(Status{});
  rig.record.fail_next = MakeError(ErrorKind::kRejected, kIdentityTaken);
  rig.Start();
  rig.Serve();
  EXPECT_EQ(rig.AbortsLeft(), Ids{"up-1"}) << "recorded before anything else is asked";
  EXPECT_EQ(rig.portal.upload_requests.size(), 1U);
  rig.ServeFor(seconds(1));
  EXPECT_TRUE(rig.result && *rig.result) << rig.error().message;
  EXPECT_EQ(rig.row().ticket.start_time, 101);
  EXPECT_EQ(rig.portal.completed_uploads.front().upload_id, "up-2");
  EXPECT_EQ(rig.AbortsLeft(), Ids{"up-1"});
}

TEST(UploadPartsFailures, AnUploadThatCouldNotBeRecordedIsLeftToBeAborted) {
  PartsRig rig;
  rig.portal.uploads.answers.push_back(PartsGrant("up-1"));
  rig.record.fail_next = DiskFull();
  rig.Start();
  rig.Serve();
  ExpectDropped(rig, ErrorKind::kLocalDisk);
  EXPECT_TRUE(rig.transfer.calls.empty());
}

// -- time

// All four connections take a little, and more every second.
void Trickle(PartsRig& rig, seconds time, std::uint64_t bytes_a_second) {
  for (auto second = seconds(0); second < time && rig.done_calls == 0; ++second) {
    rig.clock.Step(seconds(1));
    for (testing::FakeTransfer::Call* call : rig.LiveParts())
      rig.transfer.Send(*call, call->sent.size() + bytes_a_second);
    rig.queue.RunAll();
  }
}

PartsRig& Hold(PartsRig& rig, seconds life) {
  for (int number = 1; number <= kParts; ++number) rig.held.insert(number);
  UploadGrant grant = PartsGrant("up-1");
  grant.expires_in = life;
  rig.portal.uploads.answers.push_back(grant);
  rig.Start();
  rig.Serve();
  return rig;
}

TEST(UploadPartsFailures, AnUploadThatCannotFitIsToldOfAndGivenUpAfterFiveMinutes) {
  PartsRig rig;
  Hold(rig, minutes(60));
  Trickle(rig, seconds(120), 4);  // 16 bytes a second would take more than four hours
  EXPECT_EQ(rig.log.Count("upload.too_slow"), 1);
  EXPECT_EQ(rig.done_calls, 0);
  Trickle(rig, minutes(4), 4);
  ExpectDropped(rig, ErrorKind::kExpired);
  EXPECT_EQ(rig.log.Count("upload.too_slow"), 1) << "told once";
}

TEST(UploadPartsFailures, AnUploadThatFitsIsLeftAlone) {
  PartsRig rig;
  Hold(rig, minutes(60));
  Trickle(rig, minutes(20), 40);
  EXPECT_EQ(rig.done_calls, 0);
  EXPECT_EQ(rig.log.Count("upload.too_slow"), 0);
}

TEST(UploadPartsFailures, AStoreThatIsAwayForALongTimeIsNoSlowLine) {
  PartsRig rig;
  for (int number = 1; number <= kParts; ++number) {
    for (int i = 0; i < 20; ++i) rig.replies[number].push_back(Says(503, {{"retry-after", "120"}}));
  }
  rig.StartAndServe();
  rig.ServeFor(minutes(30));
  ExpectKept(rig, ErrorKind::kRetry, 1, {});
  EXPECT_EQ(rig.row().refused_urls, 0) << "three of these fail a job";
}

TEST(UploadPartsFailures, AConnectionThatHangsForMinutesIsNoSlowLine) {
  PartsRig rig;
  Hold(rig, minutes(60));
  Trickle(rig, seconds(1), 100);
  for (int i = 0; i < 20 && rig.done_calls == 0; ++i) {  // given up by the transfer every minute
    rig.clock.Step(seconds(60));
    for (testing::FakeTransfer::Call* call : rig.LiveParts()) {
      rig.transfer.Answer(*call, Fail(ErrorKind::kRetry, "no byte could be sent"));
    }
    rig.queue.RunAll();
  }
  ExpectKept(rig, ErrorKind::kRetry, 1, {});
  EXPECT_EQ(rig.row().refused_urls, 0);
}

TEST(UploadPartsFailures, AShareThatHangsForMinutesIsNoSlowLine) {
  PartsRig rig;
  Hold(rig, minutes(60));
  rig.clock.Step(minutes(20));
  rig.queue.RunAll();
  EXPECT_EQ(rig.done_calls, 0) << "nothing moved at all: a new upload would not get further";
}

TEST(UploadPartsFailures, PartsThatAreOnTheirWayWhenTheUrlsExpireMayArrive) {
  PartsRig rig;
  Hold(rig, minutes(60));
  rig.held = {5, 6};
  rig.Serve();
  Trickle(rig, minutes(59), 10);
  rig.clock.Step(minutes(2));
  rig.queue.RunAll();
  EXPECT_EQ(rig.done_calls, 0) << "a URL must live when its request begins";
  rig.held.clear();
  rig.portal.completions.answers.push_back(Status{});
  rig.Serve();
  EXPECT_TRUE(rig.result && *rig.result) << rig.error().message;
}

TEST(UploadPartsFailures, PartsThatCannotBeginBeforeTheUrlsExpireGiveANewUpload) {
  PartsRig rig;
  Hold(rig, minutes(60));
  Trickle(rig, minutes(50), 16);
  EXPECT_EQ(rig.done_calls, 0);
  Trickle(rig, minutes(15), 0);
  ExpectDropped(rig, ErrorKind::kExpired);
}

}  // namespace
}  // namespace tegodrop
