#include "tests/bench/discarding_server_request.h"

#include <algorithm>
#include <charconv>

namespace tegodrop::bench {
namespace {

// Takes from `rest` what stands before `mark`, or all of it, and drops the mark.
std::string_view Take(std::string_view* rest, std::string_view mark) {
  const size_t at = rest->find(mark);
  const std::string_view taken = rest->substr(0, at);
  rest->remove_prefix(at == std::string_view::npos ? rest->size() : at + mark.size());
  return taken;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& one : out) {
    if (one >= 'A' && one <= 'Z') one = static_cast<char>(one + ('a' - 'A'));
  }
  return out;
}

std::string_view Trimmed(std::string_view text) {
  const size_t from = text.find_first_not_of(" \t");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t") + 1 - from);
}

bool ReadFirstLine(std::string_view line, Request* out) {
  out->method = Take(&line, " ");
  std::string_view query = Take(&line, " ");
  if (line != "HTTP/1.1" || out->method.empty() || !query.starts_with('/')) return false;
  out->path = Take(&query, "?");
  while (!query.empty()) {
    std::string_view pair = Take(&query, "&");
    const std::string_view name = Take(&pair, "=");
    out->query[std::string(name)] = pair;
  }
  return true;
}

bool ReadHeader(std::string_view line, Request* out) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string name = Lower(line.substr(0, colon));
  const std::string_view value = Trimmed(line.substr(colon + 1));
  if (name == "content-length") {
    if (out->length || !(out->length = ReadNumber(value))) return false;
  } else if (name == "transfer-encoding") {
    if (Lower(value) != "chunked") return false;
    out->chunked = true;
  } else if (name == "connection") {
    out->keep_alive = Lower(value) != "close";
  } else if (name == "expect") {
    // rclone writes 100-Continue.
    out->waits_for_continue = Lower(value) == "100-continue";
  }
  out->headers[name] = value;
  return true;
}

}  // namespace

std::string_view Request::Header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view() : found->second;
}

std::optional<std::uint64_t> ReadNumber(std::string_view digits, int base) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

std::optional<Request> ParseRequest(std::string_view head) {
  Request out;
  if (!ReadFirstLine(Take(&head, "\r\n"), &out)) return std::nullopt;
  while (!head.empty()) {
    const std::string_view line = Take(&head, "\r\n");
    if (!line.empty() && !ReadHeader(line, &out)) return std::nullopt;
  }
  if (out.chunked && out.length) return std::nullopt;
  return out;
}

RangeVerdict ReadRange(std::string_view header, std::uint64_t size, Range* out) {
  if (!header.starts_with("bytes=")) return RangeVerdict::kWhole;
  header.remove_prefix(6);
  const size_t dash = header.find('-');
  if (dash == std::string_view::npos) return RangeVerdict::kWhole;
  const auto first = ReadNumber(header.substr(0, dash));
  const auto last = ReadNumber(header.substr(dash + 1));
  const bool open = dash + 1 == header.size();
  if (!first) {
    if (dash != 0 || !last) return RangeVerdict::kWhole;
    if (*last == 0 || size == 0) return RangeVerdict::kOutside;
    out->size = std::min(*last, size);
    out->first = size - out->size;
    return RangeVerdict::kPart;
  }
  if ((!last && !open) || (last && *last < *first)) return RangeVerdict::kWhole;
  if (*first >= size) return RangeVerdict::kOutside;
  out->first = *first;
  out->size = (last ? std::min(*last, size - 1) : size - 1) - *first + 1;
  return RangeVerdict::kPart;
}

}  // namespace tegodrop::bench
