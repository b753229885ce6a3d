#include "daemon/upload/whole_check.h"

#include <algorithm>
#include <utility>

#include "daemon/base/digest.h"
#include "daemon/upload/block_reader.h"

namespace tegodrop {

struct WholeCheck::State {
  std::shared_ptr<const Fd> file;
  std::uint64_t size = 0;
  std::uint64_t chunk_size = 0;
  std::uint64_t at = 0;
  std::unique_ptr<char[]> buffer;
  Sha256 whole;
  Sha256 part;
  std::vector<std::string> parts;

  // On a worker.
  Status Read(FileSystem& fs) {
    for (const std::uint64_t end = std::min(size, at + kStep); at < end;) {
      const std::uint64_t part_end = std::min(size, (at / chunk_size + 1) * chunk_size);
      const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(BlockReader::kBlockSize, part_end - at));
      auto status = ReadFully(fs, file->get(), buffer.get(), take, at);
      if (!status) return status;
      whole.Update(buffer.get(), take);
      part.Update(buffer.get(), take);
      at += take;
      if (at != part_end) continue;
      parts.push_back(part.FinishHex());
      part = Sha256();
    }
    return {};
  }
};

WholeCheck::WholeCheck(std::shared_ptr<const Fd> file, std::uint64_t size, std::uint64_t chunk_size, FileSystem& fs,
                       TaskRunner& readers, std::function<void(Result<WholeDigests>)> done)
    : fs_(fs), readers_(readers), done_(std::move(done)), state_(std::make_shared<State>()) {
  state_->file = std::move(file);
  state_->size = size;
  state_->chunk_size = chunk_size;
  state_->buffer = std::make_unique_for_overwrite<char[]>(BlockReader::kBlockSize);
  Step();
}

WholeCheck::~WholeCheck() = default;

void WholeCheck::Step() {
  work_ = RunTask<Status>(
      readers_, [&fs = fs_, state = state_] { return state->Read(fs); },
      [this](Status read) {
        if (read && state_->at < state_->size) return Step();
        // The callback is moved out first: it may destroy this object.
        const auto done = std::move(done_);
        if (!read) return done(Fail(std::move(read.error())));
        done(WholeDigests{state_->whole.FinishHex(), std::move(state_->parts)});
      });
}

}  // namespace tegodrop
