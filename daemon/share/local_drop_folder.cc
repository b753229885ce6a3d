#include "daemon/share/local_drop_folder.h"

#include <utility>

#include "daemon/share/folder_watch.h"
#include "daemon/share/own_thread.h"

namespace tegodrop {
namespace {

class LocalDropFolder : public DropFolder {
 public:
  // `watching`: the loop that a watch runs on; none: there is no watch.
  LocalDropFolder(LocalDropFolderSettings settings, EventLoop* watching, TaskRunner& calls, TaskRunner& readers,
                  std::shared_ptr<FileSystem> fs, const Clock& clock, Random& random)
      : settings_(std::move(settings)),
        watching_(watching),
        calls_(calls),
        readers_(readers),
        fs_(std::move(fs)),
        ops_(WithFiles<FolderOps>::Make(fs_, settings_.ops, *fs_, clock, random)) {}

  HandlePtr Open(const std::string& known_room_id, const std::string& known_fs, std::function<void(Hint)> hint,
                 std::function<void(Result<DropFolderFacts>)> done) override {
    watch_.reset();
    return RunTask<Result<DropFolderFacts>>(
        calls_, [ops = ops_, known_room_id, known_fs] { return ops->Open(known_room_id, known_fs); },
        [this, hint = std::move(hint), done = std::move(done)](Result<DropFolderFacts> facts) {
          if (facts) Arm(*facts, hint);
          done(std::move(facts));
        });
  }

  void StopWatching() override { watch_.reset(); }

  HandlePtr List(std::function<void(Result<Listing>)> done) override {
    std::shared_ptr<WatchedFolders> watched;
    if (watch_ && settings_.ops.recursive) watched = watch_->folders();
    return OnThread<Result<Listing>>(
        [watched](FolderOps& ops) {
          if (!watched) return ops.List();
          watched->BeginListing();
          auto listing =
              ops.List([&](int folder, const std::string& subfolder) { return watched->Watch(folder, subfolder); });
          if (listing) watched->EndListing();
          return listing;
        },
        std::move(done));
  }

  HandlePtr Inspect(InspectRequest request, std::function<void(Inspection)> done) override {
    return RunTask<Inspection>(
        ops_->may_hang() ? calls_ : readers_,
        [ops = ops_, request = std::move(request)] { return ops->Inspect(request); }, std::move(done));
  }

  HandlePtr Claim(ClaimRequest request, std::function<void(Result<ClaimOutcome>)> done) override {
    return OnThread<Result<ClaimOutcome>>([request = std::move(request)](FolderOps& ops) { return ops.Claim(request); },
                                          std::move(done));
  }

  HandlePtr HasClaimed(const std::string& job, const std::string& path, bool copy,
                       std::function<void(Result<bool>)> done) override {
    return OnThread<Result<bool>>([=](FolderOps& ops) { return ops.HasClaimed(job, path, copy); }, std::move(done));
  }

  HandlePtr OpenClaimed(const std::string& job, const std::string& name, bool copy,
                        std::function<void(Result<Fd>)> done) override {
    return OnThread<Result<Fd>>([=](FolderOps& ops) { return ops.OpenClaimed(job, name, copy); }, std::move(done));
  }

  HandlePtr PutAway(PutAwayRequest request, std::function<void(Status)> done) override {
    return OnThread<Status>([request = std::move(request)](FolderOps& ops) { return ops.PutAway(request); },
                            std::move(done));
  }

  HandlePtr TakeBack(TakeBackRequest request, std::function<void(Result<bool>)> done) override {
    return OnThread<Result<bool>>([request = std::move(request)](FolderOps& ops) { return ops.TakeBack(request); },
                                  std::move(done));
  }

  HandlePtr RemoveReceipts(std::vector<std::string> ids, const std::string& job,
                           std::function<void(Status)> done) override {
    return OnThread<Status>([=](FolderOps& ops) { return ops.RemoveReceipts(ids, job); }, std::move(done));
  }

  HandlePtr PutAwayOrphan(const std::string& sidecar, const std::string& reason_json,
                          std::function<void(Status)> done) override {
    return OnThread<Status>([=](FolderOps& ops) { return ops.PutAwayOrphan(sidecar, reason_json); }, std::move(done));
  }

  HandlePtr WriteReceipt(const std::string& id, const std::string& json, std::function<void(Status)> done) override {
    return OnThread<Status>([=](FolderOps& ops) { return ops.WriteReceipt(id, json); }, std::move(done));
  }

  HandlePtr Prune(WallMs processed_before, WallMs receipts_before, std::function<void(Result<int>)> done) override {
    return OnThread<Result<int>>([=](FolderOps& ops) { return ops.Prune(processed_before, receipts_before); },
                                 std::move(done));
  }

  HandlePtr WhoHas(const std::string& job, std::function<void(Result<ClaimHolder>)> done) override {
    return OnThread<Result<ClaimHolder>>([=](FolderOps& ops) { return ops.WhoHas(job); }, std::move(done));
  }

  HandlePtr RecordClaim(ClaimRecord record, std::function<void(Result<ClaimHolder>)> done) override {
    return OnThread<Result<ClaimHolder>>(
        [record = std::move(record)](FolderOps& ops) { return ops.RecordClaim(record); }, std::move(done));
  }

  HandlePtr SeeHosts(HostBeat own, std::vector<std::string> gone,
                     std::function<void(Result<HostsView>)> done) override {
    return OnThread<Result<HostsView>>(
        [own = std::move(own), gone = std::move(gone)](FolderOps& ops) { return ops.SeeHosts(own, gone); },
        std::move(done));
  }

  HandlePtr LookAtClaim(const std::string& job, std::function<void(Result<ClaimView>)> done) override {
    return OnThread<Result<ClaimView>>([=](FolderOps& ops) { return ops.LookAtClaim(job); }, std::move(done));
  }

  HandlePtr TakeOver(TakeOverRequest request, std::function<void(Result<TakenOver>)> done) override {
    return OnThread<Result<TakenOver>>([request = std::move(request)](FolderOps& ops) { return ops.TakeOver(request); },
                                       std::move(done));
  }

 private:
  template <typename T>
  HandlePtr OnThread(std::function<T(FolderOps&)> work, std::function<void(T)> done) {
    return RunTask<T>(
        calls_, [ops = ops_, work = std::move(work)] { return work(*ops); }, std::move(done));
  }

  void Arm(DropFolderFacts& facts, const std::function<void(Hint)>& hint) {
    if (watching_ == nullptr || !settings_.events || !(facts.fs.local || settings_.events_everywhere)) return;
    const auto opened = ops_->opened();
    if (!opened) return;  // opened anew meanwhile: that one arms it
    if (fs_->MayHang(opened->fd.get())) return;
    auto watch = FolderWatch::Start(*watching_, opened->fd.get(), settings_.ops.path, hint);
    if (!watch) {
      facts.watch_trouble = watch.error().message;
      return;
    }
    watch_ = std::move(*watch);
    facts.watched = true;
  }

  const LocalDropFolderSettings settings_;
  EventLoop* watching_;
  TaskRunner& calls_;
  TaskRunner& readers_;
  std::shared_ptr<FileSystem> fs_;
  std::shared_ptr<FolderOps> ops_;  // shared with work that outlives its caller
  std::unique_ptr<FolderWatch> watch_;
};

class ThreadedDropFolder final : private OwnFiles, private OwnThread, public LocalDropFolder {
 public:
  ThreadedDropFolder(const LocalDropFolderSettings& settings, EventLoop& loop, TaskRunner& readers, FileSystem& here,
                     const Clock& clock, Random& random)
      : OwnFiles(settings.ops.path, here, clock),
        OwnThread(loop, "drop folder"),
        LocalDropFolder(settings, &loop, thread, readers, settings.events_everywhere ? Unowned(here) : fs, clock,
                        random) {}
  // The thread would wait for what hangs.
  ~ThreadedDropFolder() override { fs->Stop(); }
};

}  // namespace

std::unique_ptr<DropFolder> MakeLocalDropFolder(LocalDropFolderSettings settings, EventLoop& loop, TaskRunner& readers,
                                                FileSystem& fs, const Clock& clock, Random& random) {
  return std::make_unique<ThreadedDropFolder>(settings, loop, readers, fs, clock, random);
}

std::unique_ptr<DropFolder> MakeDropFolderOn(LocalDropFolderSettings settings, TaskRunner& calls, TaskRunner& readers,
                                             FileSystem& fs, const Clock& clock, Random& random) {
  return std::make_unique<LocalDropFolder>(std::move(settings), nullptr, calls, readers, Unowned(fs), clock, random);
}

}  // namespace tegodrop
