// Takes an answer as libcurl gives it, line by line and piece by piece, into an HttpAnswer or a sink, within limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "daemon/base/result.h"
#include "daemon/net/transfer.h"

namespace tegodrop {

class AnswerReader {
 public:
  AnswerReader(std::shared_ptr<BodySink> sink, std::size_t answer_limit, std::uint64_t sink_limit);

  // Forgets what came: the request is sent once more.
  void Restart();

  // One header line with its line end, a status line or an empty line. Fails where the answer cannot be taken (over a
  // limit by its Content-Length, or refused by the sink).
  Status Line(std::string_view line);
  // A piece of the body: kGo, kWait as the sink says, or an error.
  Result<FlowState> Body(const char* data, std::size_t size);

  // The final answer's status line is here.
  bool began() const { return final_; }
  // The final answer's headers are here; its status and headers stand.
  bool headers_done() const { return headers_done_; }
  // An interim "100 Continue" came.
  bool saw_continue() const { return saw_continue_; }
  int status() const { return answer_.status; }
  // Bytes of the body so far, wherever they went.
  std::uint64_t received() const { return answer_.sink_bytes + answer_.body.size(); }
  // The body goes, or would go, into the sink.
  bool to_sink() const;
  // All of the body that the headers promise is here. False where they promise no length.
  bool whole() const { return headers_done_ && length_ && *length_ == received(); }

  // An error of Line or Body is not the sink's but this: the answer is longer than it may be.
  bool over_limit() const { return over_limit_; }

  HttpAnswer Take() { return std::move(answer_); }

 private:
  void StatusLine(std::string_view line);
  void Header(std::string_view line);
  Status HeadersEnd();
  Status CheckLimit(std::uint64_t size);

  std::shared_ptr<BodySink> sink_;
  std::size_t answer_limit_;
  std::uint64_t sink_limit_;
  HttpAnswer answer_;
  std::optional<std::uint64_t> length_;  // what the headers promise
  bool final_ = false;
  bool headers_done_ = false;
  bool saw_continue_ = false;
  bool over_limit_ = false;
};

}  // namespace tegodrop
