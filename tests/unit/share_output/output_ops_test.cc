// Staging, choosing names, quarantine, records and receipts of an output folder.
#include "daemon/share/output_ops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>

#include "tests/unit/share_output/output_place.h"

namespace tegodrop::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class OutputOpsTest : public ::testing::Test {
 protected:
  OutputPlace place;
  OutputOps ops = place.Ops();
};

TEST_F(OutputOpsTest, StagingDropsWhatADeadAttemptLeft) {
  place.Stage("job.1.part", "old and longer bytes");
  ASSERT_TRUE(ops.Stage("job.1.part", 0));
  EXPECT_EQ(files::file_size(place.Staging("job.1.part")), 0U);
}

TEST_F(OutputOpsTest, StagedFileIsForNobodyElse) {
  ASSERT_TRUE(ops.Stage("job.1.part", 0));
  EXPECT_EQ(place.Mode(".tegodrop/staging/job.1.part"), 0600U);
}

TEST_F(OutputOpsTest, WhereTheFolderHandsItsGroupOnItsRoomDoesToo) {
  ASSERT_EQ(chmod(place.path.c_str(), 02750), 0);
  ASSERT_TRUE(ops.Stage("job.1.part", 0));
  EXPECT_EQ(place.Mode(".tegodrop"), 02750U);
  EXPECT_EQ(place.Mode(".tegodrop/staging"), 02750U);
}

TEST_F(OutputOpsTest, FullDiskShowsBeforeTheDownload) {
  place.fs.free_bytes = 100 << 20;
  auto file = ops.Stage("job.1.part", 80 << 20);  // a tenth and 16 MiB more do not fit
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().kind, ErrorKind::kLocalDisk);
  EXPECT_EQ(file.error().sys, ENOSPC);
  EXPECT_THAT(file.error().message, HasSubstr(place.path));
  EXPECT_THAT(place.Names(".tegodrop/staging"), IsEmpty());
  EXPECT_TRUE(ops.Stage("job.1.part", 70 << 20));
}

TEST_F(OutputOpsTest, FreeNameIsGivenAsWanted) { EXPECT_EQ(ops.ChooseName("app.apk", kJob).value(), "app.apk"); }

TEST_F(OutputOpsTest, TakenNameGetsTheJob) {
  const std::string other = std::string("app-") + kJob + ".apk";
  for (const char* taken : {"app.apk", "APP.Apk", "app.apk.sha256", "App.APK.trace.json"}) {
    SCOPED_TRACE(taken);
    place.Write(taken, "");
    EXPECT_EQ(ops.ChooseName("app.apk", kJob).value(), other);
    files::remove(place.Path(taken));
  }
  // Composed and decomposed, in two cases: the same name to a Mac.
  place.Write("u\xCC\x88.apk", "");
  EXPECT_EQ(ops.ChooseName("\xC3\x9C.apk", kJob).value(), std::string("\xC3\x9C-") + kJob + ".apk");
}

TEST_F(OutputOpsTest, FolderOfTheNameTakesItToo) {
  files::create_directory(place.Path("App.apk"));
  EXPECT_EQ(ops.ChooseName("app.apk", kJob).value(), std::string("app-") + kJob + ".apk");
}

TEST_F(OutputOpsTest, QuarantineKeepsTheBytesOutOfTheWay) {
  place.Stage("job.1.part", "not what it should be");
  ASSERT_TRUE(ops.Quarantine("job.1.part", "job-1-app.apk"));
  EXPECT_EQ(place.Read(".tegodrop/quarantine/job-1-app.apk"), "not what it should be");
  EXPECT_THAT(place.Names(".tegodrop/staging"), IsEmpty());
  EXPECT_THAT(place.Names(), IsEmpty());
  EXPECT_TRUE(ops.Quarantine("job.1.part", "job-1-app.apk")) << "again, after an answer that was lost";
  EXPECT_EQ(place.Read(".tegodrop/quarantine/job-1-app.apk"), "not what it should be");
}

TEST_F(OutputOpsTest, DiscardOfNothingSucceeds) {
  EXPECT_TRUE(ops.Discard("job.1.part"));
  place.Stage("job.1.part", "x");
  EXPECT_TRUE(ops.Discard("job.1.part"));
  EXPECT_THAT(place.Names(".tegodrop/staging"), IsEmpty());
}

TEST_F(OutputOpsTest, RecordAppearsWholeAndIsNeverReplaced) {
  const mode_t before = umask(077);
  ASSERT_TRUE(ops.WriteRecord("app.apk.job.failed.json", "{\"first\":1}", 0644));
  umask(before);
  EXPECT_EQ(place.Mode("app.apk.job.failed.json"), 0644U);
  ASSERT_TRUE(ops.WriteRecord("app.apk.job.failed.json", "{\"second\":1}", 0644));
  EXPECT_EQ(place.Read("app.apk.job.failed.json"), "{\"first\":1}");
  EXPECT_THAT(place.Names(".tegodrop/staging"), IsEmpty());
}

TEST_F(OutputOpsTest, RecordWithTheLongestNameFits) {
  const std::string name = std::string(180, 'n') + "." + kJob + ".failed.json";
  ASSERT_TRUE(ops.WriteRecord(name, "{}", 0640));
  EXPECT_TRUE(place.Has(name));
}

TEST_F(OutputOpsTest, RecordCutAtAnyCallIsWholeOrNotThere) {
  int call = 1;
  for (bool reached = true; reached; ++call) {
    OutputPlace here;
    here.fs.FailAt(call, FaultyFileSystem::Fault::kDeath);
    (void)here.Ops().WriteRecord("r.failed.json", "{\"whole\":1}", 0640);
    reached = here.fs.calls() >= call;
    here.fs.Heal();
    if (here.Has("r.failed.json")) {
      EXPECT_EQ(here.Read("r.failed.json"), "{\"whole\":1}");
    }
    ASSERT_TRUE(here.Ops().WriteRecord("r.failed.json", "{\"whole\":1}", 0640)) << call;
    EXPECT_EQ(here.Read("r.failed.json"), "{\"whole\":1}");
    EXPECT_THAT(here.Names(), UnorderedElementsAre("r.failed.json"));
  }
  EXPECT_GT(call, 10);
}

TEST_F(OutputOpsTest, ReceiptStandsInTheRoomAndIsNeverReplaced) {
  ASSERT_TRUE(ops.WriteReceipt("build-17", "{\"first\":1}"));
  EXPECT_TRUE(ops.WriteReceipt("build-17", "{\"first\":1}"));
  auto other = ops.WriteReceipt("build-17", "{\"second\":1}");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().sys, EEXIST);
  EXPECT_EQ(place.Read(".tegodrop/receipts/build-17.json"), "{\"first\":1}");
  EXPECT_EQ(place.Mode(".tegodrop/receipts/build-17.json"), 0640U);
}

TEST_F(OutputOpsTest, AReceiptThatCannotBeReadIsNotCalledSomebodyElses) {
  ASSERT_TRUE(ops.WriteReceipt("s-1", "content"));
  int call = 1;
  for (bool reached = true; reached; ++call) {
    place.fs.FailAt(call, FaultyFileSystem::Fault::kRefused);
    const Status again = ops.WriteReceipt("s-1", "content");
    reached = place.fs.calls() >= call;
    place.fs.Heal();
    if (!again) {
      EXPECT_NE(again.error().sys, EEXIST) << call;
    }
    EXPECT_TRUE(ops.WriteReceipt("s-1", "content")) << call;
  }
  EXPECT_GT(call, 10);
}

TEST_F(OutputOpsTest, ChecksOfAStagedFileThatIsGoneAreAnErrorOfTheDisk) {
  auto checks = ops.CheckStaged("job.1.part", ArtifactKind::kApk);
  ASSERT_FALSE(checks);
  EXPECT_EQ(checks.error().kind, ErrorKind::kLocalDisk);
}

TEST_F(OutputOpsTest, ChecksSeeWhatWasStaged) {
  place.Stage("job.1.part", "no archive at all");
  auto checks = ops.CheckStaged("job.1.part", ArtifactKind::kApk);
  ASSERT_TRUE(checks) << checks.error().message;
  EXPECT_EQ(OverallResult(checks->checks), "fail");
}

}  // namespace
}  // namespace tegodrop::testing
