#include "daemon/portal/signed_url.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

#include "daemon/base/text.h"
#include "daemon/net/origin.h"

namespace tegodrop {
namespace {

// By the strict spellings alone: what resolvers may read in another way (127.1, 0x7f000001) is not believed.
bool IsLoopback(const std::string& host) {
  if (host == "localhost") return true;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    in6_addr parsed{};
    return inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &parsed) == 1 && IN6_IS_ADDR_LOOPBACK(&parsed);
  }
  in_addr parsed{};
  return inet_pton(AF_INET, host.c_str(), &parsed) == 1 && ntohl(parsed.s_addr) >> 24U == 127;
}

// Host without its port, in lower case; empty where there is none.
std::string HostOf(std::string_view authority) {
  std::size_t end = authority.rfind(':');
  const std::size_t bracket = authority.rfind(']');
  if (end != std::string_view::npos && bracket != std::string_view::npos && end < bracket) end = std::string_view::npos;
  return ToLowerAscii(authority.substr(0, end));
}

}  // namespace

Result<Secret> TakeSignedUrl(std::string url) {
  const auto refuse = [&](const char* why) {
    return Fail(ErrorKind::kRetry, "the portal gave a URL that " + std::string(why) + ": " +
                                       Printable(UrlWithoutQuery(url).substr(0, 300)));
  };
  const bool plain_text = std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7F && c != '\\'; });
  if (!plain_text) return refuse("has characters in it that no URL may have");
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string::npos) return refuse("is none");
  const std::string scheme = ToLowerAscii(std::string_view(url).substr(0, scheme_end));
  const std::size_t host_at = scheme_end + 3;
  const std::string_view authority =
      std::string_view(url).substr(host_at, std::min(url.find_first_of("/?#", host_at), url.size()) - host_at);
  if (authority.find('@') != std::string_view::npos) return refuse("has a user name in it");
  const std::string host = HostOf(authority);
  if (host.empty()) return refuse("names no host");
  if (scheme != "https" && !(scheme == "http" && IsLoopback(host))) return refuse("is not https");
  Secret taken(url);
  // What the transfer would refuse for good (a port that is none) is passing trouble of the portal.
  if (!ParseOrigin(taken)) return refuse("cannot be asked");
  return taken;
}

}  // namespace tegodrop
