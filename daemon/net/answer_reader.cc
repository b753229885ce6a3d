#include "daemon/net/answer_reader.h"

#include <charconv>
#include <string>
#include <utility>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

AnswerReader::AnswerReader(std::shared_ptr<BodySink> sink, std::size_t answer_limit, std::uint64_t sink_limit)
    : sink_(std::move(sink)), answer_limit_(answer_limit), sink_limit_(sink_limit) {}

void AnswerReader::Restart() {
  answer_ = {};
  length_.reset();
  final_ = headers_done_ = saw_continue_ = false;
}

bool AnswerReader::to_sink() const { return sink_ != nullptr && (answer_.status == 200 || answer_.status == 206); }

Status AnswerReader::Line(std::string_view line) {
  if (headers_done_) return {};  // a trailer behind a chunked body
  if (line.substr(0, 5) == "HTTP/") {
    StatusLine(line);
    return {};
  }
  const std::string_view text = Trim(line);
  if (text.empty()) return HeadersEnd();
  if (line.front() == ' ' || line.front() == '\t') {  // a folded line goes on with the header before it
    if (!answer_.headers.empty()) answer_.headers.back().second += " " + std::string(text);
    return {};
  }
  Header(text);
  return {};
}

void AnswerReader::StatusLine(std::string_view line) {
  // A new block: what an interim answer (1xx) said is not part of the final one.
  answer_.headers.clear();
  const std::size_t space = line.find(' ');
  const auto code = space == std::string_view::npos ? std::nullopt : ParseNumber<int>(line.substr(space + 1, 3));
  answer_.status = code.value_or(0);
  final_ = answer_.status >= 200;
}

void AnswerReader::Header(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  answer_.headers.emplace_back(ToLowerAscii(Trim(line.substr(0, colon))), std::string(Trim(line.substr(colon + 1))));
}

Status AnswerReader::HeadersEnd() {
  if (!final_) {
    saw_continue_ = saw_continue_ || answer_.status == 100;
    return {};
  }
  headers_done_ = true;
  if (answer_.status == 204 || answer_.status == 304) {
    length_ = 0;
  } else if (!answer_.Header("transfer-encoding")) {
    if (const auto length = answer_.Header("content-length")) length_ = ParseNumber<std::uint64_t>(*length);
  }
  // Before the sink is asked: it may lay out a file for what is promised.
  if (length_) {
    if (Status fits = CheckLimit(*length_); !fits) return fits;
  }
  if (to_sink()) return sink_->Begin(answer_.status, answer_.headers);
  return {};
}

Status AnswerReader::CheckLimit(std::uint64_t size) {
  const std::uint64_t limit = to_sink() ? sink_limit_ : answer_limit_;
  if (size <= limit) return {};
  over_limit_ = true;
  return Fail(ErrorKind::kCorrupt,
              "the answer is longer than the " + std::to_string(limit) + " bytes that it may have");
}

Result<FlowState> AnswerReader::Body(const char* data, std::size_t size) {
  if (Status fits = CheckLimit(received() + size); !fits) return Fail(std::move(fits.error()));
  if (!to_sink()) {
    answer_.body.append(data, size);
    return FlowState::kGo;
  }
  const FlowState state = sink_->Write(data, size);
  if (state == FlowState::kFail) return Fail(sink_->error());
  if (state == FlowState::kGo) answer_.sink_bytes += size;
  return state;
}

}  // namespace tegodrop
