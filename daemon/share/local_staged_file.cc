#include "daemon/share/local_staged_file.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace tegodrop {
namespace {

// What of a staged file's bytes is being digested or waits for that; of the loop alone.
struct Digests {
  std::deque<HandlePtr> under_way;
  std::function<void()> one_ended;
};

// Writes some bytes beside the digesting, which is slower and goes its own way: the two keep step only so far that the
// bytes of one append and no more wait to be digested when the next may come.
class Appending final : public Handle {
 public:
  Appending(TaskRunner& workers, std::shared_ptr<Digests> digests, std::function<Status()> write,
            std::function<void(Status)> done)
      : digests_(std::move(digests)), done_(std::move(done)) {
    digests_->one_ended = [this] { EndWhereAllIsDone(); };
    write_ = RunTask<Status>(workers, std::move(write), [this](Status answer) {
      answer_ = std::move(answer);
      EndWhereAllIsDone();
    });
  }
  ~Appending() override {
    if (done_) digests_->one_ended = nullptr;
  }

 private:
  void EndWhereAllIsDone() {
    if (!answer_ || digests_->under_way.size() > 1) return;
    digests_->one_ended = nullptr;
    // Moved out first: it may destroy this object.
    const auto done = std::exchange(done_, nullptr);
    done(std::move(*answer_));
  }

  std::shared_ptr<Digests> digests_;
  std::function<void(Status)> done_;
  std::optional<Status> answer_;
  HandlePtr write_;
};

class LocalStagedFile final : public StagedFile {
 public:
  LocalStagedFile(TaskRunner& writers, std::shared_ptr<StagedWriter> writer)
      : writers_(writers), writer_(std::move(writer)) {}

  void Expect(std::uint64_t size) override { expected_ = size; }

  HandlePtr Append(std::shared_ptr<const std::string> bytes, std::function<void(Status)> done) override {
    const std::uint64_t reserve = std::exchange(expected_, 0);
    auto appending = std::make_unique<Appending>(
        writers_, digests_, [writer = writer_, reserve, bytes] { return writer->Append(reserve, *bytes); },
        std::move(done));
    digests_->under_way.push_back(writers_.SubmitInLine(
        writer_.get(), [writer = writer_, bytes] { writer->Digest(*bytes); },
        [digests = digests_.get()] {
          digests->under_way.pop_front();
          // Copied: it may destroy itself.
          if (const auto ended = digests->one_ended) ended();
        }));
    return appending;
  }

  HandlePtr Sync(std::function<void(Result<std::uint64_t>)> done) override {
    return RunTask<Result<std::uint64_t>>(
        writers_, [writer = writer_] { return writer->Sync(); }, std::move(done));
  }

  HandlePtr Restart(std::function<void(Status)> done) override {
    return RunTask<Status>(
        writers_, [writer = writer_] { return writer->Restart(); }, std::move(done), writer_.get());
  }

  HandlePtr Finish(std::function<void(Result<StagedFacts>)> done) override {
    return RunTask<Result<StagedFacts>>(
        writers_, [writer = writer_] { return writer->Finish(); }, std::move(done), writer_.get());
  }

 private:
  TaskRunner& writers_;
  std::shared_ptr<StagedWriter> writer_;
  std::shared_ptr<Digests> digests_ = std::make_shared<Digests>();
  std::uint64_t expected_ = 0;
};

}  // namespace

std::unique_ptr<StagedFile> MakeLocalStagedFile(TaskRunner& writers, std::shared_ptr<StagedWriter> writer) {
  return std::make_unique<LocalStagedFile>(writers, std::move(writer));
}

}  // namespace tegodrop
