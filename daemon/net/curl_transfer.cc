#include "daemon/net/curl_transfer.h"

#include <curl/curl.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>

#include "daemon/net/curl_loop.h"
#include "daemon/net/curl_request.h"
#include "daemon/net/trust.h"

namespace tegodrop {
namespace {

class CurlHandle final : public Handle {
 public:
  explicit CurlHandle(std::shared_ptr<CurlRequest> request) : request_(std::move(request)) {}
  ~CurlHandle() override { request_->Cancel(); }

 private:
  std::shared_ptr<CurlRequest> request_;
};

class CurlTransfer final : public Transfer {
 public:
  CurlTransfer(EventLoop& loop, std::shared_ptr<NetContext> context)
      : loop_(std::make_shared<CurlLoop>(loop)), context_(std::move(context)) {}
  // Not left to the last owner of loop_: that may be a turn of the loop which is under way.
  ~CurlTransfer() override { loop_->Close(); }

  HandlePtr Start(HttpRequest request, std::function<void(Result<HttpAnswer>)> done) override {
    // Limits run from now, and not from when this turn of the loop began.
    uv_update_time(loop_->loop().uv());
    auto started = std::make_shared<CurlRequest>(loop_, context_, std::move(request), std::move(done));
    started->Start();
    return std::make_unique<CurlHandle>(std::move(started));
  }

 private:
  std::shared_ptr<CurlLoop> loop_;
  std::shared_ptr<NetContext> context_;
};

CURLcode StartLibcurl() {
  // Read by curl_global_init: whoever can set it would read every token and signed URL.
  unsetenv("SSLKEYLOGFILE");
  struct sigaction before {};
  sigaction(SIGPIPE, nullptr, &before);
  if (before.sa_handler == SIG_DFL) std::signal(SIGPIPE, SIG_IGN);
  return curl_global_init(CURL_GLOBAL_DEFAULT);
}

// Our certificates go into an OpenSSL structure that libcurl hands out: with another TLS library it would be another.
bool SpeaksOpenSsl() {
  const char* library = curl_version_info(CURLVERSION_NOW)->ssl_version;
  return library != nullptr && std::strncmp(library, "OpenSSL/3", 9) == 0;
}

}  // namespace

Result<std::unique_ptr<Transfer>> MakeCurlTransfer(EventLoop& loop, NetSettings settings) {
  static std::once_flag once;
  static CURLcode started = CURLE_FAILED_INIT;
  std::call_once(once, [] { started = StartLibcurl(); });
  if (started != CURLE_OK || !SpeaksOpenSsl()) return Fail(ErrorKind::kBug, "libcurl with OpenSSL 3 is needed");
  Result<TrustStore> trust = LoadTrust(settings.ca_file);
  if (!trust) return Fail(std::move(trust.error()));
  auto context = std::make_shared<NetContext>();
  context->settings = std::move(settings);
  context->trust = std::move(*trust);
  return std::make_unique<CurlTransfer>(loop, std::move(context));
}

}  // namespace tegodrop
