// Every way an upload can end badly, and what the row says then.
#include <gtest/gtest.h>

#include "tests/unit/upload/rig.h"

namespace tegodrop {
namespace {

using testing::Grant;
using testing::RandomBytes;
using testing::Rig;
using S = JobState;

constexpr std::size_t kSize = 1024 * 1024 + 5;

Error DiskFull() { return MakeError(ErrorKind::kLocalDisk, "the ledger's disk is full"); }

// The job is as good as new, and the store cannot have the whole object.
void ExpectGivenBack(const Rig& rig, ErrorKind kind, int tries) {
  EXPECT_EQ(rig.done_calls, 1);
  EXPECT_EQ(rig.error().kind, kind) << rig.error().message;
  EXPECT_FALSE(rig.error().outcome_unknown);
  EXPECT_EQ(rig.row().state, S::kClaimed);
  EXPECT_EQ(rig.row().last_chunk_left, 0);
  EXPECT_EQ(rig.row().upload_tries, tries);
  EXPECT_EQ(rig.row().refused_urls, kind == ErrorKind::kExpired ? 1 : 0);
  EXPECT_EQ(rig.row().sends, 0);
  if (!rig.transfer.calls.empty()) {
    EXPECT_FALSE(rig.transfer.calls.back()->live);
  }
}

void ExpectUnknown(const Rig& rig) {
  EXPECT_EQ(rig.done_calls, 1);
  EXPECT_TRUE(rig.error().outcome_unknown);
  EXPECT_EQ(rig.row().state, S::kConfirming);
  EXPECT_EQ(rig.row().confirming_since, rig.clock.Wall());
  EXPECT_NE(rig.row().last_chunk_left, 0);
  EXPECT_EQ(rig.row().sends, 1);
  EXPECT_EQ(rig.log.Count("upload.unknown"), 1);
}

TEST(UploadFailures, ThePortalsRefusalsAreHandedOnAndOnlyTroubleCounts) {
  struct Row {
    ErrorKind kind;
    int tries;
  };
  for (const Row& row : {Row{ErrorKind::kSignIn, 0}, Row{ErrorKind::kSlowDown, 0}, Row{ErrorKind::kRejected, 0},
                         Row{ErrorKind::kRetry, 1}}) {
    for (const S state : {S::kClaimed, S::kUploading}) {
      Rig rig(RandomBytes(10), [&](Job& job) { job.state = state; });
      Error error = MakeError(row.kind, "the portal's words");
      error.retry_after = std::chrono::seconds(9);
      rig.portal.uploads.answers.push_back(Fail(error));
      rig.Start();
      rig.queue.RunAll();
      ExpectGivenBack(rig, row.kind, row.tries);
      EXPECT_EQ(rig.error().message, "the portal's words");
      EXPECT_EQ(rig.error().retry_after, std::chrono::seconds(9));
    }
  }
}

TEST(UploadFailures, AnAnswerWithoutAUrlIsTriedAgain) {
  Rig rig(RandomBytes(10));
  UploadGrant grant = Grant();
  grant.url.reset();
  rig.portal.uploads.answers.push_back(grant);
  rig.Start();
  rig.queue.RunAll();
  ExpectGivenBack(rig, ErrorKind::kRetry, 1);
}

TEST(UploadFailures, AFileThatCannotBeOpenedIsTheLocalDisk) {
  Rig rig(RandomBytes(10));
  rig.open_error = MakeError(ErrorKind::kLocalDisk, "cannot open app.apk: no such file");
  rig.portal.uploads.answers.push_back(Grant());
  rig.Start();
  rig.queue.RunAll();
  ExpectGivenBack(rig, ErrorKind::kLocalDisk, 0);
  EXPECT_TRUE(rig.transfer.calls.empty());
}

TEST(UploadFailures, AStatThatFailsIsTheLocalDisk) {
  Rig rig(RandomBytes(10));
  rig.fs.fail_stat = 1;
  rig.portal.uploads.answers.push_back(Grant());
  rig.Start();
  rig.queue.RunAll();
  ExpectGivenBack(rig, ErrorKind::kLocalDisk, 0);
}

TEST(UploadFailures, AFileOfAnotherSizeIsCorruptBeforeAByteLeaves) {
  Rig rig(RandomBytes(10), [](Job& job) { job.artifact.size = 11; });
  rig.portal.uploads.answers.push_back(Grant());
  rig.Start();
  rig.queue.RunAll();
  ExpectGivenBack(rig, ErrorKind::kCorrupt, 0);
  EXPECT_TRUE(rig.transfer.calls.empty());
}

TEST(UploadFailures, AnEmptyArtifactIsCorruptAndDoesNotHang) {
  Rig rig("");
  rig.portal.uploads.answers.push_back(Grant());
  rig.Start();
  rig.queue.RunAll();
  ExpectGivenBack(rig, ErrorKind::kCorrupt, 0);
}

TEST(UploadFailures, AWrongDigestStopsBeforeTheLastChunk) {
  Rig rig(RandomBytes(kSize), [](Job& job) { job.artifact.sha256 = std::string(64, '0'); });
  rig.StartToPut();
  rig.Send();
  ExpectGivenBack(rig, ErrorKind::kCorrupt, 0);
  EXPECT_LT(rig.transfer.calls.back()->sent.size(), kSize);
  for (const Job& row : rig.record.saved) EXPECT_EQ(row.last_chunk_left, 0);
}

TEST(UploadFailures, AFileChangedWhileItIsSentStopsBeforeTheLastChunk) {
  struct Row {
    std::function<void(Rig&)> change;
    ErrorKind kind;
    int tries;
  };
  const std::vector<Row> rows{
      {[](Rig& rig) { rig.file.Append("x"); }, ErrorKind::kRetry, 1},
      {[](Rig& rig) { rig.file.Overwrite(7, "same size"); }, ErrorKind::kRetry, 1},
      {[](Rig& rig) { rig.file.Truncate(kSize - 1); }, ErrorKind::kRetry, 1},
      {[](Rig& rig) { rig.file.Truncate(0); }, ErrorKind::kRetry, 1},
  };
  for (const auto& [change, kind, tries] : rows) {
    Rig rig(RandomBytes(kSize));
    rig.StartToPut();
    rig.Send(kSize / 2);
    change(rig);
    rig.Send();
    ExpectGivenBack(rig, kind, tries);
    EXPECT_LT(rig.transfer.calls.back()->sent.size(), kSize);
    EXPECT_NE(rig.error().message.find("app.apk"), std::string::npos);
  }
}

TEST(UploadFailures, AReadErrorIsTheLocalDisk) {
  Rig rig(RandomBytes(3 * kSize));
  rig.fs.fail_reads_beyond = 2 * kSize;
  rig.StartToPut();
  rig.Send();
  ExpectGivenBack(rig, ErrorKind::kLocalDisk, 0);
  EXPECT_LT(rig.transfer.calls.back()->sent.size(), 3 * kSize);
}

TEST(UploadFailures, ALedgerThatDoesNotTakeTheLastChunksRowKeepsTheChunk) {
  Rig rig(RandomBytes(kSize));
  rig.StartToPut();
  rig.SendToGate();
  rig.record.fail_next = DiskFull();
  rig.Send();
  ExpectGivenBack(rig, ErrorKind::kLocalDisk, 0);
  EXPECT_EQ(rig.transfer.calls.back()->sent.size(), kSize - 64 * 1024);
}

TEST(UploadFailures, ALedgerThatDoesNotTakeAnEarlyRowSendsNothing) {
  for (const S refused : {S::kRequested, S::kUploading}) {
    Rig rig(RandomBytes(kSize));
    if (refused == S::kRequested) rig.record.fail_next = DiskFull();
    rig.on_saved = [&](const Job& row) {
      if (row.state == S::kRequested) rig.record.fail_next = DiskFull();
    };
    rig.portal.uploads.answers.push_back(Grant());
    rig.Start();
    rig.queue.RunAll();
    ExpectGivenBack(rig, ErrorKind::kLocalDisk, 0);
    EXPECT_TRUE(rig.transfer.calls.empty());
  }
}

TEST(UploadFailures, ALedgerThatTakesNothingLeavesARowToStartFrom) {
  Rig rig(RandomBytes(kSize));
  rig.StartToPut();
  rig.record.fail_next = DiskFull();
  rig.Break();
  EXPECT_EQ(rig.error().kind, ErrorKind::kLocalDisk);
  EXPECT_EQ(rig.row().state, S::kUploading);
  EXPECT_EQ(rig.row().last_chunk_left, 0);
  EXPECT_EQ(rig.log.Count("upload.not_recorded"), 1);
}

TEST(UploadFailures, ARowOfAnotherOwnerIsNoRefusalByThePortal) {
  Rig rig(RandomBytes(kSize));
  rig.record.fail_next = MakeError(ErrorKind::kRejected, "the row carries a newer epoch");
  rig.portal.uploads.answers.push_back(Grant());
  rig.Start();
  rig.queue.RunAll();
  EXPECT_EQ(rig.error().kind, ErrorKind::kBug);
}

TEST(UploadFailures, ARefusalBeforeTheLastChunkGivesTheJobBack) {
  struct Row {
    int status;
    ErrorKind kind;
    int tries;
  };
  for (const Row& row :
       {Row{403, ErrorKind::kExpired, 1}, Row{401, ErrorKind::kExpired, 1}, Row{413, ErrorKind::kRejected, 0},
        Row{408, ErrorKind::kRetry, 1}, Row{429, ErrorKind::kRetry, 1}, Row{503, ErrorKind::kRetry, 1}}) {
    Rig rig(RandomBytes(kSize));
    rig.StartToPut();
    rig.Send(kSize / 3);
    rig.Answer(row.status, "", {{"retry-after", "7"}});
    ExpectGivenBack(rig, row.kind, row.tries);
    EXPECT_EQ(rig.error().retry_after, std::chrono::seconds(7));
    EXPECT_EQ(rig.error().http_status, row.status);
  }
}

TEST(UploadFailures, ARefusalAfterTheLastChunkGivesTheJobBackToo) {
  for (const auto& [status, kind, tries] :
       {std::tuple{403, ErrorKind::kExpired, 1}, std::tuple{400, ErrorKind::kRejected, 0}}) {
    Rig rig(RandomBytes(kSize));
    rig.StartToPut();
    rig.Send();
    EXPECT_NE(rig.row().last_chunk_left, 0);
    rig.Answer(status);
    ExpectGivenBack(rig, kind, tries);
  }
}

TEST(UploadFailures, AStoreThatWaitedTooLongForBytesIsTriedAgain) {
  for (const std::uint64_t sent : {std::uint64_t{kSize / 3}, UINT64_MAX}) {
    Rig rig(RandomBytes(kSize));
    rig.StartToPut();
    rig.Send(sent);
    rig.Answer(400, "<Error><Code>RequestTimeout</Code></Error>");
    ExpectGivenBack(rig, ErrorKind::kRetry, 1);
  }
}

TEST(UploadFailures, ServerTroubleAfterTheLastChunkIsUnknown) {
  for (const int status : {500, 503, 408}) {
    Rig rig(RandomBytes(kSize));
    rig.StartToPut();
    rig.Send();
    rig.clock.Step(std::chrono::seconds(2));
    rig.Answer(status);
    ExpectUnknown(rig);
  }
}

TEST(UploadFailures, ABrokenConnectionBeforeTheLastChunkIsTriedAgain) {
  for (const std::uint64_t sent : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{kSize / 2}}) {
    Rig rig(RandomBytes(kSize));
    rig.StartToPut();
    rig.Send(sent);
    rig.Break(sent == 1 ? ErrorKind::kCorrupt : ErrorKind::kRetry);
    ExpectGivenBack(rig, ErrorKind::kRetry, 1);
  }
}

TEST(UploadFailures, ABrokenConnectionAfterTheLastByteIsUnknown) {
  Rig rig(RandomBytes(kSize));
  rig.StartToPut();
  rig.Send();
  rig.Break();
  ExpectUnknown(rig);
}

TEST(UploadFailures, WhatEndsThePutWhileTheLastChunksRowIsWrittenWaitsForItAndDeliversNothing) {
  for (const int status : {0, 200, 403, 503}) {
    Rig rig(RandomBytes(kSize));
    rig.StartToPut();
    rig.SendToGate();
    auto& call = *rig.transfer.calls.back();
    rig.transfer.Send(call);
    ASSERT_TRUE(call.source_waits);
    // The check is queued before it, the Save that the check asks for after it.
    if (status == 0) {
      rig.transfer.Answer(call, Fail(ErrorKind::kRetry, "reset"));
    } else {
      rig.transfer.AnswerStatus(call, status);
    }
    rig.queue.RunOne();
    rig.queue.RunOne();
    EXPECT_FALSE(call.live);
    EXPECT_EQ(rig.done_calls, 0) << "one Save at a time";
    rig.queue.RunAll();
    ExpectGivenBack(rig, status == 403 ? ErrorKind::kExpired : ErrorKind::kRetry, 1);
    EXPECT_EQ(call.sent.size(), kSize - 64 * 1024);
    EXPECT_EQ(rig.states(), (std::vector{S::kRequested, S::kUploading, S::kUploading, S::kClaimed}));
  }
}

TEST(UploadFailures, ASubmittedObjectIsRecordedHoweverLongTheDiskIsFull) {
  Rig rig(RandomBytes(kSize));
  rig.StartToPut();
  rig.Send();
  const WallMs answered = rig.clock.Wall();
  rig.record.fail_next = DiskFull();
  rig.Answer(200);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(rig.done_calls, 0);
    EXPECT_EQ(rig.clock.pending(), 1U);
    if (i < 2) rig.record.fail_next = DiskFull();
    rig.clock.Step(std::chrono::seconds(5));
    rig.queue.RunAll();
  }
  EXPECT_EQ(rig.done_calls, 1);
  EXPECT_TRUE(rig.result->has_value());
  EXPECT_EQ(rig.row().state, S::kSubmitted);
  EXPECT_EQ(rig.row().times.submitted, answered);
  EXPECT_EQ(rig.row().sends, 1);
  EXPECT_EQ(rig.log.Count("upload.save_again"), 1) << "said once";
  EXPECT_EQ(rig.transfer.calls.size(), 1U) << "never sent again";
  EXPECT_EQ(rig.portal.upload_requests.size(), 1U);
}

TEST(UploadFailures, UnknownOutcomesAndLateRefusalsAreRecordedHoweverLongTheDiskIsFull) {
  for (const int status : {503, 403}) {
    Rig rig(RandomBytes(kSize));
    rig.StartToPut();
    rig.Send();
    rig.record.fail_next = DiskFull();
    rig.Answer(status);
    EXPECT_EQ(rig.done_calls, 0);
    rig.clock.Step(std::chrono::seconds(5));
    rig.queue.RunAll();
    EXPECT_EQ(rig.done_calls, 1);
    EXPECT_EQ(rig.row().state, status == 503 ? S::kConfirming : S::kClaimed);
    EXPECT_EQ(rig.error().outcome_unknown, status == 503);
  }
}

TEST(UploadFailures, ASubmittedRowThatTheLedgerRefusesIsNeverSentAgain) {
  Rig rig(RandomBytes(kSize));
  rig.StartToPut();
  rig.Send();
  rig.record.fail_next = MakeError(ErrorKind::kRejected, "the row carries a newer epoch");
  rig.Answer(200);
  EXPECT_EQ(rig.done_calls, 1);
  EXPECT_EQ(rig.error().kind, ErrorKind::kBug);
  EXPECT_TRUE(rig.error().outcome_unknown);
  EXPECT_EQ(rig.row().state, S::kUploading);
  EXPECT_NE(rig.row().last_chunk_left, 0);
}

}  // namespace
}  // namespace tegodrop
