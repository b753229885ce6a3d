#include "daemon/net/origin.h"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <memory>
#include <string_view>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

// libcurl's own parser, so that both see the same host: it also reads "127.1" and "0x7f000001" as 127.0.0.1.
std::string Part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return "";
  std::string out(text);
  curl_free(text);
  return out;
}

bool IsLoopback(std::string host) {
  host = ToLowerAscii(host);
  if (!host.empty() && host.front() == '[') host = host.substr(1, host.find(']') - 1);
  if (!host.empty() && host.back() == '.') host.pop_back();
  if (host == "localhost" || EndsWithNoCase(host, ".localhost")) return true;
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

}  // namespace

Result<Origin> ParseOrigin(const Secret& url) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), curl_url_cleanup);
  const auto refuse = [&](const char* why) {
    return Fail(ErrorKind::kRejected, UrlWithoutQuery(url.Reveal()) + ": " + why);
  };
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.RevealCString(), 0) != CURLUE_OK) {
    return refuse("this is no URL that can be asked");
  }
  const std::string scheme = Part(parsed.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return refuse("only http and https can be asked");
  const std::string host = Part(parsed.get(), CURLUPART_HOST);
  Origin origin;
  origin.key = scheme + "://" + ToLowerAscii(host) + ":" + Part(parsed.get(), CURLUPART_PORT);
  origin.loopback = IsLoopback(host);
  return origin;
}

}  // namespace tegodrop
