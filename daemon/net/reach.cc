#include "daemon/net/reach.h"

#include <curl/curl.h>

#include <array>
#include <memory>

#include "daemon/base/text.h"
#include "daemon/net/curl_options.h"
#include "daemon/net/origin.h"
#include "daemon/net/trust.h"

namespace tegodrop {
namespace {

struct EasyCleanup {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

}  // namespace

Result<std::string> ReachServer(const Secret& url, const NetSettings& settings) {
  const Result<Origin> origin = ParseOrigin(url);
  if (!origin) return Fail(origin.error());
  const Result<TrustStore> trust = LoadTrust(settings.ca_file);
  if (!trust) return Fail(trust.error());
  HttpRequest request;
  request.url = Secret(origin->key + "/");
  HeaderList headers;
  std::array<char, CURL_ERROR_SIZE> text{};
  const std::unique_ptr<CURL, EasyCleanup> easy(curl_easy_init());
  if (!easy) return Fail(ErrorKind::kRetry, "out of memory");
  if (Status applied = ApplyRequest(easy.get(), request, settings, *origin, trust->get(), false, &headers); !applied) {
    return Fail(applied.error());
  }
  curl_easy_setopt(easy.get(), CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, text.data());
  const CURLcode code = curl_easy_perform(easy.get());
  if (code == CURLE_OK) return origin->key;
  const std::string words = text[0] != '\0' ? Printable(text.data()) : std::string(curl_easy_strerror(code));
  return Fail(ErrorKind::kRetry, words);
}

}  // namespace tegodrop
