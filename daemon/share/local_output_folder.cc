#include "daemon/share/local_output_folder.h"

#include <utility>

#include "daemon/base/digest.h"
#include "daemon/loop/worker_pool.h"
#include "daemon/share/output_ops.h"

namespace tegodrop {
namespace {

// A staged file's bytes on their way to the disk. Shared with the work that is under way, which may outlive whoever
// asked for it; only one piece of work touches it at a time.
class StagedWriter {
 public:
  StagedWriter(std::shared_ptr<OutputOps> ops, FileSystem& fs, Fd file)
      : ops_(std::move(ops)), fs_(fs), file_(std::move(file)) {}

  Status Append(std::uint64_t reserve, const std::string& bytes) {
    if (failed_) return Fail(*failed_);
    if (reserve > written_) {
      if (auto reserved = fs_.Reserve(file_.get(), reserve); !reserved) return Failed(reserved.error());
    }
    if (auto written = fs_.WriteAt(file_.get(), bytes.data(), bytes.size(), written_); !written) {
      return Failed(written.error());
    }
    digest_.Update(bytes.data(), bytes.size());
    written_ += bytes.size();
    return {};
  }

  Result<StagedFacts> Finish() {
    if (failed_) return Fail(*failed_);
    // Never a second fsync after one that failed: it may succeed without the data being there.
    if (auto synced = fs_.Sync(file_.get()); !synced) return Failed(synced.error());
    if (auto closed = fs_.Close(std::move(file_)); !closed) return Failed(closed.error());
    if (auto synced = ops_->SyncStaging(); !synced) return Failed(synced.error());
    return StagedFacts{written_, digest_.FinishHex()};
  }

 private:
  Unexpected Failed(Error error) {
    failed_ = error;
    return Fail(std::move(error));
  }

  std::shared_ptr<OutputOps> ops_;
  FileSystem& fs_;
  Fd file_;
  std::uint64_t written_ = 0;
  Sha256 digest_;
  std::optional<Error> failed_;
};

class LocalStagedFile final : public StagedFile {
 public:
  LocalStagedFile(TaskRunner& writers, std::shared_ptr<StagedWriter> writer)
      : writers_(writers), writer_(std::move(writer)) {}

  void Expect(std::uint64_t size) override { expected_ = size; }

  HandlePtr Append(std::string bytes, std::function<void(Status)> done) override {
    const std::uint64_t reserve = std::exchange(expected_, 0);
    return RunTask<Status>(
        writers_, [writer = writer_, reserve, bytes = std::move(bytes)] { return writer->Append(reserve, bytes); },
        std::move(done));
  }

  HandlePtr Finish(std::function<void(Result<StagedFacts>)> done) override {
    return RunTask<Result<StagedFacts>>(
        writers_, [writer = writer_] { return writer->Finish(); }, std::move(done));
  }

 private:
  TaskRunner& writers_;
  std::shared_ptr<StagedWriter> writer_;
  std::uint64_t expected_ = 0;
};

class LocalOutputFolder : public OutputFolder {
 public:
  LocalOutputFolder(std::string path, std::string rooms, TaskRunner& calls, TaskRunner& writers, FileSystem& fs)
      : calls_(calls),
        writers_(writers),
        fs_(fs),
        ops_(std::make_shared<OutputOps>(std::move(path), std::move(rooms), fs)) {}

  HandlePtr Stage(const std::string& staging_name, std::uint64_t size,
                  std::function<void(Result<std::unique_ptr<StagedFile>>)> done) override {
    return OnThread<Result<Fd>>([=](OutputOps& ops) { return ops.Stage(staging_name, size); },
                                [this, done = std::move(done)](Result<Fd> file) {
                                  if (!file) return done(Fail(file.error()));
                                  auto writer = std::make_shared<StagedWriter>(ops_, fs_, std::move(*file));
                                  done(std::make_unique<LocalStagedFile>(writers_, std::move(writer)));
                                });
  }

  HandlePtr CheckStaged(const std::string& staging_name, ArtifactKind kind,
                        std::function<void(Result<std::vector<Check>>)> done) override {
    return RunTask<Result<std::vector<Check>>>(
        writers_, [ops = ops_, staging_name, kind] { return ops->CheckStaged(staging_name, kind); }, std::move(done));
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

  HandlePtr WriteRecord(const std::string& name, const std::string& json, mode_t mode,
                        std::function<void(Status)> done) override {
    return OnThread<Status>([=](OutputOps& ops) { return ops.WriteRecord(name, json, mode); }, std::move(done));
  }

  HandlePtr WriteReceipt(const std::string& id, const std::string& json, std::function<void(Status)> done) override {
    return OnThread<Status>([=](OutputOps& ops) { return ops.WriteReceipt(id, json); }, std::move(done));
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
        calls_, [ops = ops_, work = std::move(work)] { return work(*ops); }, std::move(done));
  }

  TaskRunner& calls_;
  TaskRunner& writers_;
  FileSystem& fs_;
  std::shared_ptr<OutputOps> ops_;  // shared with work that outlives its caller
};

// The thread is a base, so that it is there before the folder that uses it and goes after it.
struct OwnThread {
  explicit OwnThread(EventLoop& loop) : thread(loop, 1, "output folder") {}
  WorkerPool thread;
};

class ThreadedOutputFolder final : private OwnThread, public LocalOutputFolder {
 public:
  ThreadedOutputFolder(std::string path, std::string rooms, EventLoop& loop, TaskRunner& writers, FileSystem& fs)
      : OwnThread(loop), LocalOutputFolder(std::move(path), std::move(rooms), thread, writers, fs) {}
};

}  // namespace

std::unique_ptr<OutputFolder> MakeLocalOutputFolder(std::string path, std::string rooms, EventLoop& loop,
                                                    TaskRunner& writers, FileSystem& fs) {
  return std::make_unique<ThreadedOutputFolder>(std::move(path), std::move(rooms), loop, writers, fs);
}

std::unique_ptr<OutputFolder> MakeOutputFolderOn(std::string path, std::string rooms, TaskRunner& calls,
                                                 TaskRunner& writers, FileSystem& fs) {
  return std::make_unique<LocalOutputFolder>(std::move(path), std::move(rooms), calls, writers, fs);
}

}  // namespace tegodrop
