#include "config/checks.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "config/value.h"
#include "daemon/base/text.h"
#include "daemon/base/time_zone.h"
#include "daemon/model/check.h"
#include "daemon/model/commit_pattern.h"
#include "daemon/model/upload_window.h"

namespace tegodrop {
namespace {

bool IsAlnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

struct Address {
  std::string scheme;  // lower case
  std::string host;    // as written; an IPv6 address without its brackets
  bool ipv6 = false;
  std::string port;  // empty where none is named
  std::string path;  // from the slash on
};

bool IsHostName(std::string_view host) {
  const auto fits = [](char c) { return IsAlnum(c) || c == '-' || c == '.' || c == '_'; };
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), fits) && host.front() != '.' &&
         host.front() != '-' && host.find("..") == std::string_view::npos;
}

bool IsPort(std::string_view port) {
  int number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return error == std::errc() && end == port.data() + port.size() && number >= 1 && number <= 65535;
}

// Splits scheme://host[:port][/path] into `address`; returns what is wrong. `query`: one may follow, and is left in the
// path.
std::string Split(std::string_view url, Address& address, bool query = false) {
  const auto plain = [](char c) { return c > 0x20 && c < 0x7F; };
  if (!std::all_of(url.begin(), url.end(), plain)) return "holds spaces or characters outside ASCII";
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return "has no scheme";
  address.scheme = ToLowerAscii(url.substr(0, scheme_end));
  std::string_view rest = url.substr(scheme_end + 3);
  const std::size_t slash = rest.find_first_of("/?#\\");
  std::string_view authority = rest.substr(0, slash);
  address.path = slash == std::string_view::npos ? "" : std::string(rest.substr(slash));
  if (authority.find('@') != std::string_view::npos) return "holds a user or password";
  if (address.path.find_first_of(query ? "#" : "?#") != std::string::npos) return "has a query or a fragment";
  std::string_view port;
  bool has_port = false;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return "has an IPv6 address without its ']'";
    address.host = std::string(authority.substr(1, close - 1));
    address.ipv6 = true;
    in6_addr parsed{};
    if (inet_pton(AF_INET6, address.host.c_str(), &parsed) != 1) return "has an IPv6 address that is none";
    authority.remove_prefix(close + 1);
    if (!authority.empty() && authority.front() != ':') return "has text between the address and the port";
    has_port = !authority.empty();
    port = authority.substr(has_port ? 1 : 0);
  } else {
    const std::size_t colon = authority.find(':');
    has_port = colon != std::string_view::npos;
    address.host = std::string(authority.substr(0, colon));
    port = has_port ? authority.substr(colon + 1) : std::string_view();
    if (!IsHostName(address.host)) return "has no valid host name";
  }
  if (has_port && !IsPort(port)) return "has a port that is not a number from 1 to 65535";
  address.port = std::string(port);
  return "";
}

bool IsLoopback(const Address& address) {
  if (address.ipv6) {
    in6_addr parsed{};
    return inet_pton(AF_INET6, address.host.c_str(), &parsed) == 1 && IN6_IS_ADDR_LOOPBACK(&parsed);
  }
  in_addr parsed{};
  if (inet_pton(AF_INET, address.host.c_str(), &parsed) == 1) return (ntohl(parsed.s_addr) >> 24U) == 127U;
  return ToLowerAscii(address.host) == "localhost";
}

std::string Join(const Address& address) {
  const std::string host = address.ipv6 ? "[" + address.host + "]" : address.host;
  return address.scheme + "://" + host + (address.port.empty() ? "" : ":" + address.port) + address.path;
}

}  // namespace

std::string CheckPortalUrl(std::string& url) {
  constexpr std::string_view kAllowed =
      "; allowed is https://HOST[:PORT][/PATH] without user, password, query or fragment, and plain http only to a "
      "loopback address (127.0.0.0/8, [::1], localhost)";
  Address address;
  std::string wrong = Split(url, address);
  if (wrong.empty() && address.path.find('\\') != std::string::npos) wrong = "holds a backslash";
  if (wrong.empty() && (address.path + "/").find("/../") != std::string::npos) wrong = "holds '..' in its path";
  if (wrong.empty() && address.scheme != "https" && address.scheme != "http") {
    wrong = "has the scheme " + Shown(address.scheme);
  }
  if (wrong.empty() && address.scheme == "http" && !IsLoopback(address)) {
    wrong = "is plain http to a host that is not loopback: the token would travel readable";
  }
  if (!wrong.empty()) return wrong + std::string(kAllowed);
  while (!address.path.empty() && address.path.back() == '/') address.path.pop_back();
  url = Join(address);
  return "";
}

std::string CheckWebhookUrl(std::string& url) {
  Address address;
  std::string wrong = Split(url, address, true);
  if (wrong.empty() && address.path.find('\\') != std::string::npos) wrong = "holds a backslash";
  if (wrong.empty() && address.scheme != "https" && address.scheme != "http") {
    wrong = "has a scheme other than https";  // not shown: who knows what it is
  }
  if (wrong.empty() && address.scheme == "http" && !IsLoopback(address)) {
    wrong = "is plain http to a host that is not loopback: it would travel readable";
  }
  if (wrong.empty()) return "";
  return wrong +
         "; allowed is https://HOST[:PORT][/PATH][?QUERY] without user, password or fragment, and plain http only to a "
         "loopback address (127.0.0.0/8, [::1], localhost)";
}

std::string CheckNotifyEvent(std::string& event) {
  constexpr std::array<std::string_view, 5> kEvents{"failed", "quota", "folder", "credentials", "stuck"};
  if (std::find(kEvents.begin(), kEvents.end(), event) != kEvents.end()) return "";
  const std::string near = Nearest(event, {kEvents.begin(), kEvents.end()});
  return Shown(event) + " is no event" + (near.empty() ? "" : "; did you mean '" + near + "'?") +
         "; allowed are failed, quota, folder, credentials and stuck";
}

std::string CheckProxy(std::string& url) {
  Address address;
  std::string wrong = Split(url, address);
  if (wrong.empty() && address.scheme != "http") wrong = "has a scheme other than http";
  if (wrong.empty() && address.port.empty()) wrong = "names no port";
  if (wrong.empty() && !address.path.empty() && address.path != "/") wrong = "has a path";
  if (!wrong.empty()) {
    return wrong + "; allowed is http://HOST:PORT, and the proxy's user and password go into proxy_token_file";
  }
  address.path.clear();
  url = Join(address);
  return "";
}

std::string CheckTenant(std::string& tenant) {
  if (tenant.size() != 32 || !IsHex(tenant)) {
    return Shown(tenant) + " is not a tenant id; allowed are exactly 32 hex digits, as the portal shows them" +
           (tenant.size() == 36 ? " (without the hyphens)" : "");
  }
  tenant = ToLowerAscii(tenant);
  return "";
}

std::string CheckFolderName(std::string& name) {
  const auto fits = [](char c) { return IsAlnum(c) || c == '.' || c == '_' || c == '-'; };
  const bool dots = name == "." || name == "..";
  if (!name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), fits) && !dots && name[0] != '-') {
    return "";
  }
  return Shown(name) + " is no folder name; allowed are 1 to 64 of A-Z a-z 0-9 . _ -, not beginning with '-'";
}

std::string CheckSigningKey(std::string& id) {
  const auto plain = [](char c) { return c > 0x20 && c < 0x7F; };
  if (!id.empty() && id.size() <= 256 && std::all_of(id.begin(), id.end(), plain)) return "";
  return Shown(id) +
         " is no key id; allowed is 'default', 'none' or a key id, which the portal shows: at most 256 "
         "printable ASCII characters without spaces";
}

std::string CheckRooms(std::string& name) {
  const bool bad_character = name.find_first_of("/\\<>:\"|?*") != std::string::npos;
  const bool bad_end = !name.empty() && (name.back() == '.' || name.back() == ' ' || name.front() == ' ');
  const bool artifact = EndsWithNoCase(name, ".apk") || EndsWithNoCase(name, ".aab") || EndsWithNoCase(name, ".ipa");
  if (!name.empty() && name.size() <= 64 && !bad_character && !bad_end && !artifact) return "";
  return Shown(name) +
         " is no name for a room; allowed is one plain folder name of at most 64 bytes such as .tegodrop or _tegodrop, "
         "without any of / \\ < > : \" | ? *, without a dot at its end and not ending like an artifact";
}

std::string CheckCommitPattern(std::string& pattern) {
  std::string fault = CommitPatternFault(pattern);
  return fault.empty() ? "" : Shown(pattern) + " " + fault;
}

std::string CheckFingerprint(std::string& fingerprint) {
  std::string digits = ToLowerAscii(fingerprint);
  std::erase(digits, ':');
  if (digits.size() != 64 || !IsHex(digits)) {
    return Shown(fingerprint) + " is no SHA-256 of a certificate; allowed are 64 hex digits, with or without colons";
  }
  fingerprint = digits;
  return "";
}

std::string CheckWarnCheck(std::string& id) {
  // Whether all bytes came is no matter of taste; "provisioning" never fails.
  std::string allowed;
  for (const std::string_view known : CheckIds()) {
    if (known == "length" || known == "provisioning") continue;
    if (known == id) return "";
    allowed += (allowed.empty() ? "" : ", ") + std::string(known);
  }
  return Shown(id) + " is no check that may warn; allowed are " + allowed;
}

std::string CheckWindow(std::string& window) { return UploadWindow::Check(window); }

std::string CheckTimeZone(std::string& name) {
  if (name == "local") return "";
  const auto zone = NamedZone(name);
  return zone ? "" : zone.error().message;
}

std::string CheckOutputName(std::string& name) {
  constexpr std::array<std::string_view, 11> kKnown{"{stem}",         "{start_time}",   "{job}",    "{package}",
                                                    "{version_name}", "{version_code}", "{commit}", "{sha256}",
                                                    "{version}",      "{platform}",     "{ext}"};
  constexpr std::array<std::string_view, 2> kOfTheFolder{"{version}", "{platform}"};
  constexpr std::string_view kAllowed =
      "; allowed are {stem} {start_time} {job} {package} {version_name} {version_code} {commit} {sha256} {version} "
      "{platform}, and {ext} at the end";
  if (name.size() > 150) return "is longer than 150 bytes";
  bool telling = false;
  for (std::string_view rest = name; !rest.empty();) {
    if (rest.front() == '}') return "has a '}' without its '{'" + std::string(kAllowed);
    if (rest.front() != '{') {
      if (std::string_view("/\\<>:\"|?*").find(rest.front()) != std::string_view::npos) {
        return "holds '" + std::string(1, rest.front()) + "'; it makes a file name, so none of / \\ < > : \" | ? *";
      }
      rest.remove_prefix(1);
      continue;
    }
    const std::size_t close = rest.find('}');
    if (close == std::string_view::npos) return "has a '{' without its '}'" + std::string(kAllowed);
    const std::string_view placeholder = rest.substr(0, close + 1);
    if (std::find(kKnown.begin(), kKnown.end(), placeholder) == kKnown.end()) {
      const std::string near = Nearest(placeholder, {kKnown.begin(), kKnown.end()});
      return "uses the unknown placeholder " + Shown(placeholder) +
             (near.empty() ? std::string() : "; did you mean " + near + "?") + std::string(kAllowed);
    }
    telling = telling || (placeholder != "{ext}" &&
                          std::find(kOfTheFolder.begin(), kOfTheFolder.end(), placeholder) == kOfTheFolder.end());
    rest.remove_prefix(close + 1);
  }
  if (!name.ends_with("{ext}")) return "does not end in {ext}, so that the output would lose its file type";
  if (!telling) {
    return "would be the same for every artifact; put {stem}, {start_time}, {job}, {package}, {commit} or {sha256} "
           "into it";
  }
  return "";
}

}  // namespace tegodrop
