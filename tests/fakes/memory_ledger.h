// A ledger in memory, with the verdicts of the real one. It fails on command.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "daemon/ledger/ledger.h"
#include "daemon/model/lifecycle.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {

class MemoryLedger final : public Ledger {
 public:
  explicit MemoryLedger(TaskQueue& queue) : queue_(queue) {}

  void Insert(const Job& job, Done done) override {
    Write("insert", std::string(ToString(job.state)) + " " + job.artifact.file_name, std::move(done),
          [this, job]() -> Status {
            if (jobs.contains(job.id)) return Fail(ErrorKind::kRejected, "the id is taken");
            jobs[job.id] = job;
            return {};
          });
  }
  void Save(const Job& job, const std::string& note, Done done) override {
    Write("save", std::string(ToString(job.state)) + " " + job.artifact.file_name, std::move(done),
          [this, job, note]() -> Status {
            const auto row = jobs.find(job.id);
            if (row == jobs.end()) return Fail(ErrorKind::kRejected, "the row is gone");
            if (row->second.epoch > job.epoch) return Fail(ErrorKind::kRejected, "the row carries a newer epoch");
            if (IsRepeated(job)) return Fail(ErrorKind::kRejected, kIdentityTaken);
            row->second = job;
            notes[job.id].push_back(note);
            return {};
          });
  }
  void Remove(const std::string& job_id, Done done) override {
    Write("remove", "", std::move(done), [this, job_id]() -> Status {
      const auto row = jobs.find(job_id);
      if (row == jobs.end()) return Fail(ErrorKind::kRejected, "the row is gone");
      if (row->second.state != JobState::kClaiming) return Fail(ErrorKind::kRejected, "the job is not claiming");
      jobs.erase(row);
      return {};
    });
  }
  void LoadUnfinished(std::function<void(Result<std::vector<Job>>)> done) override {
    Read<std::vector<Job>>("load_unfinished", std::move(done), [this] {
      std::vector<Job> unfinished;  // ids begin with their time: oldest first
      for (const auto& [id, job] : jobs) {
        if (!job.finished || !job.aborts.empty()) unfinished.push_back(job);
      }
      return unfinished;
    });
  }
  void FindDelivered(const Job& job, std::function<void(Result<std::optional<Job>>)> done) override {
    Read<std::optional<Job>>("find_delivered", std::move(done), [this, job] {
      std::optional<Job> found;
      for (const auto& [id, row] : jobs) {
        if (row.state == JobState::kDelivered && row.duplicate_of.empty() && SameBuild(row, job)) found = row;
      }
      return found;
    });
  }
  void LoadFolders(std::function<void(Result<std::vector<FolderRecord>>)> done) override {
    Read<std::vector<FolderRecord>>("load_folders", std::move(done), [this] {
      std::vector<FolderRecord> all;
      for (const auto& [name, folder] : folders) all.push_back(folder);
      return all;
    });
  }
  void SaveFolder(const FolderRecord& folder, Done done) override {
    Write("save_folder", folder.state, std::move(done), [this, folder]() -> Status {
      folders[folder.name] = folder;
      return {};
    });
  }
  void LoadKept(const std::string& folder, std::function<void(Result<std::vector<KeptArtifact>>)> done) override {
    Read<std::vector<KeptArtifact>>("load_kept", std::move(done), [this, folder] {
      std::vector<KeptArtifact> all;
      for (const auto& [key, one] : kept) {
        if (one.folder == folder) all.push_back(one);
      }
      return all;
    });
  }
  void SaveKept(const KeptArtifact& one, Done done) override {
    Write("save_kept", one.file_name, std::move(done), [this, one]() -> Status {
      kept[{one.folder, one.file_name, one.sha256}] = one;
      return {};
    });
  }

  void Find(const std::string& id, std::function<void(Result<std::vector<Job>>)> done) override {
    Read<std::vector<Job>>("find", std::move(done), [this, id] {
      std::vector<Job> found;
      if (const auto exact = jobs.find(id); exact != jobs.end()) return std::vector<Job>{exact->second};
      for (const auto& [one, job] : jobs) {
        if (!id.empty() && one.starts_with(id) && found.size() < kMostFound) found.push_back(job);
      }
      return found;
    });
  }
  void LoadFailed(std::function<void(Result<std::vector<std::string>>)> done) override {
    Read<std::vector<std::string>>("load_failed", std::move(done), [this] {
      std::vector<std::string> ids;
      for (const auto& [id, job] : jobs) {
        if (job.state == JobState::kFailed) ids.push_back(id);
      }
      return ids;
    });
  }
  void LoadClaims(const std::string& drop_path, std::function<void(Result<std::vector<std::string>>)> done) override {
    Read<std::vector<std::string>>("load_claims", std::move(done), [this, drop_path] {
      std::vector<std::string> ids;
      for (const auto& [id, job] : jobs) {
        if (!job.finished && job.target->drop_path == drop_path) ids.push_back(id);
      }
      return ids;
    });
  }
  void LoadOutputs(std::function<void(Result<std::vector<OutputRecord>>)> done) override {
    Read<std::vector<OutputRecord>>("load_outputs", std::move(done), [this] {
      std::vector<OutputRecord> all;
      for (const auto& [path, fs_type] : outputs) all.push_back({path, fs_type});
      return all;
    });
  }
  void SaveOutput(const OutputRecord& output, Done done) override {
    Write("save_output", output.path, std::move(done), [this, output]() -> Status {
      outputs[output.path] = output.fs_type;
      return {};
    });
  }
  void RemoveOutput(const std::string& path, Done done) override {
    Write("remove_output", path, std::move(done), [this, path]() -> Status {
      outputs.erase(path);
      return {};
    });
  }
  void LoadPauses(std::function<void(Result<std::vector<Pause>>)> done) override {
    Read<std::vector<Pause>>("load_pauses", std::move(done), [this] {
      std::vector<Pause> all;
      for (const auto& [folder, since] : pauses) all.push_back({folder, since});
      return all;
    });
  }
  void SavePause(const Pause& pause, Done done) override {
    Write("save_pause", pause.folder, std::move(done), [this, pause]() -> Status {
      pauses.try_emplace(pause.folder, pause.since);
      return {};
    });
  }
  void RemovePause(const std::string& folder, Done done) override {
    Write("remove_pause", folder, std::move(done), [this, folder]() -> Status {
      pauses.erase(folder);
      return {};
    });
  }
  void SaveNotice(const Notice& notice, Done done) override {
    Write("save_notice", notice.name, std::move(done), [this, notice]() -> Status {
      notices.try_emplace(notice.name, notice).first->second.text = notice.text;
      return {};
    });
  }
  void RemoveNotice(const std::string& name, Done done) override {
    Write("remove_notice", name, std::move(done), [this, name]() -> Status {
      notices.erase(name);
      return {};
    });
  }
  void RemoveNotices(const std::string& prefix, Done done) override {
    Write("remove_notices", prefix, std::move(done), [this, prefix]() -> Status {
      std::erase_if(notices, [&](const auto& one) { return one.first.starts_with(prefix); });
      return {};
    });
  }
  void LoadIgnored(const std::string& folder, std::function<void(Result<std::vector<std::string>>)> done) override {
    Read<std::vector<std::string>>("load_ignored", std::move(done), [this, folder] { return ignored[folder]; });
  }
  void SaveIgnored(const std::string& folder, std::vector<std::string> files, Done done) override {
    Write("save_ignored", folder, std::move(done), [this, folder, files = std::move(files)]() -> Status {
      ignored[folder] = files;
      return {};
    });
  }

  // The next calls of that kind ("insert", "save", …) fail with these, one each, and change nothing.
  void FailNext(const std::string& call, Error error) { failures_[call].push_back(std::move(error)); }

  // The next write of that kind is answered only after ReleaseHeld, as by a disk that hangs; it is done then.
  void HoldNext(const std::string& call) { held_call_ = call; }
  void ReleaseHeld() {
    if (held_) queue_.Post(std::exchange(held_, nullptr));
  }

  std::map<std::string, Job> jobs;  // by id
  std::map<std::string, std::vector<std::string>> notes;
  std::map<std::string, FolderRecord> folders;
  std::map<std::tuple<std::string, std::string, std::string>, KeptArtifact> kept;
  std::map<std::string, std::string> outputs;  // fs_type by path
  std::map<std::string, WallMs> pauses;
  std::map<std::string, Notice> notices;                    // by name
  std::map<std::string, std::vector<std::string>> ignored;  // by folder
  // Where set: every write that was done, in order, shared with other fakes.
  std::vector<std::string>* journal = nullptr;

 private:
  void Write(const std::string& call, const std::string& detail, Done done, std::function<Status()> work) {
    std::function<void()> write = [this, call, detail, done = std::move(done), work = std::move(work)] {
      if (auto error = TakeFailure(call)) return done(Fail(*error));
      const Status status = work();
      if (status && journal != nullptr) journal->push_back(detail.empty() ? call : call + " " + detail);
      if (done) done(status);
    };
    if (call != held_call_) return queue_.Post(std::move(write));
    held_call_.clear();
    held_ = std::move(write);
  }
  template <typename T>
  void Read(const std::string& call, std::function<void(Result<T>)> done, std::function<T()> work) {
    queue_.Post([this, call, done = std::move(done), work = std::move(work)] {
      if (auto error = TakeFailure(call)) return done(Fail(*error));
      done(work());
    });
  }
  std::optional<Error> TakeFailure(const std::string& call) {
    std::deque<Error>& queued = failures_[call];
    if (queued.empty()) return std::nullopt;
    Error error = std::move(queued.front());
    queued.pop_front();
    return error;
  }
  bool IsRepeated(const Job& job) const {
    if (job.ticket.start_time == 0) return false;
    return std::any_of(jobs.begin(), jobs.end(), [&](const auto& row) {
      const Job& other = row.second;
      return other.id != job.id && other.ticket.start_time != 0 && other.target->portal_url == job.target->portal_url &&
             other.target->tenant == job.target->tenant && IdentityOf(other) == IdentityOf(job);
    });
  }

  TaskQueue& queue_;
  std::map<std::string, std::deque<Error>> failures_;
  std::string held_call_;
  std::function<void()> held_;
};

}  // namespace tegodrop::testing
