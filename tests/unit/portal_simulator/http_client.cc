#include "tests/unit/portal_simulator/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "tests/portal/text.h"

namespace tegodrop::sim::testing {
namespace {

struct Source {
  std::string_view left;
  int64_t generated = -1;
};

size_t Read(char* out, size_t size, size_t count, void* state) {
  auto* source = static_cast<Source*>(state);
  size_t room = size * count;
  if (source->generated >= 0) {
    room = std::min(room, static_cast<size_t>(source->generated));
    std::memset(out, 'x', room);
    source->generated -= static_cast<int64_t>(room);
    return room;
  }
  room = std::min(room, source->left.size());
  std::memcpy(out, source->left.data(), room);
  source->left.remove_prefix(room);
  return room;
}

size_t OnBody(char* data, size_t size, size_t count, void* out) {
  static_cast<std::string*>(out)->append(data, size * count);
  return size * count;
}

size_t OnHeader(char* data, size_t size, size_t count, void* out) {
  std::string_view line(data, size * count);
  size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size * count;
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == '\r' || value.back() == '\n')) value.remove_suffix(1);
  (*static_cast<std::map<std::string, std::string>*>(out))[LowerCase(line.substr(0, colon))] = std::string(value);
  return size * count;
}

}  // namespace

HttpAnswer Fetch(const HttpRequest& request) {
  HttpAnswer answer;
  Source source{request.body ? std::string_view(*request.body) : "", request.generated_bytes};
  CURL* curl = curl_easy_init();
  curl_slist* headers = nullptr;
  for (const std::string& header : request.headers) headers = curl_slist_append(headers, header.c_str());
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, request.timeout_ms);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer.headers);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
  if (!request.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, request.ca_file.c_str());
  if (request.body || request.generated_bytes >= 0) {
    const int64_t size =
        request.generated_bytes >= 0 ? request.generated_bytes : static_cast<int64_t>(source.left.size());
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, Read);
    curl_easy_setopt(curl, CURLOPT_READDATA, &source);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.chunked ? -1 : size));
  }
  if (request.method == "HEAD") curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  answer.code = curl_easy_perform(curl);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  curl_slist_free_all(headers);
  curl_easy_cleanup(curl);
  return answer;
}

std::string SendRaw(const std::string& url, std::string_view text) {
  constexpr std::string_view kPrefix = "http://127.0.0.1:";
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(url.c_str() + kPrefix.size())));
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string answer;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    while (!text.empty()) {
      ssize_t count = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) break;
      text.remove_prefix(static_cast<size_t>(count));
    }
    shutdown(fd, SHUT_WR);
    char buffer[4096];
    for (ssize_t count; (count = read(fd, buffer, sizeof buffer)) > 0;)
      answer.append(buffer, static_cast<size_t>(count));
  }
  close(fd);
  return answer;
}

std::string TargetOf(const std::string& url) { return url.substr(url.find('/', url.find("://") + 3)); }

}  // namespace tegodrop::sim::testing
