// One upload in a world of fakes around a real file.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/digest.h"
#include "daemon/ledger/ledger.h"
#include "daemon/upload/uploader.h"
#include "tests/fakes/fake_job_record.h"
#include "tests/fakes/fake_portal.h"
#include "tests/fakes/fake_transfer.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/seeded_random.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/task_queue.h"
#include "tests/unit/upload/scratch_file.h"
#include "tests/unit/upload/watched_file_system.h"

namespace tegodrop::testing {

inline constexpr char kSignedUrl[] = "https://apps.example/signed?X-Signature=SECRET";

inline Job ClaimedJob(const std::string& content) {
  Job job;
  job.id = "0123456789abcdef";
  job.state = JobState::kClaimed;
  Target& target = job.target.Edit();
  target.version = "production";
  target.signing_key = "key-1";
  job.artifact.file_name = "app.apk";
  job.artifact.size = content.size();
  job.artifact.sha256 = Sha256Hex(content);
  return job;
}

inline UploadGrant Grant(std::int64_t start_time = 1'700'000'000) {
  UploadGrant grant;
  grant.url = Secret(kSignedUrl);
  grant.file_path = "tenant/uploads/app.apk";
  grant.start_time = start_time;
  grant.signing_key_id = "key-1";
  return grant;
}

struct Rig {
  explicit Rig(std::string bytes, const std::function<void(Job&)>& change = {}, UploadSettings how = {4, Token()})
      : content(std::move(bytes)),
        settings(std::move(how)),
        file(content),
        record(queue, Changed(ClaimedJob(content), change)) {
    record.on_saved = [this](const Job& row) {
      sent_at_save.push_back(transfer.calls.empty() ? 0 : transfer.calls.back()->sent.size());
      if (on_saved) on_saved(row);
    };
  }
  static Secret Token() { return Secret(std::string("KEY:SECRET")); }
  static Job Changed(Job job, const std::function<void(Job&)>& change) {
    if (change) change(job);
    return job;
  }

  void Start() {
    handle = uploader.Start(
        record, [this](std::uint64_t sent) { progress.push_back(sent); },
        [this](Status status) {
          ++done_calls;
          result = std::move(status);
          handle.reset();  // as its owner would
        });
    EXPECT_EQ(done_calls, 0);
  }
  // Up to the PUT; nothing of its body has been read.
  FakeTransfer::Call& StartToPut(std::int64_t start_time = 1'700'000'000) {
    portal.uploads.answers.push_back(Grant(start_time));
    Start();
    queue.RunAll();
    EXPECT_FALSE(transfer.calls.empty());
    return *transfer.calls.back();
  }
  // The connection takes at most `most` bytes in all, as far as the source gives them.
  void Send(std::uint64_t most = UINT64_MAX) {
    transfer.Send(*transfer.calls.back(), most);
    queue.RunAll();
  }
  void Answer(int status, std::string body = "", std::vector<std::pair<std::string, std::string>> headers = {}) {
    transfer.AnswerStatus(*transfer.calls.back(), status, std::move(body), std::move(headers));
    queue.RunAll();
  }
  void Break(ErrorKind kind = ErrorKind::kRetry) {
    transfer.Answer(*transfer.calls.back(), Fail(kind, "connection reset"));
    queue.RunAll();
  }
  // As far as all but the last chunk has left; the row does not say last_chunk_left yet.
  void SendToGate() {
    FakeTransfer::Call& call = *transfer.calls.back();
    const std::uint64_t free = content.size() - std::min<std::size_t>(content.size(), 64 * 1024);
    transfer.Send(call, free);
    while (call.sent.size() < free) {
      queue.RunAll();
      transfer.Send(call, free);
    }
    queue.RunAll();
    EXPECT_EQ(row().last_chunk_left, 0);
  }
  const Job& row() const { return record.job(); }
  std::vector<JobState> states() const {
    std::vector<JobState> out;
    for (const Job& saved : record.saved) out.push_back(saved.state);
    return out;
  }
  // The error that `done` got, or one of kind kBug that says it got none.
  Error error() const {
    if (result && !*result) return result->error();
    return MakeError(ErrorKind::kBug, "done did not get an error");
  }

  const std::string content;
  const UploadSettings settings;
  ScratchFile file;
  TaskQueue queue;
  SteppedClock clock;
  FakePortal portal{queue};
  FakeTransfer transfer{queue};
  WatchedFileSystem fs;
  RecordedLog log;
  FakeJobRecord record;
  std::optional<Error> open_error;
  std::optional<Status> tell;  // what whoever must be told before the artifact arrives answers; none: nobody must
  std::vector<Job> told;
  std::function<void(const Job&)> on_saved;
  std::vector<std::size_t> sent_at_save;  // bytes that had left when each row of record.saved was written
  std::vector<std::uint64_t> progress;
  int done_calls = 0;
  std::optional<Status> result;
  SeededRandom random;
  Fingerprints fingerprints;  // empty: nothing is known of what was admitted but its SHA-256
  Uploader uploader{{portal, transfer, clock, queue, fs, clock, random, log, nullptr, &fingerprints},
                    settings,
                    [this](const Job&, std::function<void(Result<Fd>)> done) {
                      return queue.PostCancellable([this, done = std::move(done)] {
                        if (open_error) return done(Fail(*open_error));
                        done(file.Open());
                      });
                    },
                    [this](const Job& job, std::function<void(Status)> done) -> HandlePtr {
                      if (!tell) return nullptr;
                      told.push_back(job);
                      return queue.PostCancellable([this, done = std::move(done)] { done(*tell); });
                    }};
  HandlePtr handle;
};

}  // namespace tegodrop::testing
