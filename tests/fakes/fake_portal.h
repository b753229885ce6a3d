// A portal of answers that the test gives one by one.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/model/job.h"
#include "daemon/portal/portal.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {

// Each call records its question and takes the next answer of its own kind; without one it stays unanswered until an
// answer is added and Pump is called.
class FakePortal : public Portal {
 public:
  explicit FakePortal(TaskQueue& queue) : queue_(queue) {}

  template <typename Answer>
  struct Line {
    std::deque<Answer> answers;
    std::deque<std::pair<std::shared_ptr<bool>, std::function<void(Answer)>>> waiting;
  };

  void UseToken(const Secret& token) override { tokens.push_back(token); }

  HandlePtr RequestUpload(const UploadRequest& request, std::function<void(Result<UploadGrant>)> done) override {
    upload_requests.push_back(request);
    return Ask(uploads, std::move(done));
  }
  HandlePtr CompleteMultipart(const std::string& file_path, const std::string& upload_id,
                              const std::vector<CompletedPart>& parts, std::function<void(Status)> done) override {
    completed.push_back(parts);
    completed_uploads.push_back({file_path, upload_id});
    if (on_complete) on_complete();
    return Ask(completions, std::move(done));
  }
  HandlePtr AbortMultipart(const std::string&, const std::string& upload_id,
                           std::function<void(Status)> done) override {
    aborted.push_back(upload_id);
    return Ask(aborts, std::move(done));
  }
  HandlePtr ListBuilds(const std::string& version, std::int64_t page, std::int64_t page_size,
                       std::function<void(Result<HistoryPage>)> done) override {
    listings_asked.push_back({version, page, page_size});
    return Ask(listings, std::move(done));
  }
  HandlePtr RequestDownload(const BuildIdentity& build, std::function<void(Result<Secret>)> done) override {
    downloads_asked.push_back(build);
    return Ask(downloads, std::move(done));
  }
  HandlePtr ListTenants(std::function<void(Result<std::vector<TenantInfo>>)> done) override {
    return Ask(tenants, std::move(done));
  }

  // Hands answers that were added to the calls that wait for them.
  void Pump() {
    PumpLine(uploads);
    PumpLine(completions);
    PumpLine(aborts);
    PumpLine(listings);
    PumpLine(downloads);
    PumpLine(tenants);
  }

  struct ListingAsked {
    std::string version;
    std::int64_t page = 0;
    std::int64_t page_size = 0;
  };
  std::vector<Secret> tokens;  // each that was given anew
  std::vector<UploadRequest> upload_requests;
  std::vector<std::vector<CompletedPart>> completed;
  std::vector<OpenUpload> completed_uploads;  // which, in the same order
  std::function<void()> on_complete;          // runs when it is asked for
  std::vector<std::string> aborted;
  std::vector<ListingAsked> listings_asked;
  std::vector<BuildIdentity> downloads_asked;

  Line<Result<UploadGrant>> uploads;
  Line<Status> completions;
  Line<Status> aborts;
  Line<Result<HistoryPage>> listings;
  Line<Result<Secret>> downloads;
  Line<Result<std::vector<TenantInfo>>> tenants;

 private:
  class CallHandle final : public Handle {
   public:
    explicit CallHandle(std::shared_ptr<bool> live) : live_(std::move(live)) {}
    ~CallHandle() override { *live_ = false; }

   private:
    std::shared_ptr<bool> live_;
  };

  template <typename Answer>
  HandlePtr Ask(Line<Answer>& line, std::function<void(Answer)> done) {
    auto live = std::make_shared<bool>(true);
    line.waiting.emplace_back(live, std::move(done));
    PumpLine(line);
    return std::make_unique<CallHandle>(live);
  }
  template <typename Answer>
  void PumpLine(Line<Answer>& line) {
    while (!line.answers.empty() && !line.waiting.empty()) {
      auto [live, done] = std::move(line.waiting.front());
      line.waiting.pop_front();
      if (!*live) continue;
      queue_.Post([live = live, done = std::move(done), answer = std::move(line.answers.front())]() mutable {
        if (*live) done(std::move(answer));
      });
      line.answers.pop_front();
    }
  }

  TaskQueue& queue_;
};

}  // namespace tegodrop::testing
