// A small blocking HTTP client for these tests, on libcurl, and a raw socket for what libcurl will not send.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tegodrop::sim::testing {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers = {};  // "Name: value"; "Name:" keeps libcurl from sending its own
  std::optional<std::string> body = {};
  int64_t generated_bytes = -1;  // not negative: a body of that many bytes is made up, none of it kept
  bool chunked = false;          // the body goes without a Content-Length
  std::string ca_file = {};
  long timeout_ms = 60'000;
};

struct HttpAnswer {
  CURLcode code = CURLE_OK;
  long status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

HttpAnswer Fetch(const HttpRequest& request);

// Sends `text` as it is to the authority of `url`, closes its side and returns all that comes back.
std::string SendRaw(const std::string& url, std::string_view text);

// Path and query of a URL.
std::string TargetOf(const std::string& url);

}  // namespace tegodrop::sim::testing
