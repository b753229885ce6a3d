#include "daemon/upload/part_source.h"

#include <utility>

namespace tegodrop {

PartSource::PartSource(std::shared_ptr<const Fd> file, PartRange range, FileSystem& fs, TaskRunner& readers,
                       RateLimit* rate, std::shared_ptr<const Fingerprint> fingerprint)
    : range_(range),
      blocks_(std::move(file), range, kMostBlocks, fs, readers, rate, std::move(fingerprint),
              [this](Status read) { OnBlock(std::move(read)); }) {
  blocks_.Start();
}

FlowState PartSource::Read(char* to, std::size_t room, std::size_t* given) {
  *given = 0;
  if (error_) return FlowState::kFail;
  *given = blocks_.Take(to, room);
  given_ += *given;
  waiting_ = *given == 0;
  return waiting_ ? FlowState::kWait : FlowState::kGo;
}

Error PartSource::error() const {
  return error_.value_or(MakeError(ErrorKind::kBug, "the part's source has no error to report"));
}

void PartSource::Stop() {
  resume_ = nullptr;
  blocks_.Stop();
}

void PartSource::OnBlock(Status read) {
  if (!read) error_ = std::move(read.error());
  if (!waiting_) return;
  waiting_ = false;
  const auto resume = resume_;
  if (resume) resume();
}

}  // namespace tegodrop
