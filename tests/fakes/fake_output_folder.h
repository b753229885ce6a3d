// An output folder in memory that works, records its calls and fails on command.
#pragma once

#include <cerrno>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/digest.h"
#include "daemon/disk/layout.h"
#include "daemon/model/output_name.h"
#include "daemon/share/output_folder.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {

class FakeOutputFolder final : public OutputFolder {
 public:
  explicit FakeOutputFolder(TaskQueue& queue) : queue_(queue) {}

  HandlePtr Stage(const std::string& staging_name, std::uint64_t size,
                  std::function<void(Result<std::unique_ptr<StagedFile>>)> done) override {
    asked_size = size;
    return Run<Result<std::unique_ptr<StagedFile>>>(
        "Stage", staging_name,
        [this, staging_name]() -> Result<std::unique_ptr<StagedFile>> {
          staged[staging_name].clear();
          return std::make_unique<MemoryFile>(*this, staging_name);
        },
        std::move(done));
  }
  HandlePtr Resume(const std::string& staging_name, std::uint64_t offset, std::uint64_t,
                   std::function<void(Result<std::unique_ptr<StagedFile>>)> done) override {
    return Run<Result<std::unique_ptr<StagedFile>>>(
        "Resume", staging_name + " " + std::to_string(offset),
        [this, staging_name, offset]() -> Result<std::unique_ptr<StagedFile>> {
          const auto found = staged.find(staging_name);
          if (found == staged.end() || found->second.size() < offset) return nullptr;
          found->second.resize(offset);
          return std::make_unique<MemoryFile>(*this, staging_name);
        },
        std::move(done));
  }
  HandlePtr CheckStaged(const std::string& staging_name, ArtifactKind, std::shared_ptr<const BlockCrcs> /*crcs*/,
                        std::function<void(Result<ProtectedFacts>)> done) override {
    return Run<Result<ProtectedFacts>>(
        "CheckStaged", staging_name,
        [this]() -> Result<ProtectedFacts> {
          ProtectedFacts found = facts;
          found.checks = checks;
          return found;
        },
        std::move(done));
  }
  HandlePtr ChooseName(const std::string& wanted, const std::string& job,
                       std::function<void(Result<std::string>)> done) override {
    return Run<Result<std::string>>(
        "ChooseName", wanted,
        [this, wanted, job]() -> Result<std::string> {
          return published.contains(wanted) ? NameWithJob(wanted, job) : wanted;
        },
        std::move(done));
  }
  HandlePtr Publish(PublishRequest request, std::function<void(Result<PublishOutcome>)> done) override {
    requests.push_back(request);
    return Run<Result<PublishOutcome>>(
        "Publish", request.name, [this, request]() -> Result<PublishOutcome> { return PublishNow(request); },
        std::move(done));
  }
  HandlePtr Quarantine(const std::string& staging_name, const std::string& name,
                       std::function<void(Status)> done) override {
    return Run<Status>(
        "Quarantine", staging_name,
        [this, staging_name, name]() -> Status {
          if (auto node = staged.extract(staging_name)) quarantined[name] = node.mapped();
          return {};
        },
        std::move(done));
  }
  HandlePtr Discard(const std::string& staging_name, std::function<void(Status)> done) override {
    return Run<Status>(
        "Discard", staging_name,
        [this, staging_name]() -> Status {
          staged.erase(staging_name);
          begun_.erase(staging_name);
          return {};
        },
        std::move(done));
  }
  HandlePtr ListStaged(std::function<void(Result<std::vector<StagedEntry>>)> done) override {
    return Run<Result<std::vector<StagedEntry>>>(
        "ListStaged", "",
        [this]() -> Result<std::vector<StagedEntry>> {
          std::vector<StagedEntry> entries;
          for (const auto& [name, content] : staged) entries.push_back({name, changed[name]});
          return entries;
        },
        std::move(done));
  }
  HandlePtr WriteRecord(const std::string& name, const std::string& json, mode_t mode,
                        std::function<void(Status)> done) override {
    record_mode = mode;
    return Run<Status>(
        "WriteRecord", name,
        [this, name, json]() -> Status {
          published.try_emplace(name, json);
          return {};
        },
        std::move(done));
  }
  HandlePtr WriteReceipt(const std::string& id, const std::string& json, std::function<void(Status)> done) override {
    return Run<Status>(
        "WriteReceipt", id,
        [this, id, json]() -> Status {
          receipts.try_emplace(id, json);
          return {};
        },
        std::move(done));
  }
  HandlePtr PruneReceipts(std::chrono::milliseconds age, WallMs now, std::function<void(Result<int>)> done) override {
    return Run<Result<int>>(
        "PruneReceipts", "",
        [this, age, now]() -> Result<int> { return pruned_before.push_back(now - age.count()), 1; }, std::move(done));
  }
  bool Accept() override { return false; }
  HandlePtr RemoveRecord(const std::string& name, std::function<void(Status)> done) override {
    return Run<Status>(
        "RemoveRecord", name,
        [this, name]() -> Status {
          published.erase(name);
          return {};
        },
        std::move(done));
  }
  HandlePtr RemoveReceipts(std::vector<std::string> ids, const std::string& job,
                           std::function<void(Status)> done) override {
    return Run<Status>(
        "RemoveReceipts", job,
        [this, ids]() -> Status {
          for (const std::string& id : ids) receipts.erase(id);
          return {};
        },
        std::move(done));
  }

  // Makes the next call of this name fail without doing anything ("Append", "Sync", "Restart" and "Finish" are a staged
  // file's).
  void FailNext(const std::string& call, Error error) { failures_[call].push_back(std::move(error)); }
  void FailNext(const std::string& call, int sys) { FailNext(call, PosixError("cannot", call, sys)); }

  // An empty folder again, without any memory.
  void Empty() {
    staged.clear();
    published.clear();
    quarantined.clear();
    receipts.clear();
    begun_.clear();
    times_published = 0;
  }

  std::vector<Check> checks{{"zip_structure", "pass", "whole"}};  // what every staged file gets
  ProtectedFacts facts;                                           // and what else is found in it
  std::optional<PublishOutcome> next_outcome;                     // instead of publishing, once
  // Called as each call is asked for, with its name and the name that it is about.
  std::function<void(const std::string& call, const std::string& about)> on_call;

  std::vector<std::string> calls;               // "Stage job.1.part", …
  std::map<std::string, std::string> staged;    // by staging name
  std::map<std::string, WallMs> changed;        // of staged files, for ListStaged
  std::map<std::string, std::uint64_t> synced;  // bytes of a staged file that would survive a power cut
  std::map<std::string, std::string> published;
  std::map<std::string, std::string> quarantined;
  std::vector<WallMs> pruned_before;  // of receipts
  std::map<std::string, std::string> receipts;
  std::vector<PublishRequest> requests;
  std::vector<std::size_t> appended;                     // how many bytes each Append brought
  std::set<std::shared_ptr<const std::string>> buffers;  // in what memory
  std::uint64_t asked_size = 0;
  std::uint64_t expected_size = 0;
  mode_t record_mode = 0;
  int times_published = 0;

 private:
  // Digests as late as it may: with the next append.
  struct LateDigest {
    void Take(std::shared_ptr<const std::string> next) {
      if (last) sha256.Update(last->data(), last->size());
      last = std::move(next);
    }
    Sha256 sha256;
    std::shared_ptr<const std::string> last;
  };

  class MemoryFile final : public StagedFile {
   public:
    MemoryFile(FakeOutputFolder& folder, std::string name) : folder_(folder), name_(std::move(name)) {
      digest_->Take(std::make_shared<std::string>(folder_.staged[name_]));
    }
    void Expect(std::uint64_t size) override { folder_.expected_size = size; }
    HandlePtr Append(std::shared_ptr<const std::string> bytes, std::function<void(Status)> done) override {
      return folder_.Run<Status>(
          "Append", name_,
          [&folder = folder_, name = name_, digest = digest_, bytes = std::move(bytes)]() -> Status {
            digest->Take(bytes);
            folder.appended.push_back(bytes->size());
            folder.buffers.insert(bytes);
            if (folder.staged.contains(name)) folder.staged[name] += *bytes;
            return {};
          },
          std::move(done));
    }
    HandlePtr Sync(std::function<void(Result<std::uint64_t>)> done) override {
      return folder_.Run<Result<std::uint64_t>>(
          "Sync", name_,
          [&folder = folder_, name = name_]() -> Result<std::uint64_t> {
            folder.synced[name] = folder.staged[name].size();
            return folder.synced[name];
          },
          std::move(done));
    }
    HandlePtr Restart(std::function<void(Status)> done) override {
      return folder_.Run<Status>(
          "Restart", name_,
          [&folder = folder_, name = name_, digest = digest_]() -> Status {
            *digest = {};
            folder.staged[name].clear();
            folder.synced.erase(name);
            return {};
          },
          std::move(done));
    }
    HandlePtr Finish(std::function<void(Result<StagedFacts>)> done) override {
      return folder_.Run<Result<StagedFacts>>(
          "Finish", name_,
          [&folder = folder_, name = name_, digest = digest_]() -> Result<StagedFacts> {
            digest->Take(nullptr);
            return StagedFacts{folder.staged[name].size(), digest->sha256.FinishHex()};
          },
          std::move(done));
    }

   private:
    FakeOutputFolder& folder_;
    std::string name_;
    std::shared_ptr<LateDigest> digest_ = std::make_shared<LateDigest>();
  };

  PublishOutcome PublishNow(const PublishRequest& request) {
    if (next_outcome) return *std::exchange(next_outcome, std::nullopt);
    if (begun_.contains(request.staging_name)) return PublishOutcome::kPublished;
    if (!staged.contains(request.staging_name)) return PublishOutcome::kLost;
    if (published.contains(request.name)) return PublishOutcome::kNameTaken;
    published[request.name] = staged.extract(request.staging_name).mapped();
    published[ChecksumName(request.name)] = request.checksum;
    if (!request.provenance_name.empty()) published[request.provenance_name] = request.provenance;
    published[TraceName(request.name)] = request.trace;
    begun_[request.staging_name] = true;
    ++times_published;
    return PublishOutcome::kPublished;
  }

  template <typename T>
  HandlePtr Run(const std::string& call, const std::string& about, std::function<T()> work,
                std::function<void(T)> done) {
    calls.push_back(call + " " + about);
    if (on_call) on_call(call, about);
    auto& failures = failures_[call];
    if (failures.empty()) return RunTask<T>(queue_, std::move(work), std::move(done));
    const Error error = failures.front();
    failures.pop_front();
    return RunTask<T>(
        queue_, [error]() -> T { return Fail(error); }, std::move(done));
  }

  TaskQueue& queue_;
  std::map<std::string, std::deque<Error>> failures_;
  std::map<std::string, bool> begun_;
};

}  // namespace tegodrop::testing
