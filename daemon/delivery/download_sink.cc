#include "daemon/delivery/download_sink.h"

#include <algorithm>
#include <charconv>

#include "daemon/base/text.h"
#include "daemon/base/units.h"

namespace tegodrop {
namespace {

constexpr std::size_t kAppendAtLeast = 64 * 1024;
constexpr std::size_t kBufferAtMost = 512 * 1024;

std::optional<std::uint64_t> ContentLength(const std::vector<std::pair<std::string, std::string>>& headers) {
  const auto found =
      std::find_if(headers.begin(), headers.end(), [](const auto& one) { return one.first == "content-length"; });
  if (found == headers.end()) return std::nullopt;
  const std::string_view text = Trim(found->second);
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return length;
}

Error TooLarge(std::uint64_t limit) {
  return MakeError(ErrorKind::kCorrupt, "the protected output is larger than " + HumanSize(limit) +
                                            ", which no build of this artifact can be");
}

}  // namespace

Status DownloadSink::Begin(int status, const std::vector<std::pair<std::string, std::string>>& headers) {
  if (status != 200) {
    error_ = MakeError(ErrorKind::kRetry, "the store answered with a part of the output (HTTP " +
                                              std::to_string(status) + ") that was not asked for");
    error_->http_status = status;
    return Fail(*error_);
  }
  total_ = ContentLength(headers);
  if (!total_) return {};
  if (*total_ > limit_) {
    error_ = TooLarge(limit_);
    return Fail(*error_);
  }
  file_->Expect(*total_);
  return {};
}

FlowState DownloadSink::Write(const char* data, std::size_t size) {
  if (!error_ && size > limit_ - received_) error_ = TooLarge(limit_);
  if (error_) return FlowState::kFail;
  if (append_ && buffer_.size() >= kBufferAtMost) {
    waiting_ = true;
    return FlowState::kWait;
  }
  buffer_.append(data, size);
  received_ += size;
  if (!append_ && buffer_.size() >= kAppendAtLeast) Append();
  return FlowState::kGo;
}

Error DownloadSink::error() const {
  return error_.value_or(MakeError(ErrorKind::kBug, "the download gave up without a reason"));
}

void DownloadSink::Append() {
  append_ = file_->Append(std::exchange(buffer_, {}), [this](const Status& status) { Appended(status); });
}

void DownloadSink::Appended(const Status& status) {
  append_.reset();
  if (!status) error_ = status.error();
  if (!error_ && (buffer_.size() >= kAppendAtLeast || (finished_ && !buffer_.empty()))) Append();
  if (finished_) {
    if (!append_) FinishFile();
    return;
  }
  if (!std::exchange(waiting_, false)) return;
  // Copied: the transfer may let go of this object while it goes on.
  const auto resume = resume_;
  if (resume) resume();
}

void DownloadSink::Finish(std::function<void(Result<StagedFacts>)> done) {
  resume_ = nullptr;
  finished_ = std::move(done);
  if (append_) return;
  // An empty one too where something failed or nothing came: the file answers for both, never inside this call.
  Append();
}

void DownloadSink::FinishFile() {
  const auto done = std::exchange(finished_, nullptr);
  if (error_) return done(Fail(*error_));
  append_ = file_->Finish(done);
}

void DownloadSink::Stop() {
  resume_ = nullptr;
  finished_ = nullptr;
  append_.reset();
  file_.reset();
}

}  // namespace tegodrop
