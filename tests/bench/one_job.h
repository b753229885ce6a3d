// One job and its world for the bench client: the row in memory, a portal that answers what it is set to.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/ledger/job_record.h"
#include "daemon/loop/event_loop.h"
#include "daemon/portal/portal.h"

namespace tegodrop::bench {

// Saves in memory, from the loop as the real one does.
class LoopRecord final : public JobRecord {
 public:
  LoopRecord(EventLoop& loop, Job job) : loop_(loop), job_(std::move(job)) {}
  const Job& job() const override { return job_; }
  void Save(std::function<void(Job&)> change, std::string, std::function<void(Status)> done) override {
    loop_.Post([this, change = std::move(change), done = std::move(done)] {
      change(job_);
      done({});
    });
  }

 private:
  EventLoop& loop_;
  Job job_;
};

// Grants that upload and that download, and knows no builds.
class OnePortal final : public Portal {
 public:
  explicit OnePortal(EventLoop& loop) : loop_(loop) {}

  UploadGrant grant;
  Secret download;

  void UseToken(const Secret&) override {}
  HandlePtr RequestUpload(const UploadRequest&, std::function<void(Result<UploadGrant>)> done) override {
    return Answer<Result<UploadGrant>>(grant, std::move(done));
  }
  HandlePtr CompleteMultipart(const std::string&, const std::string&, const std::vector<CompletedPart>&,
                              std::function<void(Status)> done) override {
    return Answer<Status>({}, std::move(done));
  }
  HandlePtr AbortMultipart(const std::string&, const std::string&, std::function<void(Status)> done) override {
    return Answer<Status>({}, std::move(done));
  }
  HandlePtr ListBuilds(const std::string&, std::int64_t, std::int64_t,
                       std::function<void(Result<HistoryPage>)> done) override {
    return Answer<Result<HistoryPage>>(HistoryPage{}, std::move(done));
  }
  HandlePtr RequestDownload(const BuildIdentity&, std::function<void(Result<Secret>)> done) override {
    return Answer<Result<Secret>>(download, std::move(done));
  }
  HandlePtr ListTenants(std::function<void(Result<std::vector<TenantInfo>>)> done) override {
    return Answer<Result<std::vector<TenantInfo>>>(std::vector<TenantInfo>{}, std::move(done));
  }

 private:
  template <typename What>
  HandlePtr Answer(What what, std::function<void(What)> done) {
    return loop_.After(std::chrono::milliseconds(0),
                       [what = std::move(what), done = std::move(done)]() mutable { done(std::move(what)); });
  }

  EventLoop& loop_;
};

// A claimed artifact of that path and size.
inline Job JobOf(const std::string& path, std::uint64_t size) {
  Job job;
  job.id = "bench";
  job.state = JobState::kClaimed;
  job.artifact.file_name = path.substr(path.rfind('/') + 1);
  job.artifact.kind = KindOfName(path).value_or(ArtifactKind::kApk);
  job.artifact.size = size;
  job.target.Edit().version = "bench";
  return job;
}

}  // namespace tegodrop::bench
