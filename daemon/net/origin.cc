#include "daemon/net/origin.h"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <memory>
#include <optional>
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

// Scheme, name and port, with the name as libcurl would ask for it; nothing where it would not.
struct Server {
  std::string scheme;
  std::string host;
  std::string key;
};

std::optional<Server> ReadServer(const char* url) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), curl_url_cleanup);
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url, 0) != CURLUE_OK) return std::nullopt;
  Server server;
  server.scheme = Part(parsed.get(), CURLUPART_SCHEME);
  server.host = ToLowerAscii(Part(parsed.get(), CURLUPART_HOST));
  server.key = server.scheme + "://" + server.host + ":" + Part(parsed.get(), CURLUPART_PORT);
  return server;
}

}  // namespace

Result<Origin> ParseOrigin(const Secret& url) {
  const auto refuse = [&](const char* why) {
    return Fail(ErrorKind::kRejected, UrlWithoutQuery(url.Reveal()) + ": " + why);
  };
  constexpr const char* kNoUrl = "this is no URL that can be asked";
  // libcurl would read no further.
  if (url.Reveal().find('\0') != std::string_view::npos) return refuse(kNoUrl);
  const auto server = ReadServer(url.RevealCString());
  if (!server) return refuse(kNoUrl);
  if (server->scheme != "http" && server->scheme != "https") return refuse("only http and https can be asked");
  // A name that is another one when it is read again ("127%2e1" is 127.1, and that is 127.0.0.1) hides who is asked.
  const auto again = ReadServer(server->key.c_str());
  if (!again || again->key != server->key) return refuse(kNoUrl);
  Origin origin;
  origin.key = server->key;
  origin.loopback = IsLoopback(server->host);
  return origin;
}

}  // namespace tegodrop
