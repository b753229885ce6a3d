#include "daemon/upload/uploader.h"

#include <gtest/gtest.h>

#include "tests/unit/upload/rig.h"

namespace tegodrop {
namespace {

using testing::Grant;
using testing::RandomBytes;
using testing::Rig;
using S = JobState;

constexpr std::size_t kChunk = 64 * 1024;

TEST(Uploader, CarriesAClaimedArtifactToSubmitted) {
  Rig rig(RandomBytes(5 * 1024 * 1024 + 77));
  rig.StartToPut();
  rig.Send();
  ASSERT_TRUE(rig.transfer.calls.back()->sent == rig.content);
  rig.clock.Step(std::chrono::seconds(3));
  rig.Answer(200);
  ASSERT_EQ(rig.done_calls, 1);
  EXPECT_TRUE(rig.result->has_value());
  EXPECT_EQ(rig.states(), (std::vector{S::kRequested, S::kUploading, S::kUploading, S::kSubmitted}));
  EXPECT_EQ(rig.row().times.submitted, rig.clock.Wall());
  EXPECT_EQ(rig.row().sends, 1);
  EXPECT_EQ(rig.row().upload_tries, 0);
  EXPECT_EQ(rig.transfer.calls.size(), 1U);
}

TEST(Uploader, RecordsEachStepBeforeItsBytesLeave) {
  Rig rig(RandomBytes(3 * 1024 * 1024));
  rig.StartToPut();
  ASSERT_EQ(rig.states(), (std::vector{S::kRequested, S::kUploading})) << "before the PUT is even begun";
  rig.Send();
  rig.Answer(200);
  ASSERT_EQ(rig.record.saved.size(), 4U);
  EXPECT_EQ(rig.record.saved[1].last_chunk_left, 0);
  EXPECT_NE(rig.record.saved[2].last_chunk_left, 0);
  EXPECT_EQ(rig.sent_at_save, (std::vector<std::size_t>{0, 0, rig.content.size() - kChunk, rig.content.size()}));
}

TEST(Uploader, HoldsTheWholeOfASmallArtifactBackUntilItsConnectionAsks) {
  Rig rig("PK");
  rig.StartToPut();
  EXPECT_EQ(rig.row().last_chunk_left, 0) << "no connection yet: a death here leaves nothing unknown";
  rig.Send();
  ASSERT_GE(rig.record.saved.size(), 3U);
  EXPECT_EQ(rig.record.saved[2].last_chunk_left, rig.clock.Wall());
  EXPECT_EQ(rig.sent_at_save[2], 0U);
  EXPECT_EQ(rig.transfer.calls.back()->sent, "PK");
  rig.Answer(200);
  EXPECT_TRUE(rig.result && *rig.result);
}

TEST(Uploader, TellsOfItsArrivalBeforeTheLastChunkLeavesAndBeforeTheRowSaysSo) {
  Rig rig(RandomBytes(3 * 1024 * 1024));
  rig.tell.emplace();
  rig.StartToPut();
  EXPECT_TRUE(rig.told.empty());
  rig.Send();
  ASSERT_EQ(rig.told.size(), 1U);
  EXPECT_EQ(rig.told[0].last_chunk_left, 0);
  EXPECT_EQ(rig.told[0].ticket.start_time, 1'700'000'000);
  rig.Answer(200);
  EXPECT_TRUE(rig.result && *rig.result);
}

TEST(Uploader, SendsNoLastChunkOfWhatAnotherHostHasTakenOver) {
  for (const ErrorKind kind : {ErrorKind::kTakenOver, ErrorKind::kLocalDisk}) {
    Rig rig(RandomBytes(3 * 1024 * 1024));
    rig.tell = Fail(kind, "claimed/x is gone");
    rig.StartToPut();
    rig.Send();
    EXPECT_EQ(rig.done_calls, 1);
    EXPECT_EQ(rig.error().kind, kind);
    EXPECT_EQ(rig.transfer.calls.back()->sent.size(), rig.content.size() - kChunk);
    EXPECT_EQ(rig.row().state, S::kClaimed);
    EXPECT_EQ(rig.row().last_chunk_left, 0);
    EXPECT_EQ(rig.row().upload_tries, 0);
  }
}

TEST(Uploader, AsksThePortalForExactlyThisArtifact) {
  Rig rig(RandomBytes(1000));
  rig.StartToPut();
  ASSERT_EQ(rig.portal.upload_requests.size(), 1U);
  const UploadRequest& asked = rig.portal.upload_requests[0];
  EXPECT_EQ(asked.file_name, "app.apk");
  EXPECT_EQ(asked.platform, "android");
  EXPECT_EQ(asked.version, "production");
  EXPECT_EQ(asked.file_size, 1000U);
  EXPECT_EQ(asked.signing_key, "key-1");
  EXPECT_EQ(rig.row().ticket.start_time, 1'700'000'000);
  EXPECT_EQ(rig.row().ticket.file_path, "tenant/uploads/app.apk");
  EXPECT_EQ(rig.row().ticket.signing_key_id, "key-1");
}

TEST(Uploader, SendsTheStoreOnlyWhatTheSignatureCovers) {
  Rig rig(RandomBytes(1000));
  const HttpRequest& request = rig.StartToPut().request;
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.url.Reveal(), testing::kSignedUrl);
  ASSERT_EQ(request.headers.size(), 1U);
  EXPECT_EQ(request.headers[0].name, "Content-Type");
  EXPECT_EQ(request.headers[0].value.Reveal(), "application/octet-stream");
  EXPECT_EQ(request.source_size, 1000U);
  EXPECT_TRUE(request.fresh_connection);
  EXPECT_TRUE(request.expect_continue);
}

TEST(Uploader, ReportsTheBytesThatTheTransferTook) {
  Rig rig(RandomBytes(1000));
  const auto& call = rig.StartToPut();
  call.request.progress(10, 0);
  call.request.progress(990, 0);
  EXPECT_EQ(rig.progress, (std::vector<std::uint64_t>{10, 990}));
}

TEST(Uploader, GoesOnFromARowThatADeathLeft) {
  for (const S state : {S::kRequested, S::kUploading}) {
    Rig rig(RandomBytes(100'000), [&](Job& job) {
      job.state = state;
      job.ticket.start_time = 1'600'000'000;
    });
    rig.StartToPut();
    EXPECT_EQ(rig.portal.upload_requests.size(), 1U) << "the signed URL died with the process";
    rig.Send();
    rig.Answer(201);
    EXPECT_TRUE(rig.result && *rig.result) << rig.error().message;
    EXPECT_EQ(rig.states(), (std::vector{S::kRequested, S::kUploading, S::kUploading, S::kSubmitted}));
    EXPECT_EQ(rig.row().ticket.start_time, 1'700'000'000);
  }
}

TEST(Uploader, RefusesARowWhoseLastChunkMayHaveLeft) {
  for (const S state : {S::kUploading, S::kSubmitted}) {
    Rig rig(RandomBytes(1000), [&](Job& job) {
      job.state = state;
      job.last_chunk_left = 5;
    });
    rig.Start();
    rig.clock.Step(std::chrono::seconds(0));
    rig.queue.RunAll();
    EXPECT_EQ(rig.done_calls, 1);
    EXPECT_EQ(rig.error().kind, ErrorKind::kBug);
    EXPECT_TRUE(rig.portal.upload_requests.empty());
    EXPECT_TRUE(rig.record.saved.empty());
  }
}

TEST(Uploader, LeaksNoSignedUrl) {
  Rig rig(RandomBytes(1000));
  rig.StartToPut();
  rig.Send();
  rig.Answer(403, std::string("<Error><Code>AccessDenied</Code><Url>") + testing::kSignedUrl + "</Url></Error>");
  EXPECT_FALSE(rig.log.Contains("SECRET"));
  EXPECT_EQ(rig.error().message.find("SECRET"), std::string::npos);
}

TEST(Uploader, DropsAnAnswerThatRepeatsAnIdentityAndAsksASecondLater) {
  Rig rig(RandomBytes(1000));
  rig.portal.uploads.answers = {Grant(100), Grant(101)};
  rig.record.fail_next = MakeError(ErrorKind::kRejected, kIdentityTaken);
  rig.Start();
  rig.queue.RunAll();
  EXPECT_EQ(rig.log.Count("upload.identity_taken"), 1);
  EXPECT_TRUE(rig.record.saved.empty());
  rig.clock.Step(std::chrono::milliseconds(999));
  rig.queue.RunAll();
  EXPECT_EQ(rig.portal.upload_requests.size(), 1U);
  rig.clock.Step(std::chrono::milliseconds(1));
  rig.queue.RunAll();
  EXPECT_EQ(rig.portal.upload_requests.size(), 2U);
  EXPECT_EQ(rig.row().ticket.start_time, 101);
  EXPECT_EQ(rig.row().state, S::kUploading);
}

TEST(Uploader, GivesUpAfterFiveRepeatsOfAnIdentity) {
  Rig rig(RandomBytes(1000));
  rig.Start();
  for (int i = 0; i < 20 && rig.done_calls == 0; ++i) {
    rig.portal.uploads.answers.push_back(Grant(100));
    rig.portal.Pump();
    if (rig.portal.upload_requests.size() <= 6) {
      rig.record.fail_next = MakeError(ErrorKind::kRejected, kIdentityTaken);
    }
    // The portal's answer and the refused Save, not what follows: giving back is a Save too.
    for (int turn = 0; turn < 2; ++turn) rig.queue.RunOne();
    rig.queue.RunAll();
    rig.clock.Step(std::chrono::seconds(1));
  }
  EXPECT_EQ(rig.done_calls, 1);
  EXPECT_EQ(rig.error().kind, ErrorKind::kRetry);
  EXPECT_EQ(rig.portal.upload_requests.size(), 6U) << "once, and asked again five times";
  EXPECT_EQ(rig.log.Count("upload.identity_taken"), 6);
  EXPECT_EQ(rig.row().state, S::kClaimed);
  EXPECT_EQ(rig.row().upload_tries, 1);
  EXPECT_TRUE(rig.transfer.calls.empty());
}

}  // namespace
}  // namespace tegodrop
