// The handle of an upload in parts destroyed at every turn of the loop.
#include <gtest/gtest.h>

#include "tests/unit/upload/parts_rig.h"

namespace tegodrop {
namespace {

using std::chrono::seconds;
using testing::From;
using testing::kParts;
using testing::PartsGrant;
using testing::PartsRig;
using S = JobState;

// One turn of an upload that meets a taken identity, parts that fail, and a full disk at its end; false when nothing is
// left to do.
bool Turn(PartsRig& rig) {
  if (rig.queue.RunOne()) return true;
  for (std::size_t i = 0; i < rig.transfer.calls.size(); ++i) {
    if (!rig.transfer.calls[i]->live) continue;
    auto& call = *rig.transfer.calls[i];
    const auto [upload, number] = PartsRig::PartOf(call);
    rig.transfer.Send(call);
    if (call.sent.size() < call.request.source_size) continue;
    if (number == 2 && rig.TriesOf(2) == 1) {
      rig.transfer.AnswerStatus(call, 503);
    } else {
      const std::string etag = "\"etag-" + std::to_string(number) + "\"";
      rig.store[upload][number] = {call.sent, etag};
      rig.transfer.AnswerStatus(call, 200, "", {{"etag", etag}});
    }
    return true;
  }
  if (rig.portal.completed.size() == 1 && rig.portal.completions.answers.empty() && rig.done_calls == 0 &&
      !rig.portal.completions.waiting.empty()) {
    rig.record.fail_next = MakeError(ErrorKind::kLocalDisk, "full");
    rig.portal.completions.answers.push_back(Status{});
    rig.portal.Pump();
    return true;
  }
  if (rig.done_calls != 0 || rig.clock.pending() == 0) return false;
  rig.clock.Step(seconds(1));
  return true;
}

void Drain(PartsRig& rig) {
  rig.queue.RunAll();
  rig.clock.Step(std::chrono::minutes(20));
  rig.queue.RunAll();
}

TEST(UploadPartsCancel, IsSafeAtEveryTurnAndLeavesARowToGoOnFrom) {
  int turns = 0;
  bool finished = false;
  std::size_t resumed = 0;
  std::size_t unknown = 0;
  for (; !finished; ++turns) {
    ASSERT_LT(turns, 400);
    PartsRig rig;
    rig.portal.uploads.answers = {PartsGrant("up-0", 100), PartsGrant("up-1", 101)};
    rig.record.fail_next = MakeError(ErrorKind::kRejected, kIdentityTaken);
    rig.Start();
    for (int i = 0; i < turns && Turn(rig); ++i) {
    }
    finished = rig.done_calls == 1;
    if (finished) {
      EXPECT_TRUE(rig.result->has_value()) << rig.error().message;
      break;
    }
    rig.handle.reset();
    for (const auto& call : rig.transfer.calls) EXPECT_FALSE(call->live) << turns;
    EXPECT_EQ(rig.clock.pending(), 0U) << turns;
    Drain(rig);
    EXPECT_EQ(rig.done_calls, 0) << turns;
    const Job row = rig.row();
    const std::size_t completes = rig.portal.completed.size();
    if (row.last_chunk_left != 0) {
      EXPECT_TRUE(row.state == S::kCompleting || row.state == S::kSubmitted);
      ++unknown;
      continue;
    }
    EXPECT_EQ(completes, 0U) << "Complete never leaves without its row";
    // A restart: at most what was on its way is sent again, and one object comes of it.
    PartsRig next(From(row));
    next.portal.uploads.answers.push_back(PartsGrant("up-2", 102));
    next.portal.completions.answers.push_back(Status{});
    next.Start();
    next.Serve();
    ASSERT_EQ(next.done_calls, 1) << turns;
    EXPECT_TRUE(next.result->has_value()) << next.error().message;
    EXPECT_EQ(next.portal.completed.size(), 1U);
    EXPECT_EQ(next.portal.completed[0].size(), static_cast<std::size_t>(kParts));
    if (row.multipart) {
      ++resumed;
      EXPECT_TRUE(next.portal.upload_requests.empty());
      EXPECT_EQ(next.transfer.calls.size(), static_cast<std::size_t>(kParts) - row.multipart->parts.size());
    }
    for (const OpenUpload& left : next.row().aborts) {
      EXPECT_NE(left.upload_id, next.portal.completed_uploads[0].upload_id);
    }
  }
  EXPECT_GT(turns, 40) << "the upload has more steps than that";
  EXPECT_GT(resumed, 15U);
  EXPECT_GT(unknown, 2U);
}

TEST(UploadPartsCancel, WhileARecordIsUnderWayThatEndsByItself) {
  PartsRig rig;
  rig.held = {2, 3, 4, 5, 6};
  rig.StartAndServe();
  auto live = rig.LiveParts();
  ASSERT_EQ(live.size(), 4U);
  rig.transfer.Send(*live[0]);
  rig.store["up-1"][2] = {live[0]->sent, "\"x\""};
  rig.transfer.AnswerStatus(*live[0], 200, "", {{"etag", "\"x\""}});
  rig.queue.RunOne();  // the answer; its record is asked for
  rig.handle.reset();
  Drain(rig);
  EXPECT_EQ(rig.RecordedParts(), (std::set{1, 2})) << "a Save cannot be cancelled";
  EXPECT_EQ(rig.done_calls, 0);
}

TEST(UploadPartsCancel, WhatEndsTheUploadWhileARecordIsUnderWayWaitsForIt) {
  PartsRig rig;
  rig.held = {2, 3, 4, 5, 6};
  rig.StartAndServe();
  auto live = rig.LiveParts();
  rig.transfer.Send(*live[0]);
  rig.store["up-1"][2] = {live[0]->sent, "\"x\""};
  rig.transfer.AnswerStatus(*live[0], 200, "", {{"etag", "\"x\""}});
  rig.transfer.AnswerStatus(*live[1], 403);
  rig.queue.RunOne();
  rig.queue.RunOne();
  EXPECT_TRUE(rig.LiveParts().empty()) << "nothing is sent any more";
  EXPECT_EQ(rig.done_calls, 0) << "one Save at a time";
  rig.queue.RunAll();
  EXPECT_EQ(rig.done_calls, 1);
  EXPECT_EQ(rig.error().kind, ErrorKind::kExpired);
  const std::size_t saves = rig.record.saved.size();
  ASSERT_GE(saves, 2U);
  EXPECT_EQ(rig.record.saved[saves - 2].multipart->parts.size(), 2U);
  EXPECT_EQ(rig.row().state, S::kClaimed);
}

}  // namespace
}  // namespace tegodrop
