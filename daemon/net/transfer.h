// HTTP as an argument: one request, one answer, bodies streamed with bounded memory. libcurl behind it in the program
// (curl_transfer.h), fakes in tests.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/base/secret.h"
#include "daemon/loop/handle.h"

namespace tegodrop {

// What a body's source or sink says when it is asked for or given bytes.
enum class FlowState : std::uint8_t {
  kGo,    // bytes were given or taken
  kWait,  // not now: the other side calls the `resume` function when it can go on
  kFail,  // give up; the reason is in the source's or sink's error()
};

// Where an upload's bytes come from. Called on the loop and never blocking; lives as long as its request.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // Copies at most `room` bytes to `to` and says how many in `*given` (more than 0 with kGo, until all `size` bytes are
  // given).
  virtual FlowState Read(char* to, std::size_t room, std::size_t* given) = 0;
  // Set once by the transfer: to be called from the loop after kWait, never inside Read.
  virtual void OnReady(std::function<void()> resume) = 0;
  // After kFail.
  virtual Error error() const = 0;
};

// Where a download's bytes go. Called on the loop and never blocking; lives as long as its request.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // Once, before the first Write: the answer's status and headers are known. Only called for 200 and 206, also where
  // the body is empty; an error ends the transfer with it.
  virtual Status Begin(int status, const std::vector<std::pair<std::string, std::string>>& headers) = 0;
  // Takes all of the bytes (kGo) or none (kWait: the same bytes are offered again after `resume`, perhaps with more
  // behind them).
  virtual FlowState Write(const char* data, std::size_t size) = 0;
  virtual void OnReady(std::function<void()> resume) = 0;
  virtual Error error() const = 0;
};

struct HttpHeader {
  std::string name;
  Secret value;  // a header may be a credential
};

struct HttpRequest {
  std::string method = "GET";  // GET, POST or PUT
  Secret url;                  // a signed URL is a credential
  std::vector<HttpHeader> headers;
  std::string body;                    // where there is no source
  std::shared_ptr<BodySource> source;  // PUT: exactly `source_size` bytes, sent with Content-Length, never chunked
  std::uint64_t source_size = 0;
  std::shared_ptr<BodySink> sink;  // bodies of 200 and 206 go here; others into HttpAnswer::body
  // A body that goes into HttpAnswer::body may have so many bytes, then the request fails as kCorrupt.
  std::size_t answer_limit = 1 << 20;
  // A body that goes into the sink may have so many bytes: counted here, because libcurl's own limit does not stop
  // chunked bodies.
  std::uint64_t sink_limit = 0;
  // A connection that was never used before. A used one may be closed by the other side at the moment when the request
  // leaves; then a GET, and what had not left whole, is sent once more by itself, and everything else fails with
  // `outcome_unknown` although it most likely was never read.
  bool fresh_connection = false;
  // The same was asked before and failed: a retry, of which a host bears only so many.
  bool again = false;
  // Ask with Expect: 100-continue before the body, so that an early refusal costs no byte. For a server that ignores it
  // the wait is 1 s, once per host.
  bool expect_continue = false;
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(20);
  // Fails when no byte moved for so long while sending or receiving a body. Time in which our own source or sink says
  // kWait does not count.
  std::chrono::milliseconds stall_timeout = std::chrono::seconds(30);
  // Between the last byte sent and the first of the answer.
  std::chrono::milliseconds answer_timeout = std::chrono::seconds(60);
  // Over all, for small requests; nullopt: none (bodies have the stall timeout).
  std::optional<std::chrono::milliseconds> total_timeout;
  // Called from the loop as bytes move, at most a few times a second: bytes of the request's and of the answer's body
  // so far.
  std::function<void(std::uint64_t sent, std::uint64_t received)> progress;
};

struct HttpAnswer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, in order of arrival
  std::string body;
  std::uint64_t sink_bytes = 0;

  // The first header of that (lower-case) name; nullopt where there is none.
  std::optional<std::string_view> Header(std::string_view name) const;
  // The `Retry-After` of the answer, seconds or an HTTP date (`now` in ms), as a delay of at most a day; nullopt where
  // there is none or it cannot be read.
  std::optional<std::chrono::milliseconds> RetryAfter(std::int64_t now_wall_ms) const;
  // The answering side's clock, wall milliseconds, by the `Date` of the answer; nullopt where there is none.
  std::optional<std::int64_t> Date() const;
};

class Transfer {
 public:
  virtual ~Transfer() = default;
  // `done` runs once, from the loop, never inside Start, with the answer of any status, or with an error where there is
  // no whole answer:
  // - kRetry: connection, TLS, time-out, an answer's body that was cut short, a success that came before the request's
  //   body was sent whole;
  // - kCorrupt: over a limit, or a sink's body cut short by a close before its length (a reset is kRetry);
  // - kRejected: this is no http or https URL;
  // - kRetry with `held_back`: not asked, because its host is left alone for a while;
  // - what the source or sink failed with.
  // `outcome_unknown` is true exactly where the whole request had been handed to the socket. To a request with a body a
  // status of 300 and more counts as the answer also where its own body was cut: a server that refuses in the middle
  // often closes at once. Errors name the URL without its query.
  virtual HandlePtr Start(HttpRequest request, std::function<void(Result<HttpAnswer>)> done) = 0;
};

}  // namespace tegodrop
