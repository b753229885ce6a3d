// A download that broke off goes on behind what is kept, and every answer that does not fit starts it over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/delivery/delivery_world.h"

namespace tegodrop::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr char kStaged[] = "0123456789abcdef.4.part";
constexpr char kEtag[] = "\"of-the-output\"";
constexpr std::uint64_t kKept = 300'000;
constexpr std::uint64_t kTotal = 1'000'000;

std::string Body() {
  std::string body;
  for (int i = 0; body.size() < kTotal; ++i) body += "byte " + std::to_string(i) + "\n";
  body.resize(kTotal);
  return body;
}

class ResumeTest : public DeliveryTest {
 protected:
  ResumeTest() {
    job.output.staging_name = kStaged;
    job.output.kept = {kEtag, kTotal, kKept};
    // The source is as large as such an output's may be.
    job.artifact.size = kTotal;
    output.staged[kStaged] = body.substr(0, kKept) + "and what was not synced";
  }
  std::map<std::string, std::string> Asked() {
    std::map<std::string, std::string> found;
    for (const HttpHeader& one : Open().request.headers) found[one.name] = one.value.Reveal();
    return found;
  }
  Headers Rest(std::uint64_t from = kKept) {
    return {{"content-length", std::to_string(kTotal - from)},
            {"content-range", "bytes " + std::to_string(from) + "-999999/1000000"},
            {"etag", kEtag}};
  }
  // An answer with this body up to its end, or up to `cut` where the line breaks.
  void Answer(int status, const Headers& headers, const std::string& bytes, std::size_t cut = std::string::npos) {
    FakeTransfer::Call& call = Open();
    if (auto begun = call.request.sink->Begin(status, headers); !begun) {
      return transfer.Answer(call, Fail(begun.error()));
    }
    if (!Feed(call, bytes.substr(0, cut))) return transfer.Answer(call, Fail(call.request.sink->error()));
    if (cut != std::string::npos) return transfer.Answer(call, Fail(ErrorKind::kRetry, "the connection was reset"));
    transfer.AnswerStatus(call, status, "", headers);
  }
  void ExpectDelivered(FakeJobRecord& of) {
    ExpectDone();
    EXPECT_EQ(of.job().state, JobState::kPublished);
    EXPECT_EQ(output.published["App Release-protected-1767225100.apk"], body);
    EXPECT_EQ(of.job().output.sha256, Sha256Hex(body));
    EXPECT_EQ(of.job().output.kept.synced, 0U);
  }
  // The next attempt begins from nothing and is delivered.
  void ExpectStartsOver(FakeJobRecord& of) {
    EXPECT_EQ(of.job().output.kept.etag, "");
    EXPECT_THAT(output.staged, IsEmpty());
    EXPECT_THAT(output.quarantined, IsEmpty());
    EXPECT_EQ(of.job().bad_downloads, 0);
    const HandlePtr handle = StartToDownload(of);
    EXPECT_THAT(Asked(), IsEmpty());
    Answer(200, {{"content-length", "1000000"}, {"etag", kEtag}}, body);
    Settle();
    ExpectDelivered(of);
  }

  const std::string body = Body();
  Job job = BuiltJob();
};

TEST_F(ResumeTest, RestIsAskedForUnderTheSameEtagAndGivesTheWhole) {
  FakeJobRecord of(queue, job);
  const HandlePtr handle = StartToDownload(of);
  EXPECT_EQ(Asked()["Range"], "bytes=300000-");
  EXPECT_EQ(Asked()["If-Range"], kEtag);
  EXPECT_EQ(of.job().epoch, 5);
  EXPECT_THAT(output.calls, Not(Contains(HasSubstr("Discard"))));
  Open().request.progress(0, 1000);
  Answer(206, Rest(), body.substr(kKept));
  EXPECT_EQ(output.expected_size, kTotal);
  Settle();
  ExpectDelivered(of);
  EXPECT_EQ(progress.front().first, kKept + 1000) << "what is kept counts as received";
}

TEST_F(ResumeTest, RestWithoutAnEtagOrALengthIsTakenByItsRange) {
  FakeJobRecord of(queue, job);
  const HandlePtr handle = StartToDownload(of);
  Answer(206, {{"content-range", "bytes 300000-999999/1000000"}}, body.substr(kKept));
  Settle();
  ExpectDelivered(of);
}

TEST_F(ResumeTest, AnswerThatIsNotExactlyTheRestDropsWhatWasKept) {
  const std::vector<Headers> answers{
      {},
      {{"content-range", "bytes 300000-999999/*"}},
      {{"content-range", "bytes */1000000"}},
      {{"content-range", "bytes 299999-999999/1000000"}},
      {{"content-range", "bytes 300001-999999/1000000"}},
      {{"content-range", "bytes 300000-999998/1000000"}},
      {{"content-range", "bytes 300000-999999/1000001"}},
      {{"content-range", "bytes 300000-1000000/1000001"}},
      {{"content-range", "items 300000-999999/1000000"}},
      {{"content-range", "bytes 300000-999999/1000000"}, {"content-range", "bytes 300000-999999/1000000"}},
      {{"content-range", "bytes 300000-999999/1000000"}, {"content-length", "699999"}},
      {{"content-range", "bytes 300000-999999/1000000"}, {"etag", "\"another\""}},
      {{"content-range", "bytes 300000-999999/1000000"}, {"etag", std::string("W/") + kEtag}},
      {{"content-range", "bytes 300000-999999/1000000"}, {"etag", kEtag}, {"etag", "\"another\""}},
  };
  for (const Headers& headers : answers) {
    SCOPED_TRACE(headers.empty() ? "none" : headers.front().second + " and " + headers.back().second);
    FakeJobRecord of(queue, job);
    output.Empty();
    output.staged[kStaged] = body.substr(0, kKept);
    const HandlePtr handle = StartToDownload(of);
    Answer(206, headers, body.substr(kKept));
    Settle();
    ExpectError(ErrorKind::kRetry);
    EXPECT_EQ(of.job().download_tries, 1);
    ExpectStartsOver(of);
  }
}

TEST_F(ResumeTest, WholeAnswerStartsOverInPlace) {
  FakeJobRecord of(queue, job);
  bool emptied = false;
  output.on_call = [&](const std::string& call, const std::string&) {
    if (call != "Restart") return;
    emptied = true;
    EXPECT_EQ(of.job().output.kept.synced, 0U) << "the row claims bytes that are about to go";
  };
  const HandlePtr handle = StartToDownload(of);
  Answer(200, {{"content-length", "1000000"}, {"etag", "\"signed-anew\""}}, body);
  Settle();
  EXPECT_TRUE(emptied);
  EXPECT_EQ(transfer.calls.size(), 1U);
  ExpectDelivered(of);
}

TEST_F(ResumeTest, WholeAnswerThatBreaksOffIsKeptUnderItsOwnEtag) {
  FakeJobRecord of(queue, job);
  HandlePtr handle = StartToDownload(of);
  Answer(200, {{"content-length", "1000000"}, {"etag", "\"signed-anew\""}}, body, 700'000);
  Settle();
  ExpectError(ErrorKind::kRetry);
  EXPECT_EQ(of.job().output.kept.etag, "\"signed-anew\"");
  EXPECT_EQ(of.job().output.kept.synced, 700'000U);
  EXPECT_EQ(output.staged[kStaged], body.substr(0, 700'000));
}

TEST_F(ResumeTest, WholeAnswerWithoutAStrongEtagThatBreaksOffKeepsNothing) {
  FakeJobRecord of(queue, job);
  const HandlePtr handle = StartToDownload(of);
  Answer(200, {{"content-length", "1000000"}, {"etag", "W/\"weak\""}}, body, 700'000);
  Settle();
  ExpectError(ErrorKind::kRetry);
  ExpectStartsOver(of);
}

TEST_F(ResumeTest, NothingBehindWhatIsThereMeansThatAllIsThere) {
  job.output.kept.synced = kTotal;
  output.staged[kStaged] = body;
  FakeJobRecord of(queue, job);
  const HandlePtr handle = StartToDownload(of);
  EXPECT_EQ(Asked()["Range"], "bytes=1000000-");
  transfer.AnswerStatus(Open(), 416, "", {{"content-range", "bytes */1000000"}, {"etag", kEtag}});
  Settle();
  ExpectDelivered(of);
}

TEST_F(ResumeTest, NothingBehindOfAnotherSizeDropsWhatWasKept) {
  const std::vector<std::pair<std::uint64_t, Headers>> cases{
      {kKept, {{"content-range", "bytes */300000"}}},
      {kKept, {{"content-range", "bytes */1000000"}}},
      {kTotal, {{"content-range", "bytes */999999"}}},
      {kTotal, {}},
      {kTotal, {{"content-range", "bytes */1000000"}, {"etag", "\"another\""}}},
  };
  for (const auto& [synced, headers] : cases) {
    SCOPED_TRACE(std::to_string(synced) + (headers.empty() ? "" : headers.back().second));
    job.output.kept.synced = synced;
    FakeJobRecord of(queue, job);
    output.Empty();
    output.staged[kStaged] = body.substr(0, synced);
    const HandlePtr handle = StartToDownload(of);
    transfer.AnswerStatus(Open(), 416, "", headers);
    Settle();
    ExpectError(ErrorKind::kRetry);
    ExpectStartsOver(of);
  }
}

TEST_F(ResumeTest, RefusalsKeepWhatIsThereForAFreshUrl) {
  for (const int status : {401, 403, 404, 410, 400, 408, 429, 500, 503}) {
    SCOPED_TRACE(status);
    FakeJobRecord of(queue, job);
    output.Empty();
    output.staged[kStaged] = body.substr(0, kKept);
    HandlePtr handle = StartToDownload(of);
    transfer.AnswerStatus(Open(), status, "<Error/>");
    Settle();
    ExpectError(ErrorKind::kRetry);
    EXPECT_EQ(of.job().download_tries, 1);
    const std::size_t asked = portal.downloads_asked.size();
    handle = StartToDownload(of);
    EXPECT_EQ(portal.downloads_asked.size(), asked + 1);
    EXPECT_EQ(Asked()["Range"], "bytes=300000-");
    Answer(206, Rest(), body.substr(kKept));
    Settle();
    ExpectDelivered(of);
  }
}

TEST_F(ResumeTest, PortalThatGivesNoUrlKeepsWhatIsThere) {
  FakeJobRecord of(queue, job);
  portal.downloads.answers.emplace_back(Fail(ErrorKind::kRetry, "the portal is away"));
  const HandlePtr handle = Start(of);
  Settle();
  ExpectError(ErrorKind::kRetry);
  EXPECT_EQ(of.job().output.kept.synced, kKept);
  EXPECT_THAT(output.calls, IsEmpty()) << "nothing is read again for nothing";
}

TEST_F(ResumeTest, EachBreakKeepsWhatCameAndTheNextGoesOnBehindIt) {
  output.staged.clear();
  job.output = {};
  FakeJobRecord of(queue, job);
  HandlePtr handle = StartToDownload(of);
  EXPECT_THAT(Asked(), IsEmpty());
  Answer(200, {{"content-length", "1000000"}, {"etag", kEtag}}, body, 400'000);
  Settle();
  ExpectError(ErrorKind::kRetry);
  EXPECT_EQ(of.job().output.kept.synced, 400'000U);
  EXPECT_EQ(of.job().output.kept.total, kTotal);
  EXPECT_EQ(output.synced[of.job().output.staging_name], 400'000U);
  EXPECT_EQ(of.job().download_tries, 1);
  handle = StartToDownload(of);
  EXPECT_EQ(Asked()["Range"], "bytes=400000-");
  Answer(206, Rest(400'000), body.substr(400'000), 1);
  Settle();
  EXPECT_EQ(of.job().output.kept.synced, 400'001U);
  // Nothing at all this time.
  handle = StartToDownload(of);
  transfer.Answer(Open(), Fail(ErrorKind::kRetry, "no connection"));
  Settle();
  EXPECT_EQ(of.job().output.kept.synced, 400'001U);
  handle = StartToDownload(of);
  Answer(206, Rest(400'001), body.substr(400'001));
  Settle();
  ExpectDelivered(of);
}

TEST_F(ResumeTest, WhatCannotBeAskedForAgainIsNotKept) {
  const std::vector<Headers> answers{
      {{"content-length", "1000000"}}, {{"content-length", "1000000"}, {"etag", "W/\"weak\""}}, {{"etag", kEtag}}};
  for (const Headers& headers : answers) {
    output.Empty();
    job.output = {};
    FakeJobRecord of(queue, job);
    const HandlePtr handle = StartToDownload(of);
    Answer(200, headers, body, 400'000);
    Settle();
    ExpectError(ErrorKind::kRetry);
    ExpectStartsOver(of);
  }
}

TEST_F(ResumeTest, StagedFileThatIsGoneOrShorterStartsOverAtOnce) {
  for (const bool gone : {true, false}) {
    output.Empty();
    if (!gone) output.staged[kStaged] = body.substr(0, kKept - 1);
    FakeJobRecord of(queue, job);
    const HandlePtr handle = StartToDownload(of);
    EXPECT_THAT(Asked(), IsEmpty());
    EXPECT_FALSE(output.staged.contains(kStaged));
    EXPECT_EQ(of.job().output.kept.etag, "");
    Answer(200, {{"content-length", "1000000"}, {"etag", kEtag}}, body);
    Settle();
    ExpectDelivered(of);
  }
}

TEST_F(ResumeTest, FullOrBrokenDiskDropsWhatWasKeptAndTheJobWaits) {
  for (const char* call : {"Resume", "Append", "Restart", "Sync", "Finish"}) {
    for (const int error : {ENOSPC, EDQUOT, EIO, EROFS}) {
      SCOPED_TRACE(std::string(call) + " " + std::to_string(error));
      output.Empty();
      output.staged[kStaged] = body.substr(0, kKept);
      FakeJobRecord of(queue, job);
      output.FailNext(call, error);
      const HandlePtr handle = StartToDownload(of);
      const std::string name = call;
      if (name == "Restart") Answer(200, {{"content-length", "1000000"}, {"etag", "\"new\""}}, body);
      if (name == "Sync") Answer(206, Rest(), body.substr(kKept), 100'000);
      if (name == "Append" || name == "Finish") Answer(206, Rest(), body.substr(kKept));
      Settle();
      ExpectError(ErrorKind::kLocalDisk);
      EXPECT_EQ(answer->error().sys, error);
      EXPECT_EQ(of.job().download_tries, 0);
      ExpectStartsOver(of);
    }
  }
}

TEST_F(ResumeTest, BadOutputOfTwoPartsKeepsNothing) {
  output.checks = {{"zip_entries", "fail", "does not inflate"}};
  FakeJobRecord of(queue, job);
  const HandlePtr handle = StartToDownload(of);
  Answer(206, Rest(), body.substr(kKept));
  Settle();
  ExpectError(ErrorKind::kCorrupt);
  EXPECT_EQ(of.job().bad_downloads, 1);
  EXPECT_EQ(of.job().output.kept.etag, "");
  EXPECT_THAT(output.staged, IsEmpty());
}

TEST_F(ResumeTest, RowSaysMoreOnTheWayAndOnlyWhatIsSynced) {
  job.output = {};
  output.staged.clear();
  FakeJobRecord of(queue, job);
  of.on_saved = [&](const Job& row) {
    if (row.state == JobState::kBuilt) {
      EXPECT_LE(row.output.kept.synced, output.synced[row.output.staging_name]);
    }
  };
  world.pace = {200'000, std::chrono::seconds(5)};
  Deliverer paced(world, [this](const Job&) -> Result<OutputFolder*> { return &output; });
  const HandlePtr handle = paced.Start(of, nullptr, [this](Status status) { answer = std::move(status); });
  OfferUrl();
  Settle();
  FakeTransfer::Call& call = Open();
  ASSERT_TRUE(call.request.sink->Begin(200, {{"content-length", "1000000"}, {"etag", kEtag}}));
  std::vector<std::uint64_t> synced;
  for (std::size_t at = 0; at < kTotal; at += 100'000) {
    clock.Step(std::chrono::seconds(3));
    ASSERT_TRUE(Feed(call, body.substr(at, 100'000)));
    queue.RunAll();
    synced.push_back(of.job().output.kept.synced);
  }
  EXPECT_FALSE(of.overlapped);
  EXPECT_THAT(synced, ::testing::ElementsAre(0, 200'000, 200'000, 400'000, 400'000, 600'000, 600'000, 800'000, 800'000,
                                             1'000'000));
  transfer.AnswerStatus(call, 200);
  Settle();
  ExpectDelivered(of);
}

TEST_F(ResumeTest, RowThatTakesNoMoreEndsTheAttemptAndTheNextGoesOn) {
  FakeJobRecord of(queue, job);
  world.pace = {100'000, std::chrono::seconds(0)};
  Deliverer paced(world, [this](const Job&) -> Result<OutputFolder*> { return &output; });
  HandlePtr handle = paced.Start(of, nullptr, [this](Status status) { answer = std::move(status); });
  OfferUrl();
  Settle();
  FakeTransfer::Call& call = Open();
  ASSERT_TRUE(call.request.sink->Begin(206, Rest()));
  of.fail_next = PosixError("cannot write", "the ledger", ENOSPC);
  ASSERT_TRUE(Feed(call, body.substr(kKept, 200'000)));
  Settle();
  ExpectError(ErrorKind::kLocalDisk);
  EXPECT_FALSE(call.live) << "nobody takes its bytes any more";
  EXPECT_EQ(of.job().output.kept.synced, kKept);
  handle = StartToDownload(of);
  EXPECT_EQ(Asked()["Range"], "bytes=300000-");
  Answer(206, Rest(), body.substr(kKept));
  Settle();
  ExpectDelivered(of);
}

// An attempt is given up while its word about what is synced is on its way to the ledger.
TEST_F(ResumeTest, LastWordOfAnAttemptThatWasGivenUpIsHeardAndFits) {
  FakeJobRecord of(queue, job);
  world.pace = {100'000, std::chrono::seconds(0)};
  Deliverer paced(world, [this](const Job&) -> Result<OutputFolder*> { return &output; });
  HandlePtr handle = paced.Start(of, nullptr, [this](Status status) { answer = std::move(status); });
  OfferUrl();
  Settle();
  FakeTransfer::Call& call = Open();
  ASSERT_TRUE(call.request.sink->Begin(206, Rest()));
  ASSERT_TRUE(Feed(call, body.substr(kKept, 200'000)));
  while (output.calls.back() != std::string("Sync ") + kStaged) ASSERT_TRUE(queue.RunOne());
  ASSERT_TRUE(queue.RunOne());  // synced, and the Save is asked for
  ASSERT_EQ(of.job().output.kept.synced, kKept);
  handle.reset();
  handle = StartToDownload(of);
  const std::uint64_t synced = output.synced[kStaged];
  EXPECT_GE(synced, kKept + 100'000);
  EXPECT_EQ(Asked()["Range"], "bytes=" + std::to_string(synced) + "-");
  Answer(206, Rest(synced), body.substr(synced));
  Settle();
  ExpectDelivered(of);
}

TEST_F(ResumeTest, KeptBytesThatNoStoreCanHaveNamedAreNotUsed) {
  const std::vector<KeptBytes> impossible{
      {"W/\"weak\"", kTotal, kKept}, {kEtag, kKept - 1, kKept}, {kEtag, UINT64_MAX, kKept}, {"\"a\r\nb\"", kTotal, 1}};
  for (const KeptBytes& kept : impossible) {
    output.Empty();
    output.staged[kStaged] = body.substr(0, kKept);
    job.output.kept = kept;
    FakeJobRecord of(queue, job);
    const HandlePtr handle = StartToDownload(of);
    EXPECT_THAT(Asked(), IsEmpty());
  }
}

}  // namespace
}  // namespace tegodrop::testing
