#include "daemon/delivery/download_sink.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "daemon/base/text.h"
#include "daemon/base/units.h"
#include "daemon/delivery/content_range.h"

namespace tegodrop {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t kAppendAtLeast = 64 * 1024;
constexpr std::size_t kBufferAtMost = 160 * 1024;
// What comes at once at most, on top.
constexpr std::size_t kLargestPiece = 64 * 1024;

std::shared_ptr<std::string> NewBuffer() {
  auto buffer = std::make_shared<std::string>();
  buffer->reserve(kBufferAtMost + kLargestPiece);
  return buffer;
}

// The header of that (lower-case) name where there is exactly one.
std::optional<std::string_view> OneHeader(const Headers& headers, std::string_view name) {
  const auto named = [&](const auto& one) { return one.first == name; };
  const auto found = std::find_if(headers.begin(), headers.end(), named);
  if (found == headers.end() || std::count_if(headers.begin(), headers.end(), named) != 1) return std::nullopt;
  return Trim(found->second);
}

std::optional<std::uint64_t> ContentLength(const Headers& headers) {
  const std::string_view text = OneHeader(headers, "content-length").value_or("");
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return length;
}

Error TooLarge(std::uint64_t limit) {
  return MakeError(ErrorKind::kCorrupt, "the protected output is larger than " + HumanSize(limit) +
                                            ", which no build of this artifact can be");
}

}  // namespace

DownloadSink::DownloadSink(std::unique_ptr<StagedFile> file, const Clock& clock, Plan plan)
    : file_(std::move(file)), clock_(clock), plan_(std::move(plan)), buffer_(NewBuffer()) {
  first_ = received_ = appended_ = synced_ = plan_.kept.synced;
  if (plan_.kept.synced == 0) return;
  etag_ = plan_.kept.etag;
  total_ = plan_.kept.total;
}

Status DownloadSink::Begin(int status, const Headers& headers) {
  const bool rest_asked = plan_.kept.synced > 0;
  if (status == 206 && rest_asked) return BeginRest(headers);
  if (status != 200) {
    error_ = MakeError(ErrorKind::kRetry, "the store answered with a part of the output (HTTP " +
                                              std::to_string(status) + ") that was not asked for");
    error_->http_status = status;
    return Fail(*error_);
  }
  const std::string_view etag = OneHeader(headers, "etag").value_or("");
  etag_ = IsStrongEtag(etag) ? std::string(etag) : "";
  total_ = ContentLength(headers);
  first_ = received_ = appended_ = synced_ = 0;
  synced_at_ = clock_.Mono();
  held_ = rest_asked;
  if (total_ && *total_ > plan_.limit) {
    error_ = TooLarge(plan_.limit);
    return Fail(*error_);
  }
  if (total_) file_->Expect(*total_);
  if (held_) plan_.on_whole();
  return {};
}

// The rest of the very same bytes, exactly as it was asked for, or nothing of it is taken.
Status DownloadSink::BeginRest(const Headers& headers) {
  const KeptBytes& kept = plan_.kept;
  const auto range = ParseContentRange(OneHeader(headers, "content-range").value_or(""));
  if (!range || !range->first || !range->total) return Distrust("says not which part");
  if (*range->first != kept.synced || *range->last != kept.total - 1 || *range->total != kept.total) {
    return Distrust("is another part");
  }
  const auto length = ContentLength(headers);
  if (length && *length != kept.total - kept.synced) return Distrust("has another length");
  const bool names_etag =
      std::any_of(headers.begin(), headers.end(), [](const auto& one) { return one.first == "etag"; });
  if (names_etag && OneHeader(headers, "etag") != kept.etag) return Distrust("is of other bytes, by its ETag");
  synced_at_ = clock_.Mono();
  file_->Expect(kept.total);
  return {};
}

Status DownloadSink::Distrust(const std::string& why) {
  distrusted_ = true;
  error_ = MakeError(ErrorKind::kRetry, "the store's answer to a request for the rest of the output " + why +
                                            ": what had come is dropped, and all of it is downloaded again");
  error_->http_status = 206;
  return Fail(*error_);
}

FlowState DownloadSink::Write(const char* data, std::size_t size) {
  if (!error_ && size > plan_.limit - received_) error_ = TooLarge(plan_.limit);
  if (error_) return FlowState::kFail;
  if ((work_ || held_) && buffer_->size() >= kBufferAtMost) {
    waiting_ = true;
    return FlowState::kWait;
  }
  buffer_->append(data, size);
  received_ += size;
  if (!work_ && !held_ && buffer_->size() >= kAppendAtLeast) Append();
  return FlowState::kGo;
}

Error DownloadSink::error() const {
  return error_.value_or(MakeError(ErrorKind::kBug, "the download gave up without a reason"));
}

KeptBytes DownloadSink::Keepable(std::uint64_t synced) const {
  if (etag_.empty() || !total_ || synced == 0 || synced > *total_) return {};
  return {etag_, *total_, synced};
}

void DownloadSink::Restart() {
  plan_.kept = {};
  work_ = file_->Restart([this](const Status& status) {
    held_ = false;
    Appended(status);
  });
}

// What is to be done on the file now; nothing where something is under way, and then this is called at its end.
void DownloadSink::Next() {
  if (work_ || held_) return;
  const bool closing = finish_ || sync_;
  if (!closing && CheckpointDue()) {
    // Before what waits to be appended: on a fast line something always does.
    SyncFile();
  } else if (!error_ && (buffer_->size() >= kAppendAtLeast || (closing && !buffer_->empty()))) {
    Append();
  } else if (finish_) {
    return FinishFile();
  } else if (sync_) {
    SyncFile();
  }
  Wake();
}

void DownloadSink::Append() {
  const std::shared_ptr<std::string> bytes = std::exchange(buffer_, spare_ ? std::move(spare_) : NewBuffer());
  spare_.reset();
  work_ = file_->Append(bytes, [this, bytes](const Status& status) {
    if (status) appended_ += bytes->size();
    spare_ = std::exchange(digested_, bytes);
    if (spare_) spare_->clear();
    Appended(status);
  });
}

void DownloadSink::Appended(const Status& status) {
  work_.reset();
  if (!status) error_ = status.error();
  Next();
}

bool DownloadSink::CheckpointDue() const {
  if (error_ || Keepable(appended_).etag.empty()) return false;
  return appended_ - synced_ >= plan_.pace.bytes && clock_.Mono() - synced_at_ >= plan_.pace.every.count();
}

void DownloadSink::SyncFile() {
  work_ = file_->Sync([this](const Result<std::uint64_t>& synced) { Synced(synced); });
}

void DownloadSink::Synced(const Result<std::uint64_t>& synced) {
  work_.reset();
  if (!synced) error_ = synced.error();
  synced_at_ = clock_.Mono();
  if (synced) synced_ = *synced;
  // More may have been taken while the disk was busy, and the transfer may have broken off meanwhile.
  if (sync_ && (error_ || buffer_->empty())) {
    const auto done = std::exchange(sync_, nullptr);
    return done(error_ ? Result<std::uint64_t>(Fail(*error_)) : synced);
  }
  if (synced && !sync_ && !finish_ && plan_.on_synced) plan_.on_synced(*synced);
  Next();
}

void DownloadSink::Finish(std::function<void(Result<StagedFacts>)> done) {
  resume_ = nullptr;
  finish_ = std::move(done);
  if (work_ || held_) return;
  // An empty one too where something failed or nothing came: the file answers for both, never inside this call.
  Append();
}

void DownloadSink::Sync(std::function<void(Result<std::uint64_t>)> done) {
  resume_ = nullptr;
  sync_ = std::move(done);
  Next();
}

void DownloadSink::FinishFile() {
  const auto done = std::exchange(finish_, nullptr);
  if (error_) return done(Fail(*error_));
  work_ = file_->Finish(done);
}

void DownloadSink::Wake() {
  if (!std::exchange(waiting_, false)) return;
  // Copied: the transfer may let go of this object while it goes on.
  const auto resume = resume_;
  if (resume) resume();
}

void DownloadSink::Stop() {
  resume_ = nullptr;
  finish_ = nullptr;
  sync_ = nullptr;
  plan_.on_synced = nullptr;
  plan_.on_whole = nullptr;
  work_.reset();
  file_.reset();
}

}  // namespace tegodrop
