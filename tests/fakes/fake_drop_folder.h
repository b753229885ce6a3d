// A drop folder in memory: files with stat and content, rooms, claims, hints. What it answers follows from what is in
// it; it fails on command.
#pragma once

#include <sys/stat.h>

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

#include "daemon/base/clock.h"
#include "daemon/base/digest.h"
#include "daemon/share/drop_folder.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {

class FakeDropFolder final : public DropFolder {
 public:
  struct File {
    std::string content;
    FileStat stat;
    Writers writers = Writers::kNone;
    // What a look gives once nobody writes: kWhole, kIncomplete, kNotAnArtifact or kUnreadable.
    Inspection::Outcome inside = Inspection::Outcome::kWhole;
  };
  using Files = std::map<std::string, File>;

  void StopWatching() override { hint_ = nullptr; }

  FakeDropFolder(TaskQueue& queue, const Clock& clock) : queue_(queue), clock_(clock) {
    facts.room_id = "room-1";
    facts.fs = FsTypeOf(0xEF53);
    facts.watched = true;
  }

  // A file appears as it does by a program of the kind: with its events, where events arrive.
  File& MoveIn(const std::string& name, const std::string& content) {
    File& file = Put(name, content);
    Raise(name, Nomination::kMovedIn);
    return file;
  }
  File& CopyIn(const std::string& name, const std::string& content) {
    File& file = Put(name, content);
    Raise(name, Nomination::kCreated);
    Raise(name, Nomination::kClosed);
    return file;
  }
  File& LinkIn(const std::string& name, const std::string& content) {
    File& file = Put(name, content);
    Raise(name, Nomination::kCreated);
    return file;
  }
  // Without any event. A file of that name is replaced by another.
  File& Put(const std::string& name, const std::string& content) {
    File file;
    file.content = content;
    file.stat.dev = 1;
    file.stat.ino = ++last_ino_;
    file.stat.mode = S_IFREG | 0640;
    file.stat.links = 1;
    files[name] = std::move(file);
    Write(name, content);
    return files[name];
  }
  // New content of the same file, now, without any event.
  void Write(const std::string& name, const std::string& content) {
    File& file = files.at(name);
    file.content = content;
    file.stat.size = content.size();
    Touch(name);
  }
  // Only its times change.
  void Touch(const std::string& name) {
    FileStat& stat = files.at(name).stat;
    stat.mtime_ns = stat.ctime_ns = clock_.Wall() * 1'000'000 + ++tick_;
  }
  // The hint comes on the loop's next turn; none where the folder is not watched.
  void Raise(const std::string& name, Nomination nomination) {
    if (!facts.watched) return;
    queue_.Post([this, name, nomination] {
      if (hint_) hint_({name, nomination});
    });
  }

  // More events come than the kernel keeps.
  void Overflow() {
    queue_.Post([this] { hint_({"", Nomination::kScanned, true}); });
  }

  HandlePtr Open(const std::string& known_room_id, const std::string& known_fs, std::function<void(Hint)> hint,
                 std::function<void(Result<DropFolderFacts>)> done) override {
    known_room_ids.push_back(known_room_id);
    known_file_systems.push_back(known_fs);
    return Call<Result<DropFolderFacts>>("open", "", std::move(done), [this, hint]() -> Result<DropFolderFacts> {
      hint_ = hint;
      return facts;
    });
  }

  HandlePtr List(std::function<void(Result<Listing>)> done) override {
    ++listings;
    ++listings_under_way_;
    most_listings_at_once = std::max(most_listings_at_once, listings_under_way_);
    return Call<Result<Listing>>("list", "", std::move(done), [this]() -> Result<Listing> {
      --listings_under_way_;
      Listing listing;
      listing.took = list_takes;
      listing.trouble = list_trouble;
      listing.watch_trouble = watch_trouble;
      for (const auto& [name, file] : files) {
        if (IsPassedOver(BaseName(name))) continue;
        if (KindOfName(name)) {
          listing.files.push_back({name, EntryKind::kArtifact, file.stat});
        } else if (SidecarOf(name)) {
          listing.files.push_back({name, EntryKind::kSidecar, file.stat});
        }
      }
      return listing;
    });
  }

  HandlePtr Inspect(InspectRequest request, std::function<void(Inspection)> done) override {
    inspected.push_back(request);
    looks_under_way.insert(request.name);
    most_looks_at_once = std::max(most_looks_at_once, looks_under_way.size());
    auto work = [this, request, done = std::move(done)] {
      looks_under_way.erase(request.name);
      done(LookInto(request));
    };
    if (!hold_looks) return queue_.PostCancellable(std::move(work));
    return Hold(std::move(work));
  }

  HandlePtr Claim(ClaimRequest request, std::function<void(Result<ClaimOutcome>)> done) override {
    claims.push_back(request);
    return Call<Result<ClaimOutcome>>("claim", request.name, std::move(done),
                                      [this, request] { return Take(request); });
  }

  HandlePtr HasClaimed(const std::string& job, const std::string& path, bool copy,
                       std::function<void(Result<bool>)> done) override {
    return Call<Result<bool>>("has_claimed", "", std::move(done), [this, job, path, copy]() -> Result<bool> {
      Files& where = copy ? spool[job] : claimed[job];
      return where.contains(std::string(BaseName(path)));
    });
  }

  // The content through a pipe.
  HandlePtr OpenClaimed(const std::string& job, const std::string& name, bool copy,
                        std::function<void(Result<Fd>)> done) override {
    return Call<Result<Fd>>("open_claimed", "", std::move(done), [this, job, name, copy]() -> Result<Fd> {
      Files& where = copy ? spool[job] : claimed[job];
      if (!where.contains(name)) return FailPosix("cannot open", name, ENOENT);
      return Fail(ErrorKind::kBug, "files in memory have no descriptor");
    });
  }

  HandlePtr PutAway(PutAwayRequest request, std::function<void(Status)> done) override {
    return Call<Status>("put_away", request.name, std::move(done), [this, request]() -> Status {
      Files& from = request.copy ? spool[request.job] : claimed[request.job];
      Files& to = request.destination == Destination::kFailed ? failed : processed;
      for (auto& [name, file] : from) {
        if (!request.copy && request.destination != Destination::kNowhere) to[name] = file;
      }
      from.clear();
      if (!request.copy && !request.reason_json.empty()) reasons[request.name] = request.reason_json;
      return {};
    });
  }

  HandlePtr TakeBack(TakeBackRequest request, std::function<void(Result<bool>)> done) override {
    return Call<Result<bool>>("take_back", request.name, std::move(done), [this, request]() -> Result<bool> {
      Files& to = request.copy ? spool[request.job] : claimed[request.job];
      if (to.contains(request.name)) return true;
      Files& from = request.copy ? files : failed;
      if (!from.contains(request.name)) return false;
      to[request.name] = from[request.name];
      if (!request.copy) from.erase(request.name);
      reasons.erase(request.name);
      return true;
    });
  }

  HandlePtr RemoveReceipts(std::vector<std::string> ids, const std::string& job,
                           std::function<void(Status)> done) override {
    return Call<Status>("remove_receipts", job, std::move(done), [this, ids]() -> Status {
      for (const std::string& id : ids) receipts.erase(id);
      return {};
    });
  }

  HandlePtr PutAwayOrphan(const std::string& sidecar, const std::string& reason_json,
                          std::function<void(Status)> done) override {
    return Call<Status>("put_away_orphan", sidecar, std::move(done), [this, sidecar, reason_json]() -> Status {
      auto file = files.extract(sidecar);
      if (file.empty()) return {};
      failed.insert(std::move(file));
      reasons[sidecar] = reason_json;
      return {};
    });
  }

  HandlePtr WriteReceipt(const std::string& id, const std::string& json, std::function<void(Status)> done) override {
    return Call<Status>("write_receipt", id, std::move(done), [this, id, json]() -> Status {
      receipts.emplace(id, json);
      return {};
    });
  }

  HandlePtr Prune(WallMs processed_before, WallMs receipts_before, std::function<void(Result<int>)> done) override {
    return Call<Result<int>>("prune", "", std::move(done), [=, this]() -> Result<int> {
      pruned.emplace_back(processed_before, receipts_before);
      return 0;
    });
  }

  HandlePtr RecordClaim(ClaimRecord record, std::function<void(Result<ClaimHolder>)> done) override {
    return Call<Result<ClaimHolder>>("record_claim", "", std::move(done), [this, record]() -> Result<ClaimHolder> {
      if (claimed.contains(record.job)) claim_records[record.job] = record;
      return HolderOf(record.job);
    });
  }

  HandlePtr WhoHas(const std::string& job, std::function<void(Result<ClaimHolder>)> done) override {
    return Call<Result<ClaimHolder>>("who_has", "", std::move(done),
                                     [this, job]() -> Result<ClaimHolder> { return HolderOf(job); });
  }

  HandlePtr SeeHosts(HostBeat own, std::vector<std::string> gone,
                     std::function<void(Result<HostsView>)> done) override {
    return Call<Result<HostsView>>("see_hosts", "", std::move(done), [this, own, gone]() -> Result<HostsView> {
      own_beats.push_back(own);
      for (const std::string& id : gone) other_beats.erase(id);
      HostsView view;
      for (const auto& [job, files] : claimed) view.claims.push_back(job);
      for (const auto& [id, beat] : other_beats) view.others.push_back(beat);
      return view;
    });
  }

  HandlePtr LookAtClaim(const std::string& job, std::function<void(Result<ClaimView>)> done) override {
    return Call<Result<ClaimView>>("look_at_claim", "", std::move(done), [this, job] { return ViewOf(job); });
  }

  HandlePtr TakeOver(TakeOverRequest request, std::function<void(Result<TakenOver>)> done) override {
    return Call<Result<TakenOver>>("take_over", request.from, std::move(done), [this, request]() -> Result<TakenOver> {
      auto view = ViewOf(request.from);
      if (!view) return Fail(view.error());
      if (view->record && view->record->delivering && !request.even_delivering) {
        return FailPosix("its host was delivering", view->file_name, EBUSY);
      }
      taken_over.insert(request.from);
      auto files = claimed.extract(request.from);
      files.key() = request.to;
      TakenOver taken;
      taken.claim = *view;
      if (view->whole) {
        const File& file = files.mapped().at(view->file_name);
        taken.inspection.outcome = file.inside;
        taken.inspection.stat = file.stat;
        taken.inspection.sha256 = Sha256Hex(file.content);
        for (const auto& [name, sidecar] : files.mapped()) {
          if (const auto kind = SidecarOf(name)) {
            taken.inspection.sidecars.push_back({name, *kind, sidecar.stat, sidecar.content});
          }
        }
        claimed.insert(std::move(files));
      } else {
        for (auto& [name, file] : files.mapped()) this->files[name] = file;
      }
      return taken;
    });
  }

  // The next calls of that kind ("open", "list", "claim", "prune", …) fail with these, one each, without effect.
  void FailNext(const std::string& call, Error error) { failures_[call].push_back(std::move(error)); }
  // All of them, until it is called with nullopt.
  void FailAlways(const std::string& call, std::optional<Error> error) { always_[call] = std::move(error); }
  // Looks that were held are answered now.
  void ReleaseLooks() {
    for (const auto& held : held_) {
      queue_.Post([held] {
        if (held->live) held->work();
      });
    }
    held_.clear();
  }
  bool hold_looks = false;

  DropFolderFacts facts;
  Files files;
  std::map<std::string, Files> claimed;  // by job
  std::map<std::string, Files> spool;
  std::map<std::string, ClaimRecord> claim_records;  // by job
  std::set<std::string> taken_over;                  // jobs
  std::vector<HostBeat> own_beats;                   // as they were written
  std::map<std::string, HostBeat> other_beats;       // by id
  Files processed;
  Files failed;
  std::map<std::string, std::string> reasons;
  std::map<std::string, std::string> receipts;
  std::chrono::milliseconds list_takes{1};
  std::string list_trouble;   // what the next listings say of folders inside
  std::string watch_trouble;  // the same
  // Run once, just before the next claim looks at the file: for what happens in between.
  std::function<void()> before_claim;

  int listings = 0;
  int most_listings_at_once = 0;
  std::size_t most_looks_at_once = 0;
  std::set<std::string> looks_under_way;
  std::vector<InspectRequest> inspected;
  std::vector<ClaimRequest> claims;
  std::vector<std::string> known_room_ids;
  std::vector<std::string> known_file_systems;
  std::vector<std::pair<WallMs, WallMs>> pruned;
  // Where set: every claim and every putting away that was done, in order, shared with other fakes.
  std::vector<std::string>* journal = nullptr;

 private:
  struct Held {
    std::function<void()> work;
    bool live = true;
  };
  class HeldHandle final : public Handle {
   public:
    explicit HeldHandle(std::shared_ptr<Held> held) : held_(std::move(held)) {}
    ~HeldHandle() override { held_->live = false; }

   private:
    std::shared_ptr<Held> held_;
  };
  HandlePtr Hold(std::function<void()> work) {
    auto held = std::make_shared<Held>();
    held->work = std::move(work);
    held_.push_back(held);
    return std::make_unique<HeldHandle>(std::move(held));
  }

  template <typename T>
  HandlePtr Call(const std::string& call, const std::string& detail, std::function<void(T)> done,
                 std::function<T()> work) {
    auto slot = std::make_shared<std::optional<T>>();
    return queue_.Submit(
        [this, slot, call, detail, work = std::move(work)] {
          if (auto error = TakeFailure(call)) {
            if (call == "list") --listings_under_way_;
            slot->emplace(Fail(*error));
            return;
          }
          slot->emplace(work());
          if (journal != nullptr && !detail.empty()) journal->push_back(call + " " + detail);
        },
        [slot, done = std::move(done)] { done(std::move(**slot)); });
  }
  std::optional<Error> TakeFailure(const std::string& call) {
    if (const auto always = always_.find(call); always != always_.end() && always->second) return always->second;
    std::deque<Error>& queued = failures_[call];
    if (queued.empty()) return std::nullopt;
    Error error = std::move(queued.front());
    queued.pop_front();
    return error;
  }

  Inspection LookInto(const InspectRequest& request) {
    using Outcome = Inspection::Outcome;
    Inspection out;
    const std::string path = JoinPath(request.subfolder, request.name);
    const auto found = files.find(path);
    if (found == files.end() || !(found->second.stat == request.expected)) {
      out.outcome = Outcome::kChanged;
      out.reason = "the file has changed";
      return out;
    }
    const File& file = found->second;
    out.stat = file.stat;
    out.writers_known = file.writers == Writers::kNone;
    if (file.writers == Writers::kSome) {
      out.outcome = Outcome::kBeingWritten;
      out.reason = "somebody still has the file open for writing";
      return out;
    }
    if (request.need_lease && !out.writers_known) {
      out.outcome = Outcome::kCannotTell;
      out.reason = "another owner";
      return out;
    }
    for (const auto& [name, sidecar] : files) {
      const auto kind = SidecarOf(name);
      if (!kind || name.substr(0, name.size() - Suffix(*kind).size()) != path) continue;
      Result<std::string> content = sidecar.content;
      if (sidecar.inside == Outcome::kUnreadable) content = FailPosix("cannot open", name, EACCES);
      out.sidecars.push_back({std::string(BaseName(name)), *kind, sidecar.stat, std::move(content)});
    }
    out.outcome = request.read ? file.inside : Outcome::kWhole;
    if (out.outcome != Outcome::kWhole) out.reason = "inside it is not as it should be";
    const bool hashed = request.read && !(request.early && file.inside == Outcome::kIncomplete);
    if (hashed && file.inside != Outcome::kUnreadable) out.sha256 = Sha256Hex(file.content);
    return out;
  }

  ClaimHolder HolderOf(const std::string& job) const {
    if (claimed.contains(job)) return ClaimHolder::kOurs;
    return taken_over.contains(job) ? ClaimHolder::kTakenOver : ClaimHolder::kGone;
  }

  Result<ClaimView> ViewOf(const std::string& job) {
    const auto found = claimed.find(job);
    if (found == claimed.end()) return FailPosix("there is no claim", job, ENOENT);
    ClaimView view;
    for (const auto& [name, file] : found->second) {
      if (const auto kind = SidecarOf(name)) {
        view.file_name = name.substr(0, name.size() - Suffix(*kind).size());
      } else {
        view.whole = true;
        view.file_name = name;
        break;
      }
    }
    if (const auto record = claim_records.find(job); record != claim_records.end()) view.record = record->second;
    return view;
  }

  Result<ClaimOutcome> Take(const ClaimRequest& request) {
    if (const auto before = std::exchange(before_claim, nullptr)) before();
    const auto found = files.find(JoinPath(request.subfolder, request.name));
    Files& to = request.copy ? spool[request.job] : claimed[request.job];
    if (found == files.end()) return to.contains(request.name) ? ClaimOutcome::kClaimed : ClaimOutcome::kGone;
    if (!(found->second.stat == request.expected)) return ClaimOutcome::kChanged;
    to[request.name] = found->second;
    if (request.copy) return ClaimOutcome::kClaimed;
    files.erase(found);
    Raise(request.name, Nomination::kScanned);  // MOVED_FROM
    for (const SidecarRef& sidecar : request.sidecars) {
      if (auto moved = files.extract(JoinPath(request.subfolder, sidecar.name)); !moved.empty()) {
        to[sidecar.name] = std::move(moved.mapped());
      }
    }
    return ClaimOutcome::kClaimed;
  }

  TaskQueue& queue_;
  const Clock& clock_;
  std::function<void(Hint)> hint_;
  std::uint64_t last_ino_ = 100;
  std::int64_t tick_ = 0;
  int listings_under_way_ = 0;
  std::map<std::string, std::deque<Error>> failures_;
  std::map<std::string, std::optional<Error>> always_;
  std::vector<std::shared_ptr<Held>> held_;
};

}  // namespace tegodrop::testing
