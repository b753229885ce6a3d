#include "daemon/upload/file_source.h"

#include <algorithm>
#include <utility>

namespace tegodrop {
namespace {

// The last look: what was read is what was admitted, and the file is untouched since it was opened.
Status Check(FileSystem& fs, const FileToSend& what, Sha256* digest) {
  // Without a digest each block was held against the fingerprint as it was read.
  const std::string sha256 = digest != nullptr ? digest->FinishHex() : what.sha256;
  if (sha256 != what.sha256) {
    return Fail(ErrorKind::kCorrupt, "the claimed file is not the one that was admitted: its SHA-256 is " + sha256 +
                                         " and should be " + what.sha256);
  }
  auto now = fs.Stat(what.file->get());
  if (!now) return Fail(now.error());
  // What was read is right, so nothing is sent that should not be; but whoever touches a claimed file is not done with
  // it. A mode or a link more is no change.
  if (!now->SameContentAs(what.opened)) {
    return Fail(ErrorKind::kRetry,
                "the claimed file was touched while it was uploaded: it is sent again from its start");
  }
  return {};
}

}  // namespace

FileSource::FileSource(FileToSend what, FileSystem& fs, TaskRunner& readers, std::function<void(Status)> at_gate,
                       RateLimit* rate)
    : what_(std::move(what)),
      fs_(fs),
      readers_(readers),
      at_gate_(std::move(at_gate)),
      blocks_(what_.file, {0, what_.opened.size}, kMostBlocks, fs, readers, rate, what_.fingerprint,
              [this](Status read) { OnBlock(std::move(read)); }) {
  blocks_.Start();
}

std::uint64_t FileSource::limit() const {
  const std::uint64_t size = what_.opened.size;
  return gate_open_ ? size : size - std::min<std::uint64_t>(size, kLastChunk);
}

FlowState FileSource::Read(char* to, std::size_t room, std::size_t* given) {
  *given = 0;
  if (error_) return FlowState::kFail;
  const std::uint64_t free = stopped_ ? 0 : limit() - given_;
  if (free > 0) *given = blocks_.Take(to, static_cast<std::size_t>(std::min<std::uint64_t>(room, free)));
  given_ += *given;
  if (*given > 0) return FlowState::kGo;
  waiting_ = true;
  asked_all_ = asked_all_ || free == 0;
  CheckAtGate();
  return FlowState::kWait;
}

Error FileSource::error() const {
  return error_.value_or(MakeError(ErrorKind::kBug, "the file's source has no error to report"));
}

void FileSource::OpenGate() {
  gate_open_ = true;
  Resume();
}

void FileSource::Stop() {
  stopped_ = true;
  at_gate_ = nullptr;
  resume_ = nullptr;
  blocks_.Stop();
  check_.reset();
}

void FileSource::OnBlock(Status read) {
  if (!read) return GiveUp(std::move(read.error()));
  CheckAtGate();
  if (given_ < limit()) Resume();
}

// Only when the transfer wants the last chunk, not as soon as it was read: the later the row says that the chunk
// leaves, the seldomer a death leaves an unknown outcome.
void FileSource::CheckAtGate() {
  if (stopped_ || checking_ || !asked_all_) return;
  // The last chunk, which waits for the gate.
  if (!blocks_.all_read()) return blocks_.ReadRest();
  checking_ = true;
  check_ = RunTask<Status>(
      readers_, [&fs = fs_, what = what_, digest = blocks_.digest()] { return Check(fs, what, digest.get()); },
      [this](Status checked) {
        check_.reset();
        if (!checked) return GiveUp(std::move(checked.error()));
        // Moved out first: it may destroy this object.
        const auto at_gate = std::exchange(at_gate_, nullptr);
        if (at_gate) at_gate({});
      });
}

void FileSource::GiveUp(Error error) {
  error_ = error;
  blocks_.Stop();
  const auto at_gate = std::exchange(at_gate_, nullptr);
  if (at_gate) at_gate(Fail(std::move(error)));
}

void FileSource::Resume() {
  if (!waiting_) return;
  waiting_ = false;
  const auto resume = resume_;
  if (resume) resume();
}

}  // namespace tegodrop
