// A ledger on a real loop, asked one question after the other.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/ledger/sqlite_ledger.h"
#include "daemon/loop/event_loop.h"
#include "tests/fakes/stepped_clock.h"

namespace tegodrop::testing {

inline std::string MessageOf(const Status& status) { return status ? "no error" : status.error().message; }

class LoopedLedger {
 public:
  explicit LoopedLedger(const std::string& state_dir) : state_dir_(state_dir) { Open(); }

  void Open() {
    auto opened = OpenSqliteLedger(state_dir_, clock, [this](std::function<void()> fn) { loop.Post(std::move(fn)); });
    ASSERT_TRUE(opened) << opened.error().message;
    ledger = std::move(*opened);
  }
  void Close() { ledger.reset(); }

  Status Insert(const Job& job) {
    return Await<void>([&](auto done) { ledger->Insert(job, std::move(done)); });
  }
  Status Save(const Job& job, const std::string& note = "") {
    return Await<void>([&](auto done) { ledger->Save(job, note, std::move(done)); });
  }
  Status Remove(const std::string& id) {
    return Await<void>([&](auto done) { ledger->Remove(id, std::move(done)); });
  }
  std::vector<Job> Unfinished() {
    return Value(Await<std::vector<Job>>([&](auto done) { ledger->LoadUnfinished(std::move(done)); }));
  }
  std::vector<Job> Find(const std::string& id) {
    return Value(Await<std::vector<Job>>([&](auto done) { ledger->Find(id, std::move(done)); }));
  }
  std::vector<std::string> Claims(const std::string& drop_path) {
    return Value(Await<std::vector<std::string>>([&](auto done) { ledger->LoadClaims(drop_path, std::move(done)); }));
  }
  std::vector<std::string> Failed() {
    return Value(Await<std::vector<std::string>>([&](auto done) { ledger->LoadFailed(std::move(done)); }));
  }
  std::vector<OutputRecord> Outputs() {
    return Value(Await<std::vector<OutputRecord>>([&](auto done) { ledger->LoadOutputs(std::move(done)); }));
  }
  Status SaveOutput(const OutputRecord& output) {
    return Await<void>([&](auto done) { ledger->SaveOutput(output, std::move(done)); });
  }
  Status RemoveOutput(const std::string& path) {
    return Await<void>([&](auto done) { ledger->RemoveOutput(path, std::move(done)); });
  }
  std::vector<Pause> Pauses() {
    return Value(Await<std::vector<Pause>>([&](auto done) { ledger->LoadPauses(std::move(done)); }));
  }
  Status SavePause(const Pause& pause) {
    return Await<void>([&](auto done) { ledger->SavePause(pause, std::move(done)); });
  }
  Status SaveNotice(const Notice& notice) {
    return Await<void>([&](auto done) { ledger->SaveNotice(notice, std::move(done)); });
  }
  Status RemoveNotice(const std::string& name) {
    return Await<void>([&](auto done) { ledger->RemoveNotice(name, std::move(done)); });
  }
  Status RemoveNotices(const std::string& prefix) {
    return Await<void>([&](auto done) { ledger->RemoveNotices(prefix, std::move(done)); });
  }
  Status RemovePause(const std::string& folder) {
    return Await<void>([&](auto done) { ledger->RemovePause(folder, std::move(done)); });
  }
  Status SaveFolder(const FolderRecord& folder) {
    return Await<void>([&](auto done) { ledger->SaveFolder(folder, std::move(done)); });
  }
  std::vector<FolderRecord> Folders() {
    return Value(Await<std::vector<FolderRecord>>([&](auto done) { ledger->LoadFolders(std::move(done)); }));
  }
  Status SaveKept(const KeptArtifact& kept) {
    return Await<void>([&](auto done) { ledger->SaveKept(kept, std::move(done)); });
  }
  std::vector<KeptArtifact> Kept(const std::string& folder) {
    return Value(Await<std::vector<KeptArtifact>>([&](auto done) { ledger->LoadKept(folder, std::move(done)); }));
  }

  std::optional<Job> Delivered(const Job& like) {
    return Value(Await<std::optional<Job>>([&](auto done) { ledger->FindDelivered(like, std::move(done)); }));
  }
  Status SaveIgnored(const std::string& folder, const std::vector<std::string>& files) {
    return Await<void>([&](auto done) { ledger->SaveIgnored(folder, files, std::move(done)); });
  }
  std::vector<std::string> Ignored(const std::string& folder) {
    return Value(Await<std::vector<std::string>>([&](auto done) { ledger->LoadIgnored(folder, std::move(done)); }));
  }
  std::vector<OutcomeCount> Outcomes() {
    return Value(Await<std::vector<OutcomeCount>>([&](auto done) { ledger->LoadOutcomes(std::move(done)); }));
  }

  OutboxContent Outbox() {
    return Value(Await<OutboxContent>([&](auto done) { ledger->LoadOutbox(std::move(done)); }));
  }
  Status AddEvent(const OutboxEvent& event, const std::string& mark) {
    return Await<void>([&](auto done) { ledger->AddEvent(event, mark, std::move(done)); });
  }
  Status RemoveEvents(const std::vector<std::int64_t>& numbers) {
    return Await<void>([&](auto done) { ledger->RemoveEvents(numbers, std::move(done)); });
  }
  Status RemoveMark(const std::string& mark) {
    return Await<void>([&](auto done) { ledger->RemoveMark(mark, std::move(done)); });
  }

  EventLoop loop;
  SteppedClock clock;
  std::unique_ptr<LedgerStore> ledger;

 private:
  template <typename T>
  Result<T> Await(std::function<void(std::function<void(Result<T>)>)> ask) {
    std::optional<Result<T>> answer;
    ask([&](Result<T> result) {
      answer = std::move(result);
      loop.Stop();
    });
    EXPECT_FALSE(answer) << "answered inside the call";
    loop.Run();
    return std::move(*answer);
  }
  template <typename T>
  T Value(Result<T> result) {
    EXPECT_TRUE(result) << (result ? "" : result.error().message);
    return result ? std::move(*result) : T();
  }

  std::string state_dir_;
};

inline std::vector<std::string> IdsOf(const std::vector<Job>& jobs) {
  std::vector<std::string> ids;
  for (const Job& job : jobs) ids.push_back(job.id);
  return ids;
}

// A job with an identity of its own.
inline Job JobNamed(const std::string& id) {
  Job job;
  job.id = id;
  job.artifact.file_name = id + ".apk";
  Target& target = job.target.Edit();
  target.portal_url = "https://portal.example";
  target.tenant = "tenant";
  target.version = "production";
  return job;
}

}  // namespace tegodrop::testing
