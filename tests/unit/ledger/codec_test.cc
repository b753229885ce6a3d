#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <set>
#include <string>

#include "daemon/ledger/job_codec.h"
#include "daemon/ledger/ledger_rows.h"
#include "daemon/ledger/migrations.h"
#include "tests/unit/ledger/job_fields.h"

namespace tegodrop {
namespace {

using testing::FilledJob;
using testing::Same;

class CodecTest : public ::testing::Test {
 protected:
  CodecTest() {
    db_ = *SqliteDb::Open(":memory:", ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    EXPECT_TRUE(Migrate(db_, LedgerMigrations()));
  }
  Job RoundTrip(const Job& job) {
    const Status inserted = InsertJob(db_, job, 1);
    EXPECT_TRUE(inserted) << (inserted ? "" : inserted.error().message);
    Result<std::vector<Job>> jobs = JobsSince(db_, 0);
    EXPECT_TRUE(jobs) << (jobs ? "" : jobs.error().message);
    return jobs && !jobs->empty() ? jobs->back() : Job();
  }
  std::string Column(const std::string& name) {
    return (*db_.QueryText("SELECT " + name + " FROM jobs")).value_or("no row");
  }

  SqliteDb db_;
};

TEST_F(CodecTest, EveryFieldComesBackAsItWas) {
  const Job job = FilledJob();
  ASSERT_FALSE(Same(job, Job()));
  EXPECT_TRUE(Same(RoundTrip(job), job));
}

TEST_F(CodecTest, EveryFieldIsChangedBySave) {
  Job job;
  job.id = FilledJob().id;
  ASSERT_TRUE(InsertJob(db_, job, 1));
  ASSERT_TRUE(SaveJob(db_, FilledJob(), "", 2));
  EXPECT_TRUE(Same(JobsSince(db_, 0)->at(0), FilledJob()));
  // And back to blank: an absent group empties all its columns.
  job.epoch = FilledJob().epoch;
  ASSERT_TRUE(SaveJob(db_, job, "", 3));
  EXPECT_TRUE(Same(JobsSince(db_, 0)->at(0), job));
}

TEST_F(CodecTest, ABlankJobComesBackBlank) { EXPECT_TRUE(Same(RoundTrip(Job()), Job())); }

TEST_F(CodecTest, OptionalsInsideAGroupStayAbsent) {
  Job job;
  job.id = "a";
  job.build.emplace();  // all of it absent or zero, but there
  job.failure.emplace();
  job.failure->status_message = "";  // empty is not absent
  const Job back = RoundTrip(job);
  ASSERT_TRUE(back.build);
  EXPECT_FALSE(back.build->success);
  EXPECT_FALSE(back.build->end_time);
  ASSERT_TRUE(back.failure);
  EXPECT_EQ(back.failure->status_message, "");
  EXPECT_FALSE(back.failure->error_message);
  EXPECT_TRUE(Same(back, job));
}

TEST_F(CodecTest, FalseIsNotAbsent) {
  BuildRow row;
  row.success = false;
  row.signed_ = false;
  Job job;
  job.build = row;
  EXPECT_EQ(RoundTrip(job).build->success, false);
}

TEST_F(CodecTest, TheLargestAndSmallestNumbersStay) {
  Job job;
  job.epoch = std::numeric_limits<std::int64_t>::max();
  job.ticket.start_time = std::numeric_limits<std::int64_t>::min();
  job.artifact.size = std::numeric_limits<std::uint64_t>::max();
  Target& target = job.target.Edit();
  target.priority = std::numeric_limits<int>::min();
  target.output_mode = std::numeric_limits<mode_t>::max();
  EXPECT_TRUE(Same(RoundTrip(job), job));
}

TEST_F(CodecTest, BytesThatAreNoTextStay) {
  const std::string hostile("a\0b\xff\xfe\x80'\"\\\n\xed\xa0\x80.apk", 17);
  Job job;
  job.id = "a";
  job.artifact.file_name = hostile;
  job.artifact.sidecar.files = {hostile, "", hostile};
  job.artifact.sidecar.labels = {{hostile, hostile}, {"", ""}};
  job.artifact.commit.candidates = {{"sidecar", hostile}};
  job.output.checks = {{hostile, "warn", "Grüße, 世界 \xf0\x9f\x98\x80"}};
  job.failure.emplace().message = hostile;
  EXPECT_TRUE(Same(RoundTrip(job), job));
}

TEST_F(CodecTest, EveryEnumeratorHasAWord) {
  Job job;
  for (int i = 0; i <= static_cast<int>(JobState::kCancelled); ++i) {
    job.id = "state" + std::to_string(i);
    job.state = static_cast<JobState>(i);
    EXPECT_EQ(RoundTrip(job).state, job.state);
  }
  for (int i = 0; i <= static_cast<int>(FailureKind::kCancelled); ++i) {
    job.id = "failure" + std::to_string(i);
    job.failure.emplace().kind = static_cast<FailureKind>(i);
    EXPECT_EQ(RoundTrip(job).failure->kind, job.failure->kind);
  }
  for (int i = 0; i < 3; ++i) {
    job.id = "other" + std::to_string(i);
    job.artifact.kind = static_cast<ArtifactKind>(i);
    Target& target = job.target.Edit();
    target.after = static_cast<SourceAfter>(i);
    target.signature = static_cast<SignatureNeed>(i);
    EXPECT_TRUE(Same(RoundTrip(job), job));
  }
}

TEST_F(CodecTest, TheTableHasExactlyTheColumnsOfTheCodec) {
  std::set<std::string> in_table;
  Statement info = *db_.Prepare("SELECT name FROM pragma_table_info('jobs')");
  while (*info.Step()) in_table.insert(info.Text(0));
  std::set<std::string> expected(JobColumns().begin(), JobColumns().end());
  EXPECT_EQ(expected.size(), JobColumns().size());
  expected.insert({"seq", "created", "changed", "platform"});
  EXPECT_EQ(in_table, expected);
}

// A swap of two bindings in the column table would come back unharmed, but under the wrong names.
TEST_F(CodecTest, ColumnsHoldWhatTheirNamesSay) {
  Job job = FilledJob();
  job.artifact.kind = ArtifactKind::kIpa;
  RoundTrip(job);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"id", job.id},
      {"state", "claimed"},
      {"finished", "1"},
      {"owner", job.owner},
      {"epoch", std::to_string(job.epoch)},
      {"folder", job.target->folder},
      {"drop_path", job.target->drop_path},
      {"output_path", job.target->output_path},
      {"output_name", job.target->output_name},
      {"source_after", "delete"},
      {"signature", "required"},
      {"portal_url", job.target->portal_url},
      {"tenant", job.target->tenant},
      {"version", job.target->version},
      {"signing_key", job.target->signing_key},
      {"platform", "ios"},
      {"kind", "ipa"},
      {"file_name", job.artifact.file_name},
      {"sha256", job.artifact.sha256},
      {"start_time", std::to_string(job.ticket.start_time)},
      {"file_path", job.ticket.file_path},
      {"sends", std::to_string(job.sends)},
      {"last_chunk_left", std::to_string(job.last_chunk_left)},
      {"build_name", job.build->name},
      {"build_error_message", *job.build->error_message},
      {"staging_name", job.output.staging_name},
      {"protected_name", job.output.protected_name},
      {"output_sha256", job.output.sha256},
      {"kept_etag", job.output.kept.etag},
      {"delivered_at", std::to_string(job.times.delivered)},
      {"waiting_for", job.waiting.for_what},
      {"failure_kind", "not_an_artifact"},
      {"failure_remedy", job.failure->remedy},
      {"sidecar_labels", R"([{"key":")" + job.artifact.sidecar.labels[0].key + R"(","value":")" +
                             job.artifact.sidecar.labels[0].value + R"("},{"key":")" +
                             job.artifact.sidecar.labels[1].key + R"(","value":")" +
                             job.artifact.sidecar.labels[1].value + R"("}])"},
  };
  for (const auto& [column, value] : expected) EXPECT_EQ(Column(column), value) << column;
}

TEST_F(CodecTest, AValueThatNoJobCanHaveIsNamed) {
  Job job;
  job.id = "the-job";
  ASSERT_TRUE(InsertJob(db_, job, 1));
  const std::vector<std::pair<std::string, std::string>> hostile = {
      {"state", "'hibernating'"},    {"finished", "2"},
      {"sends", "99999999999"},      {"checks", "'[{\"id\":1}]'"},
      {"sidecar_files", "'[1]'"},    {"sidecar_labels", "'{'"},
      {"failure_kind", "'unheard'"}, {"kind", "''"},
  };
  for (const auto& [column, value] : hostile) {
    ASSERT_TRUE(db_.Exec(std::string("SAVEPOINT before; UPDATE jobs SET ").append(column).append(" = ").append(value)));
    const Result<std::vector<Job>> jobs = JobsSince(db_, 0);
    ASSERT_FALSE(jobs) << column;
    EXPECT_EQ(jobs.error().kind, ErrorKind::kCorrupt);
    EXPECT_NE(jobs.error().message.find("the-job"), std::string::npos);
    EXPECT_NE(jobs.error().message.find(" " + column + " "), std::string::npos) << jobs.error().message;
    ASSERT_TRUE(db_.Exec("ROLLBACK TO before; RELEASE before"));
  }
}

TEST_F(CodecTest, ADeepListDoesNotExhaustTheStack) {
  Job job;
  job.id = "deep";
  ASSERT_TRUE(InsertJob(db_, job, 1));
  Statement set = *db_.Prepare("UPDATE jobs SET checks = ?");
  ASSERT_TRUE(set.Bind(std::string_view(std::string(1'000'000, '['))).Run());
  EXPECT_FALSE(JobsSince(db_, 0));
}

}  // namespace
}  // namespace tegodrop
