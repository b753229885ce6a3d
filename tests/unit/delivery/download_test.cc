// built -> fetched: the protected output comes, is checked, and every trouble on the way has its reaction.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/delivery/delivery_world.h"

namespace tegodrop::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;
using ::testing::SizeIs;

constexpr char kStaged[] = "0123456789abcdef.5.part";  // the attempt after epoch 4

class DownloadTest : public DeliveryTest {
 protected:
  // Outputs of this build have failed their checks before.
  void AfterBadDownloads(int count) {
    record.Save([count](Job& job) { job.bad_downloads = job.download_tries = count; }, "", [](const Status&) {});
    queue.RunAll();
  }
  const Check* CheckOf(const std::string& id) {
    for (const Check& check : record.job().output.checks) {
      if (check.id == id) return &check;
    }
    return nullptr;
  }
};

TEST_F(DownloadTest, BuiltJobIsDownloadedCheckedAndPublished) {
  const HandlePtr handle = StartToDownload(record);
  Serve(kProtected);
  Settle();
  ExpectDone();
  EXPECT_EQ(record.job().state, JobState::kPublished);
  EXPECT_EQ(record.job().output.size, sizeof kProtected - 1);
  EXPECT_EQ(record.job().output.sha256, Sha256Hex(kProtected));
  EXPECT_EQ(record.job().output.protected_name, "App Release-protected-1767225100.apk");
  EXPECT_EQ(output.published["App Release-protected-1767225100.apk"], kProtected);
  EXPECT_THAT(output.published, SizeIs(3));
}

TEST_F(DownloadTest, RowPassesThroughFetched) {
  const HandlePtr handle = StartToDownload(record);
  Serve(kProtected);
  Settle();
  std::vector<JobState> states;
  for (const Job& job : record.saved) states.push_back(job.state);
  EXPECT_THAT(states, ElementsAre(JobState::kBuilt, JobState::kFetched, JobState::kFetched, JobState::kPublished));
}

TEST_F(DownloadTest, TheLedgersOwnIdentityIsAskedForAndNotWhatTheHistoryCalledIt) {
  Job job = BuiltJob();
  job.build->name = "../../etc/passwd";
  FakeJobRecord renamed(queue, job);
  const HandlePtr handle = StartToDownload(renamed);
  ASSERT_THAT(portal.downloads_asked, SizeIs(1));
  EXPECT_EQ(portal.downloads_asked[0], IdentityOf(BuiltJob()));
}

TEST_F(DownloadTest, SignedUrlIsAskedWithoutAnyCredential) {
  const HandlePtr handle = StartToDownload(record);
  const HttpRequest& request = Open().request;
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.url.Reveal(), kSignedUrl);
  EXPECT_THAT(request.headers, IsEmpty());
  EXPECT_TRUE(request.body.empty());
  EXPECT_GT(request.sink_limit, 0U);
}

TEST_F(DownloadTest, AttemptIsRecordedBeforeAnythingIsStaged) {
  bool staged = false;
  output.on_call = [&](const std::string& call, const std::string& about) {
    if (call != "Stage") return;
    staged = true;
    EXPECT_EQ(about, kStaged);
    EXPECT_EQ(record.job().output.staging_name, kStaged);
    EXPECT_EQ(record.job().epoch, 5);
  };
  const HandlePtr handle = StartToDownload(record);
  EXPECT_TRUE(staged);
  EXPECT_EQ(output.asked_size, sizeof kSource - 1) << "the source's size is the first estimate";
}

TEST_F(DownloadTest, EachAttemptHasItsOwnStagingNameAndDropsTheLastOnes) {
  Job job = BuiltJob();
  job.output.staging_name = "0123456789abcdef.4.part";
  job.output.checks = {{"length", "fail", ""}};
  FakeJobRecord second(queue, job);
  output.staged["0123456789abcdef.4.part"] = "half";
  const HandlePtr handle = StartToDownload(second);
  EXPECT_THAT(output.calls, ElementsAre("Discard 0123456789abcdef.4.part", "Stage 0123456789abcdef.5.part"));
  EXPECT_FALSE(output.staged.contains("0123456789abcdef.4.part"));
  EXPECT_THAT(second.job().output.checks, IsEmpty()) << "they were about another attempt's bytes";
}

TEST_F(DownloadTest, NamedLengthIsReservedAndShownAsTheTotal) {
  const HandlePtr handle = StartToDownload(record);
  FakeTransfer::Call& call = Open();
  ASSERT_TRUE(call.request.sink->Begin(200, {{"content-length", "1000"}}));
  call.request.progress(0, 250);
  EXPECT_EQ(output.expected_size, 1000U);
  EXPECT_THAT(progress, ElementsAre(std::pair<std::uint64_t, std::uint64_t>(250, 1000)));
}

TEST_F(DownloadTest, RefusedUrlAsksForAFreshOneNextTime) {
  for (const int status : {401, 403, 404, 410, 400}) {
    SCOPED_TRACE(status);
    FakeJobRecord job(queue, BuiltJob());
    HandlePtr handle = StartToDownload(job);
    transfer.AnswerStatus(Open(), status, "<Error>SECRETSIGNATURE</Error>");
    Settle();
    ExpectError(ErrorKind::kRetry);
    EXPECT_EQ(answer->error().http_status, status);
    EXPECT_EQ(job.job().download_tries, 1);
    EXPECT_EQ(job.job().state, JobState::kBuilt);
    EXPECT_THAT(output.staged, IsEmpty());
    const std::size_t asked = portal.downloads_asked.size();
    handle = StartToDownload(job);
    EXPECT_EQ(portal.downloads_asked.size(), asked + 1);
    Serve(kProtected);
    Settle();
    ExpectDone();
    EXPECT_EQ(job.job().download_tries, 0);
    output.Empty();
  }
}

TEST_F(DownloadTest, StoresTroubleIsTriedAgainNotBeforeItsOwnWord) {
  for (const int status : {500, 503, 408}) {
    FakeJobRecord job(queue, BuiltJob());
    const HandlePtr handle = StartToDownload(job);
    transfer.AnswerStatus(Open(), status, "", {{"retry-after", "17"}});
    Settle();
    ExpectError(ErrorKind::kRetry);
    EXPECT_EQ(answer->error().retry_after, std::chrono::seconds(17));
    EXPECT_EQ(job.job().download_tries, 1);
  }
}

TEST_F(DownloadTest, BusyStoreIsWaitedForAndHoldsUpNothingElse) {
  const HandlePtr handle = StartToDownload(record);
  transfer.AnswerStatus(Open(), 429, "", {{"retry-after", "60"}});
  Settle();
  ExpectError(ErrorKind::kRetry);
  EXPECT_EQ(answer->error().retry_after, std::chrono::seconds(60));
  EXPECT_EQ(record.job().download_tries, 1);
}

TEST_F(DownloadTest, BodyCutShortIsTriedAgainAndLeavesNothing) {
  const HandlePtr handle = StartToDownload(record);
  FakeTransfer::Call& call = Open();
  ASSERT_TRUE(call.request.sink->Begin(200, {{"content-length", "100000"}}));
  ASSERT_TRUE(Feed(call, std::string(70'000, 'P')));
  transfer.Answer(call, Fail(ErrorKind::kCorrupt, "the body ended after 70000 bytes"));
  Settle();
  ExpectError(ErrorKind::kRetry);
  EXPECT_EQ(record.job().download_tries, 1);
  EXPECT_EQ(record.job().state, JobState::kBuilt);
  EXPECT_THAT(output.staged, IsEmpty());
  EXPECT_THAT(output.quarantined, IsEmpty());
}

TEST_F(DownloadTest, LostConnectionIsTriedAgainAndNeverOfUnknownOutcome) {
  const HandlePtr handle = StartToDownload(record);
  Error error = MakeError(ErrorKind::kRetry, "the connection was reset");
  error.outcome_unknown = true;
  transfer.Answer(Open(), Fail(error));
  Settle();
  ExpectError(ErrorKind::kRetry);
  EXPECT_FALSE(answer->error().outcome_unknown);
}

TEST_F(DownloadTest, PartThatWasNotAskedForIsNotTakenForTheWhole) {
  const HandlePtr handle = StartToDownload(record);
  FakeTransfer::Call& call = Open();
  auto begun = call.request.sink->Begin(206, {{"content-length", "10"}});
  ASSERT_FALSE(begun);
  transfer.Answer(call, Fail(begun.error()));
  Settle();
  ExpectError(ErrorKind::kRetry);
}

TEST_F(DownloadTest, FullDiskPassesThroughUncountedAndGivesItsRoomBack) {
  for (const char* call : {"Stage", "Append", "Finish"}) {
    SCOPED_TRACE(call);
    FakeJobRecord job(queue, BuiltJob());
    output.FailNext(call, ENOSPC);
    HandlePtr handle = StartToDownload(job);
    if (std::string(call) != "Stage") Serve(kProtected);
    Settle();
    ExpectError(ErrorKind::kLocalDisk);
    EXPECT_EQ(answer->error().sys, ENOSPC);
    EXPECT_EQ(job.job().download_tries, 0);
    EXPECT_EQ(job.job().state, JobState::kBuilt);
    EXPECT_THAT(output.staged, IsEmpty());
  }
}

TEST_F(DownloadTest, FullDiskInMidBodyStopsTheTransfer) {
  output.FailNext("Append", ENOSPC);
  const HandlePtr handle = StartToDownload(record);
  FakeTransfer::Call& call = Open();
  ASSERT_TRUE(call.request.sink->Begin(200, {}));
  ASSERT_TRUE(Feed(call, std::string(100'000, 'P')));
  queue.RunAll();
  EXPECT_FALSE(Feed(call, "P"));
  EXPECT_EQ(call.request.sink->error().sys, ENOSPC);
  transfer.Answer(call, Fail(call.request.sink->error()));
  Settle();
  ExpectError(ErrorKind::kLocalDisk);
  EXPECT_EQ(answer->error().sys, ENOSPC);
}

TEST_F(DownloadTest, OutputThatIsTheSourceIsCorrupt) {
  AfterBadDownloads(kMostBadDownloads - 1);
  const HandlePtr handle = StartToDownload(record);
  Serve(kSource);
  Settle();
  ExpectError(ErrorKind::kCorrupt);
  EXPECT_THAT(answer->error().message, HasSubstr("differs"));
  EXPECT_EQ(record.job().state, JobState::kBuilt);
  EXPECT_EQ(record.job().download_tries, kMostBadDownloads);
  ASSERT_NE(CheckOf("differs"), nullptr);
  EXPECT_EQ(CheckOf("differs")->result, "fail");
  EXPECT_EQ(CheckOf("length")->result, "pass");
  EXPECT_EQ(output.quarantined["0123456789abcdef-5-App Release.apk"], kSource);
  EXPECT_THAT(output.published, IsEmpty());
  EXPECT_EQ(log.Count("delivery.quarantined"), 1);
}

TEST_F(DownloadTest, FourBadOutputsAreDownloadedEachFromItsBeginningAndOnlyTheLastIsKept) {
  output.checks = {{"zip_entries", "fail", "classes.dex does not inflate"}};
  for (int number = 1; number <= kMostBadDownloads; ++number) {
    SCOPED_TRACE(number);
    EXPECT_THAT(output.quarantined, IsEmpty());
    const HandlePtr handle = StartToDownload(record);
    EXPECT_THAT(Open().request.headers, IsEmpty()) << "nothing is kept of a bad one";
    Serve(std::string(kProtected) + std::to_string(number), std::nullopt, "\"strong\"");
    Settle();
    ExpectError(ErrorKind::kCorrupt);
    EXPECT_EQ(record.job().bad_downloads, number);
    EXPECT_THAT(output.staged, IsEmpty());
  }
  EXPECT_THAT(output.quarantined, SizeIs(1));
  EXPECT_EQ(output.quarantined.begin()->second, std::string(kProtected) + "4");
  EXPECT_EQ(log.Count("delivery.bad_output"), 3);
}

TEST_F(DownloadTest, FailedArchiveCheckIsNamedAndKept) {
  AfterBadDownloads(kMostBadDownloads - 1);
  output.checks = {{"zip_structure", "pass", ""}, {"zip_entries", "fail", "classes.dex does not inflate"}};
  const HandlePtr handle = StartToDownload(record);
  Serve(kProtected);
  Settle();
  ExpectError(ErrorKind::kCorrupt);
  EXPECT_THAT(answer->error().message, HasSubstr("zip_entries"));
  EXPECT_THAT(answer->error().message, HasSubstr("classes.dex does not inflate"));
  EXPECT_THAT(record.job().output.checks, SizeIs(7));
  EXPECT_THAT(output.quarantined, SizeIs(1));
}

TEST_F(DownloadTest, WhatIsCalledSignedOrMustBeSignedCarriesASignature) {
  AfterBadDownloads(kMostBadDownloads - 1);
  output.checks = {{"signature", "skipped", "there is none"}};
  const HandlePtr handle = StartToDownload(record);  // the history calls it signed
  Serve(kProtected);
  Settle();
  ExpectError(ErrorKind::kCorrupt);
  EXPECT_THAT(answer->error().message, HasSubstr("'signature': the portal says that it is signed"));
  EXPECT_THAT(output.quarantined, SizeIs(1));
}

TEST_F(DownloadTest, WhatNeedNotBeSignedMayCarryNoSignature) {
  output.checks = {{"signature", "skipped", "there is none"}};
  Job job = testing::BuiltJob();
  job.build->signed_ = false;
  job.ticket.signing_key_id.reset();
  FakeJobRecord unsigned_record(queue, job);
  const HandlePtr handle = StartToDownload(unsigned_record);
  Serve(kProtected);
  Settle();
  ExpectDone();
  EXPECT_EQ(unsigned_record.job().output.checks.back().result, "skipped");
}

TEST_F(DownloadTest, WhatTheOutputIsStandsInTheRow) {
  output.facts.identity = {"com.example.app", "1.2", "12"};
  output.facts.signature_schemes = {"v2", "v3"};
  const HandlePtr handle = StartToDownload(record);
  Serve(kProtected);
  Settle();
  ExpectDone();
  EXPECT_EQ(record.job().output.identity.version_name, "1.2");
  EXPECT_THAT(record.job().output.signature_schemes, Optional(ElementsAre("v2", "v3")));
}

TEST_F(DownloadTest, AnotherAppIsNeverDelivered) {
  AfterBadDownloads(kMostBadDownloads - 1);
  Job job = record.job();
  job.artifact.identity = {"com.example.app", "1.2", "12"};
  FakeJobRecord mine(queue, job);
  output.facts.identity = {"com.example.other", "1.2", "12"};
  const HandlePtr handle = StartToDownload(mine);
  Serve(kProtected);
  Settle();
  ExpectError(ErrorKind::kCorrupt);
  EXPECT_THAT(answer->error().message, HasSubstr("'package'"));
  EXPECT_EQ(mine.job().output.identity.package, "com.example.other") << "for the record of the failure";
  EXPECT_THAT(output.quarantined, SizeIs(1));
  EXPECT_THAT(output.published, IsEmpty());
}

TEST_F(DownloadTest, WhatTheFolderCallsAWarningIsDeliveredAndLogged) {
  Job job = testing::BuiltJob();
  job.artifact.identity = {"com.example.app", "1.2", "12"};
  job.target.Edit().warn_checks = {"version"};
  FakeJobRecord mine(queue, job);
  output.facts.identity = {"com.example.app", "1.3", "12"};
  const HandlePtr handle = StartToDownload(mine);
  Serve(kProtected);
  Settle();
  ExpectDone();
  EXPECT_EQ(OverallResult(mine.job().output.checks), "warn");
  EXPECT_EQ(log.Count("delivery.check_warned"), 1);
}

// One gate that is open opens no other.
TEST_F(DownloadTest, AnArchiveThatIsOnlyWarnedOfMustStillBeSignedAndTheSameApp) {
  AfterBadDownloads(kMostBadDownloads - 1);
  Job job = record.job();
  job.artifact.identity = {"com.example.app", "1.2", "12"};
  Target& target = job.target.Edit();
  target.warn_checks = {"zip_entries"};
  target.signature = SignatureNeed::kRequired;
  target.expected_signers = {std::string(64, 'a')};
  FakeJobRecord mine(queue, job);
  output.checks = {{"zip_entries", "fail", "two entries have the same name"},
                   {"signature", "skipped", "not looked at"}};
  const HandlePtr handle = StartToDownload(mine);
  Serve(kProtected);
  Settle();
  ExpectError(ErrorKind::kCorrupt);
  std::set<std::string> failed;
  for (const Check& check : mine.job().output.checks) {
    if (check.result == "fail") failed.insert(check.id);
  }
  EXPECT_EQ(failed, (std::set<std::string>{"signature", "package", "version", "signer"}));
  EXPECT_THAT(output.published, IsEmpty());
}

TEST_F(DownloadTest, WarningIsNoReasonToRefuse) {
  output.checks = {{"signing_block", "warn", "odd"}};
  const HandlePtr handle = StartToDownload(record);
  Serve(kProtected);
  Settle();
  ExpectDone();
  EXPECT_EQ(OverallResult(record.job().output.checks), "warn");
}

TEST_F(DownloadTest, QuarantineThatFailsIsToldAndTheVerdictStands) {
  AfterBadDownloads(kMostBadDownloads - 1);
  output.checks = {{"kind", "fail", "no AndroidManifest.xml"}};
  output.FailNext("Quarantine", EACCES);
  const HandlePtr handle = StartToDownload(record);
  Serve(kProtected);
  Settle();
  ExpectError(ErrorKind::kCorrupt);
  EXPECT_EQ(log.Count("delivery.quarantine_failed"), 1);
}

TEST_F(DownloadTest, BytesThatAreNotTheNamedLengthAreCorrupt) {
  const HandlePtr handle = StartToDownload(record);
  Serve(kProtected, "5000");
  Settle();
  ExpectError(ErrorKind::kCorrupt);
  EXPECT_EQ(CheckOf("length")->result, "fail");
}

TEST_F(DownloadTest, WithoutANamedLengthThatCheckIsSkipped) {
  const HandlePtr handle = StartToDownload(record);
  Serve(kProtected, "");
  Settle();
  ExpectDone();
  EXPECT_EQ(CheckOf("length")->result, "skipped");
}

TEST_F(DownloadTest, AbsurdLengthIsRefusedBeforeItsFirstByteAndKeepsNothing) {
  const HandlePtr handle = StartToDownload(record);
  Serve(kProtected, "99999999999999");
  Settle();
  ExpectError(ErrorKind::kCorrupt);
  EXPECT_EQ(CheckOf("length")->result, "fail");
  EXPECT_EQ(record.job().download_tries, 1);
  EXPECT_THAT(output.quarantined, IsEmpty());
  EXPECT_THAT(output.staged, IsEmpty());
  EXPECT_EQ(output.expected_size, 0U) << "nothing that large may be reserved";
}

TEST_F(DownloadTest, ReadErrorOfTheChecksIsTheDisksAndNotTheOutputs) {
  output.FailNext("CheckStaged", EIO);
  const HandlePtr handle = StartToDownload(record);
  Serve(kProtected);
  Settle();
  ExpectError(ErrorKind::kLocalDisk);
  EXPECT_THAT(output.quarantined, IsEmpty());
}

TEST_F(DownloadTest, PortalsRefusalsPassThrough) {
  for (const ErrorKind kind : {ErrorKind::kSignIn, ErrorKind::kSlowDown, ErrorKind::kRejected, ErrorKind::kRetry}) {
    SCOPED_TRACE(std::string(ToString(kind)));
    FakeJobRecord job(queue, BuiltJob());
    portal.downloads.answers.emplace_back(Fail(kind, "the portal says no"));
    const HandlePtr handle = Start(job);
    Settle();
    ExpectError(kind);
    EXPECT_EQ(job.job().download_tries, kind == ErrorKind::kRetry ? 1 : 0);
    EXPECT_THAT(output.calls, Not(Contains(HasSubstr("Stage"))));
  }
}

TEST_F(DownloadTest, MissingOutputFolderIsALocalTroubleBeforeAnythingIsAsked) {
  missing = PosixError("cannot open folder", "/srv/protected", ENOENT);
  const HandlePtr handle = Start(record);
  Settle();
  ExpectError(ErrorKind::kLocalDisk);
  EXPECT_EQ(answer->error().sys, ENOENT);
  EXPECT_THAT(portal.downloads_asked, IsEmpty());
  EXPECT_THAT(record.saved, IsEmpty());
}

TEST_F(DownloadTest, JobThatHasNoBuildIsABug) {
  Job job = BuiltJob();
  job.state = JobState::kBuilding;
  FakeJobRecord early(queue, job);
  const HandlePtr handle = Start(early);
  Settle();
  ExpectError(ErrorKind::kBug);
}

TEST_F(DownloadTest, NoSignedUrlIsLoggedOrRecorded) {
  const HandlePtr handle = StartToDownload(record);
  Serve(kSource);
  Settle();
  EXPECT_FALSE(log.Contains("SECRETSIGNATURE"));
}

}  // namespace
}  // namespace tegodrop::testing
