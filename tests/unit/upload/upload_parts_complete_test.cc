// The last step of an upload in parts: what Complete answers, and a ledger that does not take what happened.
#include <gtest/gtest.h>

#include "tests/unit/upload/parts_ends.h"

namespace tegodrop {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllBut;
using testing::DiskFull;
using testing::ExpectDropped;
using testing::ExpectGoesOn;
using testing::ExpectKept;
using testing::From;
using testing::Ids;
using testing::kParts;
using testing::PartsRig;
using testing::RowWithParts;
using S = JobState;

struct AtComplete : PartsRig {
  explicit AtComplete(Status answer) {
    portal.completions.answers.push_back(std::move(answer));
    StartAndServe();
    EXPECT_EQ(portal.completed.size(), 1U);
  }
};

Error Answered(ErrorKind kind, int status, bool unknown = false) {
  Error error = MakeError(kind, "the portal's words");
  error.http_status = status;
  error.outcome_unknown = unknown;
  return error;
}

void ExpectUnknown(const PartsRig& rig) {
  EXPECT_EQ(rig.done_calls, 1);
  EXPECT_TRUE(rig.error().outcome_unknown);
  EXPECT_EQ(rig.row().state, S::kConfirming);
  EXPECT_NE(rig.row().last_chunk_left, 0);
  EXPECT_EQ(rig.row().confirming_since, rig.clock.Wall());
  EXPECT_EQ(rig.row().sends, 1);
  EXPECT_FALSE(rig.row().multipart);
  EXPECT_TRUE(rig.row().aborts.empty()) << "never after Complete may have succeeded";
}

TEST(UploadPartsComplete, IsToldOfBeforeItLeavesAndDoesNotLeaveWhereAnotherHostHasTheJob) {
  PartsRig told;
  told.tell.emplace();
  told.portal.completions.answers.push_back({});
  told.StartAndServe();
  EXPECT_EQ(told.told.size(), 1U);
  EXPECT_EQ(told.portal.completed.size(), 1U);
  EXPECT_EQ(told.row().state, S::kSubmitted);
  PartsRig taken;
  taken.tell = Fail(ErrorKind::kTakenOver, "claimed/x is gone");
  taken.StartAndServe();
  EXPECT_TRUE(taken.portal.completed.empty());
  EXPECT_EQ(taken.error().kind, ErrorKind::kTakenOver);
  EXPECT_EQ(taken.row().state, S::kClaimed);
  EXPECT_EQ(taken.row().aborts.size(), 1U);
}

TEST(UploadPartsComplete, WithoutAClearAnswerTheOutcomeIsUnknown) {
  for (const int status : {0, 500, 503, 504, 200}) {
    const AtComplete rig(Fail(Answered(ErrorKind::kRetry, status, true)));
    ExpectUnknown(rig);
  }
}

TEST(UploadPartsComplete, WhatNeverLeftIsAskedAgainWithoutAPartSentTwice) {
  const AtComplete rig(Fail(Answered(ErrorKind::kRetry, 0)));
  ExpectKept(rig, ErrorKind::kRetry, 1, AllBut(0));
  EXPECT_EQ(rig.row().state, S::kCompleting);
  ExpectGoesOn(rig.row(), 0);
}

TEST(UploadPartsComplete, WhatIsRefusedForNowIsAskedAgainLater) {
  for (const auto& [kind, status] : {std::pair{ErrorKind::kSlowDown, 429}, std::pair{ErrorKind::kSignIn, 401}}) {
    const AtComplete rig(Fail(Answered(kind, status)));
    ExpectKept(rig, kind, 0, AllBut(0));
    EXPECT_EQ(rig.row().state, S::kCompleting);
    ExpectGoesOn(rig.row(), 0);
  }
}

TEST(UploadPartsComplete, WhatIsRefusedIsSentAnewOnceAndThenLeftToBeAborted) {
  const AtComplete first(Fail(Answered(ErrorKind::kRejected, 400)));
  ExpectDropped(first, ErrorKind::kExpired);
  EXPECT_EQ(first.row().refused_urls, 1);
  EXPECT_EQ(first.row().state, S::kClaimed);
  PartsRig second(From(first.row()));
  second.portal.uploads.answers.push_back(testing::PartsGrant("up-2"));
  second.portal.completions.answers.push_back(Fail(Answered(ErrorKind::kRejected, 400)));
  second.Start();
  second.Serve();
  EXPECT_EQ(second.error().kind, ErrorKind::kRejected);
  EXPECT_EQ(second.error().message, "the portal's words");
  EXPECT_EQ(second.AbortsLeft(), (std::vector<std::string>{"up-1", "up-2"}));
}

TEST(UploadPartsComplete, AnUploadThatIsGoneAtTheFirstTryIsSentAnew) {
  const AtComplete rig(Fail(Answered(ErrorKind::kRejected, 404)));
  ExpectDropped(rig, ErrorKind::kExpired);
  EXPECT_EQ(rig.row().refused_urls, 1);
}

TEST(UploadPartsComplete, AnUploadThatIsGoneAtALaterTryMayHaveBeenCompletedByTheFirst) {
  for (const int status : {404, 400}) {
    const AtComplete first(Fail(Answered(ErrorKind::kSlowDown, 429)));
    PartsRig rig(From(first.row()));
    rig.portal.completions.answers.push_back(Fail(Answered(ErrorKind::kRejected, status)));
    rig.Start();
    rig.Serve();
    ExpectUnknown(rig);
  }
}

TEST(UploadPartsComplete, ARowThatSaysCompleteLeftIsNotWorkedOn) {
  Job row = RowWithParts({1, 2, 3, 4, 5, 6});
  row.state = S::kCompleting;
  row.last_chunk_left = 5;
  PartsRig rig(From(row));
  rig.Start();
  rig.clock.Step(seconds(0));
  rig.Serve();
  EXPECT_EQ(rig.error().kind, ErrorKind::kBug);
  EXPECT_TRUE(rig.portal.completed.empty());
  EXPECT_TRUE(rig.record.saved.empty());
}

// -- a full disk under the ledger

TEST(UploadPartsLedger, ALedgerThatFailsAtAnySaveGetsNoLie) {
  int failed = 0;
  for (int at = 1;; ++at) {
    ASSERT_LT(at, 40);
    PartsRig rig;
    int saves = 1;
    if (at == 1) rig.record.fail_next = DiskFull();
    const auto look = rig.on_saved;
    rig.on_saved = [&, look](const Job& row) {
      look(row);
      if (++saves == at) rig.record.fail_next = DiskFull();
    };
    rig.portal.completions.answers.push_back(Status{});
    rig.StartAndServe();
    rig.ServeFor(minutes(1));
    ASSERT_EQ(rig.done_calls, 1) << at;
    EXPECT_LE(rig.portal.completed.size(), 1U);
    if (rig.record.fail_next || saves < at) break;  // there are no more saves than that
    ++failed;
    if (*rig.result) {
      EXPECT_EQ(rig.row().state, S::kSubmitted);
      EXPECT_EQ(rig.portal.completed.size(), 1U);
      continue;
    }
    EXPECT_EQ(rig.error().kind, ErrorKind::kLocalDisk) << at;
    EXPECT_EQ(rig.row().last_chunk_left, 0);
    EXPECT_TRUE(rig.portal.completed.empty()) << "nothing is completed on a row that does not say so";
    if (!rig.row().multipart) {
      EXPECT_EQ(rig.AbortsLeft(), Ids{"up-1"});
      continue;
    }
    ExpectGoesOn(rig.row(), static_cast<std::size_t>(kParts) - rig.RecordedParts().size());
  }
  EXPECT_GE(failed, 6);
}

TEST(UploadPartsLedger, WhatCompleteGaveIsRecordedHoweverLongTheDiskIsFull) {
  for (const bool good : {true, false}) {
    PartsRig rig;
    rig.StartAndServe();
    rig.record.fail_next = DiskFull();
    rig.portal.completions.answers.push_back(good ? Status{} : Fail(Answered(ErrorKind::kRetry, 504, true)));
    rig.portal.Pump();
    rig.Serve();
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(rig.done_calls, 0);
      if (i < 2) rig.record.fail_next = DiskFull();
      rig.clock.Step(seconds(5));
      rig.Serve();
    }
    EXPECT_EQ(rig.done_calls, 1);
    EXPECT_EQ(rig.row().state, good ? S::kSubmitted : S::kConfirming);
    EXPECT_EQ(rig.portal.completed.size(), 1U);
  }
}

}  // namespace
}  // namespace tegodrop
