#include "daemon/share/local_output_folder.h"

#include <cstdint>
#include <map>
#include <utility>

#include "daemon/share/local_staged_file.h"
#include "daemon/share/output_ops.h"
#include "daemon/share/own_thread.h"
#include "daemon/share/staged_writer.h"

namespace tegodrop {
namespace {

class LocalOutputFolder : public OutputFolder {
 public:
  LocalOutputFolder(std::string path, std::string rooms, OutputMemory memory, TaskRunner& calls, TaskRunner& writers,
                    std::shared_ptr<FileSystem> fs)
      : calls_(calls),
        writers_(writers),
        fs_(std::move(fs)),
        memory_(std::move(memory)),
        ops_(WithFiles<OutputOps>::Make(fs_, std::move(path), std::move(rooms), *fs_)) {
    ops_->Know(memory_.fs_type);
  }

  bool Accept() override {
    const bool another = ops_->is_another();
    if (another) {
      memory_.fs_type.clear();
      ops_->Know("");
    }
    return another;
  }

  HandlePtr Stage(const std::string& staging_name, std::uint64_t size,
                  std::function<void(Result<std::unique_ptr<StagedFile>>)> done) override {
    return OnThread<Result<Fd>>([=](OutputOps& ops) { return ops.Stage(staging_name, size); },
                                [this, staging_name, done = std::move(done)](Result<Fd> file) {
                                  if (!file) return done(Fail(file.error()));
                                  auto writer = std::make_shared<StagedWriter>(ops_, *fs_, std::move(*file));
                                  Remember(staging_name, writer);
                                  done(MakeLocalStagedFile(Writers(), std::move(writer)));
                                });
  }

  HandlePtr Resume(const std::string& staging_name, std::uint64_t offset, std::uint64_t size,
                   std::function<void(Result<std::unique_ptr<StagedFile>>)> done) override {
    std::vector<std::shared_ptr<StagedWriter>> before;
    for (auto [one, end] = writers_of_.equal_range(staging_name); one != end; ++one) {
      if (auto live = one->second.lock()) before.push_back(std::move(live));
    }
    // Remembered before it begins: it may be given up in the middle, and is then one of those to be waited for.
    auto writer = std::make_shared<StagedWriter>(ops_, *fs_, std::move(before));
    Remember(staging_name, writer);
    return RunTask<Result<bool>>(
        Writers(), [=] { return writer->Open(staging_name, offset, size); },
        [this, writer, done = std::move(done)](const Result<bool>& there) {
          if (!there) return done(Fail(there.error()));
          if (!*there) return done(nullptr);
          done(MakeLocalStagedFile(Writers(), writer));
        });
  }

  HandlePtr CheckStaged(const std::string& staging_name, ArtifactKind kind, std::shared_ptr<const BlockCrcs> crcs,
                        std::function<void(Result<ProtectedFacts>)> done) override {
    return RunTask<Result<ProtectedFacts>>(
        Writers(), [ops = ops_, staging_name, kind, crcs] { return ops->CheckStaged(staging_name, kind, crcs.get()); },
        std::move(done));
  }

  HandlePtr ChooseName(const std::string& wanted, const std::string& job,
                       std::function<void(Result<std::string>)> done) override {
    return OnThread<Result<std::string>>([=](OutputOps& ops) { return ops.ChooseName(wanted, job); }, std::move(done));
  }

  HandlePtr Publish(PublishRequest request, std::function<void(Result<PublishOutcome>)> done) override {
    return OnThread<Result<PublishOutcome>>(
        [request = std::move(request)](OutputOps& ops) { return ops.Publish(request); }, std::move(done));
  }

  HandlePtr Quarantine(const std::string& staging_name, const std::string& name,
                       std::function<void(Status)> done) override {
    return OnThread<Status>([=](OutputOps& ops) { return ops.Quarantine(staging_name, name); }, std::move(done));
  }

  HandlePtr Discard(const std::string& staging_name, std::function<void(Status)> done) override {
    return OnThread<Status>([=](OutputOps& ops) { return ops.Discard(staging_name); }, std::move(done));
  }

  HandlePtr ListStaged(std::function<void(Result<std::vector<StagedEntry>>)> done) override {
    return OnThread<Result<std::vector<StagedEntry>>>([](OutputOps& ops) { return ops.ListStaged(); }, std::move(done));
  }

  HandlePtr WriteRecord(const std::string& name, const std::string& json, mode_t mode,
                        std::function<void(Status)> done) override {
    return OnThread<Status>([=](OutputOps& ops) { return ops.WriteRecord(name, json, mode); }, std::move(done));
  }

  HandlePtr WriteReceipt(const std::string& id, const std::string& json, std::function<void(Status)> done) override {
    return OnThread<Status>([=](OutputOps& ops) { return ops.WriteReceipt(id, json); }, std::move(done));
  }

  HandlePtr PruneReceipts(std::chrono::milliseconds age, WallMs now, std::function<void(Result<int>)> done) override {
    return OnThread<Result<int>>([=](OutputOps& ops) { return ops.PruneReceipts(age, now); }, std::move(done));
  }

  HandlePtr RemoveRecord(const std::string& name, std::function<void(Status)> done) override {
    return OnThread<Status>([=](OutputOps& ops) { return ops.RemoveRecord(name); }, std::move(done));
  }

  HandlePtr RemoveReceipts(std::vector<std::string> ids, const std::string& job,
                           std::function<void(Status)> done) override {
    return OnThread<Status>([=](OutputOps& ops) { return ops.RemoveReceipts(ids, job); }, std::move(done));
  }

 private:
  template <typename T>
  HandlePtr OnThread(std::function<T(OutputOps&)> work, std::function<void(T)> done) {
    return RunTask<T>(
        calls_, [ops = ops_, work = std::move(work)] { return work(*ops); },
        [this, done = std::move(done)](T answer) {
          Learn();
          done(std::move(answer));
        });
  }

  void Learn() {
    std::string known = ops_->known();
    if (known.empty() || known == memory_.fs_type) return;
    memory_.fs_type = std::move(known);
    if (memory_.learned) memory_.learned(memory_.fs_type);
  }

  // A share's bytes must not hold up those of other folders.
  TaskRunner& Writers() { return ops_->may_hang() ? calls_ : writers_; }

  void Remember(const std::string& staging_name, const std::shared_ptr<StagedWriter>& writer) {
    std::erase_if(writers_of_, [](const auto& one) { return one.second.expired(); });
    writers_of_.emplace(staging_name, writer);
  }

  TaskRunner& calls_;
  TaskRunner& writers_;
  std::shared_ptr<FileSystem> fs_;
  OutputMemory memory_;
  // Those that may still have work under way, by staging name; of the loop alone.
  std::multimap<std::string, std::weak_ptr<StagedWriter>> writers_of_;
  std::shared_ptr<OutputOps> ops_;  // shared with work that outlives its caller
};

class ThreadedOutputFolder final : private OwnFiles, private OwnThread, public LocalOutputFolder {
 public:
  ThreadedOutputFolder(const std::string& path, std::string rooms, OutputMemory memory, EventLoop& loop,
                       TaskRunner& writers, FileSystem& here, const Clock& clock)
      : OwnFiles(path, here, clock),
        OwnThread(loop, "output folder"),
        LocalOutputFolder(path, std::move(rooms), std::move(memory), thread, writers, fs) {}
  // The thread would wait for what hangs.
  ~ThreadedOutputFolder() override { fs->Stop(); }
};

}  // namespace

std::unique_ptr<OutputFolder> MakeLocalOutputFolder(const std::string& path, std::string rooms, OutputMemory memory,
                                                    EventLoop& loop, TaskRunner& writers, FileSystem& fs,
                                                    const Clock& clock) {
  return std::make_unique<ThreadedOutputFolder>(path, std::move(rooms), std::move(memory), loop, writers, fs, clock);
}

std::unique_ptr<OutputFolder> MakeOutputFolderOn(std::string path, std::string rooms, OutputMemory memory,
                                                 TaskRunner& calls, TaskRunner& writers, FileSystem& fs) {
  return std::make_unique<LocalOutputFolder>(std::move(path), std::move(rooms), std::move(memory), calls, writers,
                                             Unowned(fs));
}

}  // namespace tegodrop
