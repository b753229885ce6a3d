// An upload in parts that goes well, and one that goes on where an earlier attempt had ended.
#include <gtest/gtest.h>

#include "daemon/base/seal.h"
#include "tests/unit/upload/parts_rig.h"

namespace tegodrop {
namespace {

using testing::From;
using testing::kParts;
using testing::kPartSize;
using testing::kPartsSize;
using testing::PartsGrant;
using testing::PartsRig;
using testing::Rig;
using testing::RowWithParts;
using testing::Says;
using S = JobState;

// The artifact as the store puts it together from the parts that Complete names.
std::string PutTogether(PartsRig& rig, const std::string& upload) {
  std::string whole;
  for (const CompletedPart& part : rig.portal.completed.back()) whole += rig.store[upload][part.number].bytes;
  return whole;
}

void ExpectSubmitted(const PartsRig& rig) {
  EXPECT_EQ(rig.done_calls, 1);
  EXPECT_TRUE(rig.result && rig.result->has_value()) << rig.error().message;
  EXPECT_EQ(rig.row().state, S::kSubmitted);
  EXPECT_FALSE(rig.row().multipart) << "no sealed URL stays in the ledger";
  EXPECT_EQ(rig.row().sends, 1);
  EXPECT_EQ(rig.row().times.submitted, rig.clock.Wall());
  EXPECT_EQ(rig.portal.completed.size(), 1U);
}

TEST(UploadParts, CarriesAClaimedArtifactToSubmitted) {
  PartsRig rig;
  rig.portal.completions.answers.push_back(Status{});
  rig.StartAndServe();
  ExpectSubmitted(rig);
  EXPECT_TRUE(PutTogether(rig, "up-1") == rig.content);
  EXPECT_EQ(rig.portal.completed_uploads.front().upload_id, "up-1");
  EXPECT_EQ(rig.portal.completed_uploads.front().file_path, "tenant/uploads/app.apk");
  EXPECT_EQ(rig.transfer.calls.size(), static_cast<std::size_t>(kParts)) << "each part once";
  EXPECT_EQ(rig.most_at_once, 4U);
  EXPECT_TRUE(rig.row().aborts.empty());
  EXPECT_EQ(rig.row().ticket.start_time, 1'700'000'000);
  EXPECT_EQ(rig.row().ticket.signing_key_id, "key-1");
  EXPECT_EQ(rig.clock.pending(), 0U);
}

TEST(UploadParts, RecordsEachStepBeforeItsEffect) {
  PartsRig rig;
  rig.portal.completions.answers.push_back(Status{});
  rig.StartAndServe();
  std::vector<S> steps;
  std::size_t parts = 0;
  for (const Job& row : rig.record.saved) {
    if (steps.empty() || steps.back() != row.state) steps.push_back(row.state);
    EXPECT_EQ(row.last_chunk_left != 0, row.state == S::kCompleting || row.state == S::kSubmitted);
    if (!row.multipart) continue;
    EXPECT_GE(row.multipart->parts.size(), parts) << "no part is forgotten";
    parts = row.multipart->parts.size();
  }
  EXPECT_EQ(steps, (std::vector{S::kRequested, S::kUploading, S::kCompleting, S::kSubmitted}));
  EXPECT_EQ(parts, static_cast<std::size_t>(kParts));
}

TEST(UploadParts, PartsAreLongerThanABlockAndComeInAnyNumber) {
  struct Row {
    std::size_t size;
    std::uint64_t chunk_size;
    int parts;
  };
  for (const Row& row : {Row{1, 1, 1}, Row{900'000, 900'000, 1}, Row{1'800'001, 600'000, 4}, Row{400, 100, 4}}) {
    PartsRig rig({}, {4, Rig::Token()}, row.size);
    rig.portal.uploads.answers.push_back(PartsGrant("up-1", 1'700'000'000, row.parts, row.chunk_size));
    rig.portal.completions.answers.push_back(Status{});
    rig.Start();
    rig.Serve();
    ExpectSubmitted(rig);
    EXPECT_TRUE(PutTogether(rig, "up-1") == rig.content) << row.size;
  }
}

TEST(UploadParts, SendsTheStoreOnlyWhatTheSignatureCovers) {
  PartsRig rig;
  rig.StartAndServe();
  for (const auto& call : rig.transfer.calls) {
    const HttpRequest& request = call->request;
    const int number = PartsRig::PartOf(*call).second;
    EXPECT_EQ(request.method, "PUT");
    EXPECT_EQ(request.url.Reveal(), "https://store.example/up-1/" + std::to_string(number) + "?X-Signature=SECRET");
    EXPECT_TRUE(request.headers.empty()) << "no Content-Type, no Authorization, no tenant";
    EXPECT_TRUE(request.body.empty());
    EXPECT_EQ(request.source_size, number == kParts ? 777U : kPartSize);
    EXPECT_FALSE(request.expect_continue) << "these URLs live for an hour";
  }
}

TEST(UploadParts, ETagsAreHandedOnVerbatimInTheOrderOfTheParts) {
  const std::vector<std::string> odd{"\"0123abc\"", "without quotes",     "\"a\\\"b\"",
                                     "W/\"weak\"",  "\"d41d8cd9-6\" ; x", "\"\xC3\xA4 {}[]<>,\""};
  PartsRig rig;
  for (int number = 1; number <= kParts; ++number) {
    rig.replies[number].push_back(
        Says(200, {{"content-length", "0"}, {"etag", odd[static_cast<std::size_t>(number - 1)]}}));
  }
  rig.held = {1, 3};
  rig.StartAndServe();
  EXPECT_EQ(rig.RecordedParts(), (std::set{2, 4, 5, 6}));
  rig.held.clear();
  rig.Serve();
  ASSERT_EQ(rig.portal.completed.size(), 1U);
  for (std::size_t i = 0; i < odd.size(); ++i) {
    EXPECT_EQ(rig.portal.completed[0][i].number, static_cast<int>(i) + 1);
    EXPECT_EQ(rig.portal.completed[0][i].etag, odd[i]);
  }
}

TEST(UploadParts, AsksOnceForAContinueWhereTheUrlsAreNearTheirEnd) {
  PartsRig rig;
  UploadGrant grant = PartsGrant("up-1");
  grant.expires_in = std::chrono::minutes(4);
  rig.portal.uploads.answers.push_back(grant);
  rig.Start();
  rig.Serve();
  for (const auto& call : rig.transfer.calls) EXPECT_TRUE(call->request.expect_continue);
}

TEST(UploadParts, TellsTheBytesOfAllPartsTogether) {
  PartsRig rig(From(RowWithParts({1, 2})));
  rig.portal.completions.answers.push_back(Status{});
  rig.held = {3};
  rig.Start();
  rig.Serve();
  ASSERT_FALSE(rig.progress.empty());
  EXPECT_GT(rig.progress.front(), 2 * kPartSize) << "what was there before counts";
  EXPECT_TRUE(std::is_sorted(rig.progress.begin(), rig.progress.end()));
  EXPECT_LE(rig.progress.back(), kPartsSize);
  rig.held.clear();
  rig.Serve();
  EXPECT_EQ(rig.progress.back(), kPartsSize);
}

TEST(UploadParts, NothingOfASignedUrlIsReadableAnywhere) {
  PartsRig rig;
  rig.replies[2].push_back(Says(503, {}, "<Error><Url>https://store.example/?X-Signature=SECRET</Url></Error>"));
  rig.replies[3].push_back(Says(403, {}, "<Error><Url>https://store.example/?X-Signature=SECRET</Url></Error>"));
  rig.StartAndServe();
  EXPECT_EQ(rig.error().kind, ErrorKind::kExpired);
  EXPECT_FALSE(rig.log.Contains("SECRET"));
  EXPECT_EQ(rig.error().message.find("SECRET"), std::string::npos);
}

TEST(UploadParts, GoesOnWithThePartsThatAreMissing) {
  for (const std::set<int>& there : {std::set<int>{}, {1}, {6}, {2, 4}, {1, 2, 3, 4, 5}, {1, 2, 3, 4, 5, 6}}) {
    PartsRig rig(From(RowWithParts(there)));
    rig.portal.completions.answers.push_back(Status{});
    rig.Start();
    rig.Serve();
    ExpectSubmitted(rig);
    EXPECT_TRUE(rig.portal.upload_requests.empty()) << "no new upload";
    EXPECT_EQ(rig.log.Count("upload.resumed"), 1);
    ASSERT_EQ(rig.portal.completed[0].size(), static_cast<std::size_t>(kParts));
    for (int number = 1; number <= kParts; ++number) {
      EXPECT_EQ(rig.TriesOf(number), there.contains(number) ? 0 : 1) << number;
      const CompletedPart& part = rig.portal.completed[0][static_cast<std::size_t>(number - 1)];
      EXPECT_EQ(part.number, number);
      EXPECT_EQ(part.etag, "\"etag-" + std::to_string(number) + "\"");
    }
  }
}

TEST(UploadParts, GoesOnFromARowThatADeathLeftBeforeAnyPart) {
  Job row = RowWithParts({});
  row.state = S::kRequested;
  PartsRig rig(From(row));
  rig.portal.completions.answers.push_back(Status{});
  rig.Start();
  rig.Serve();
  ExpectSubmitted(rig);
  EXPECT_TRUE(rig.portal.upload_requests.empty());
}

TEST(UploadParts, ARecordedPartThatIsNotTheFilesIsSentAgain) {
  Job row = RowWithParts({1, 2, 3, 4, 5, 6});
  row.multipart->parts[1].sha256 = std::string(64, '0');
  row.multipart->parts[1].etag = "\"old\"";
  PartsRig rig(From(row));
  rig.portal.completions.answers.push_back(Status{});
  rig.Start();
  rig.Serve();
  ExpectSubmitted(rig);
  EXPECT_EQ(rig.transfer.calls.size(), 1U);
  EXPECT_EQ(rig.TriesOf(2), 1);
  EXPECT_EQ(rig.log.Count("upload.parts_again"), 1);
  EXPECT_EQ(rig.portal.completed[0][1].etag, "\"etag-2\"");
  EXPECT_EQ(rig.record.saved.front().multipart->parts.size(), 5U) << "it no longer counts, and the row says so first";
}

void ExpectStartedOver(const Job& row) {
  PartsRig rig(From(row));
  rig.portal.uploads.answers.push_back(PartsGrant("up-2", 1'700'009'999));
  rig.portal.completions.answers.push_back(Status{});
  rig.Start();
  rig.Serve();
  ExpectSubmitted(rig);
  EXPECT_EQ(rig.log.Count("upload.started_over"), 1);
  EXPECT_EQ(rig.AbortsLeft(), std::vector<std::string>{"up-1"}) << "the old one is left to be aborted";
  EXPECT_EQ(rig.portal.completed_uploads.front().upload_id, "up-2");
  EXPECT_EQ(rig.transfer.calls.size(), static_cast<std::size_t>(kParts));
  EXPECT_EQ(rig.record.saved.front().state, S::kClaimed);
  EXPECT_EQ(rig.row().ticket.start_time, 1'700'009'999);
}

TEST(UploadParts, StartsOverWhereTheUrlsDoNotLiveLongEnough) {
  Job row = RowWithParts({1, 2});
  const testing::SteppedClock clock;
  row.multipart->expires_at = clock.Wall() + 119'999;
  ExpectStartedOver(row);
  row.multipart->expires_at = clock.Wall() + 120'000;
  PartsRig rig(From(row));
  rig.Start();
  rig.Serve();
  EXPECT_EQ(rig.log.Count("upload.started_over"), 0) << "exactly long enough";
}

TEST(UploadParts, StartsOverWhereTheUrlsCannotBeUnsealed) {
  ExpectStartedOver(RowWithParts({1, 2}, {4, Secret(std::string("KEY:ANOTHER"))}));
  Job row = RowWithParts({1, 2});
  row.multipart->sealed_urls[100] = row.multipart->sealed_urls[100] == 'A' ? 'B' : 'A';
  ExpectStartedOver(row);
  row.multipart->sealed_urls.clear();
  ExpectStartedOver(row);
  row = RowWithParts({1, 2});
  row.multipart->upload_id = "up-1";
  row.multipart->total_parts = kParts + 1;
  ExpectStartedOver(row);
}

TEST(UploadParts, WhereOnlyCompleteIsMissingNoUrlMustLive) {
  Job row = RowWithParts({1, 2, 3, 4, 5, 6});
  row.multipart->expires_at = 1;
  PartsRig rig(From(row));
  rig.portal.completions.answers.push_back(Status{});
  rig.Start();
  rig.Serve();
  ExpectSubmitted(rig);
  EXPECT_TRUE(rig.transfer.calls.empty());
}

TEST(UploadParts, UrlsAreSealedForThisJobAlone) {
  Job row = RowWithParts({1, 2});
  row.id = "another-job";
  PartsRig rig(From(row));
  rig.portal.uploads.answers.push_back(PartsGrant("up-2"));
  rig.Start();
  rig.Serve();
  EXPECT_EQ(rig.log.Count("upload.started_over"), 1);
}

TEST(UploadParts, AnUploadThatThePortalGivesAgainIsNotAborted) {
  Job row = RowWithParts({1});
  row.multipart->expires_at = 1;
  PartsRig rig(From(row));
  rig.portal.uploads.answers.push_back(PartsGrant("up-1"));
  rig.portal.completions.answers.push_back(Status{});
  rig.Start();
  rig.Serve();
  ExpectSubmitted(rig);
  EXPECT_TRUE(rig.row().aborts.empty());
}

}  // namespace
}  // namespace tegodrop
