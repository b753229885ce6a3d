// One request's life: an easy handle from its start to its answer, its error or its cancellation.
#pragma once

#include <curl/curl.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "daemon/net/answer_reader.h"
#include "daemon/net/curl_loop.h"
#include "daemon/net/curl_options.h"
#include "daemon/net/curl_transfer.h"
#include "daemon/net/deadlines.h"
#include "daemon/net/origin.h"
#include "daemon/net/trust.h"

namespace tegodrop {

// What the requests of one Transfer share.
struct NetContext {
  NetSettings settings;
  TrustStore trust;
  // Origins that let the wait for "100 Continue" run out, or refused it: they are not asked again.
  std::set<std::string> no_continue;
};

// Made shared; libcurl's callbacks and the resume functions come in while it lives. An easy handle serves one request:
// after some failures (65, a rewind that failed) libcurl's is not fit to be used again.
class CurlRequest final : public CurlClient, public std::enable_shared_from_this<CurlRequest> {
 public:
  using Done = std::function<void(Result<HttpAnswer>)>;

  CurlRequest(std::shared_ptr<CurlLoop> loop, std::shared_ptr<NetContext> context, HttpRequest request, Done done);
  ~CurlRequest() override;
  CurlRequest(const CurlRequest&) = delete;
  CurlRequest& operator=(const CurlRequest&) = delete;

  // Begins on the loop's next turn; a request that cannot be begun fails then.
  void Start();
  // `done` never runs any more. May come inside any of the request's callbacks.
  void Cancel();

  void Finished(CURLcode code) override;

 private:
  // libcurl's callbacks, as static functions (with this as their data) and as what they do.
  struct Callbacks;
  int BeforeRequest();
  std::size_t Read(char* to, std::size_t room);
  std::size_t HeaderLine(std::string_view line);
  std::size_t Body(const char* data, std::size_t size);
  int Progress(std::uint64_t sent);

  void Begin();
  Status Prepare();
  void ListenToBodies();
  bool ExpectRefused() const;
  void BeginWithoutExpect();
  bool MayRepeat() const;
  void Resume(bool source);
  void Unpause();
  void Rearm();
  void TimerFired();
  void TellProgress(bool last);

  // The end, one way or another.
  Result<HttpAnswer> Judge(CURLcode code);
  Error Describe(CURLcode code) const;
  Error Describe(ErrorKind kind, const std::string& what) const;
  bool RequestLeft() const;
  void End(Result<HttpAnswer> result);
  void Release();

  std::shared_ptr<CurlLoop> loop_;
  std::shared_ptr<NetContext> context_;
  HttpRequest request_;
  Done done_;
  const std::uint64_t body_size_;
  std::string origin_;
  CURL* easy_ = nullptr;
  HeaderList headers_;
  std::array<char, CURL_ERROR_SIZE> curl_text_{};
  AnswerReader answer_;
  Deadlines deadlines_;
  HandlePtr timer_;
  std::int64_t armed_at_ = 0;
  std::optional<Error> failure_;  // ours, from inside a callback: what libcurl then says does not matter
  bool failure_is_ours_ = false;  // and not the source's or the sink's

  bool ended_ = false;
  bool requested_ = false;     // a connection stood, and the request began to leave
  bool ask_continue_ = false;  // Expect was sent
  bool source_touched_ = false;
  bool source_waits_ = false;  // libcurl is paused in this direction
  bool sink_waits_ = false;
  bool body_left_ = false;    // all of the body was handed to the socket, in this try or one before
  std::uint64_t given_ = 0;   // bytes that the source gave
  std::uint64_t sent_ = 0;    // bytes of the body that the socket took
  std::int64_t told_at_ = 0;  // the last progress
  std::uint64_t told_ = 0;
};

}  // namespace tegodrop
