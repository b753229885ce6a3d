// What a client asks of the discarding server: the head of one HTTP/1.1 request. Pure: works on texts.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tegodrop::bench {

struct Request {
  std::string method;
  std::string path;                            // as it was sent, without the query
  std::map<std::string, std::string> query;    // as it was sent; a name without a value has an empty one
  std::map<std::string, std::string> headers;  // names in lower case
  std::optional<std::uint64_t> length;
  bool chunked = false;
  bool keep_alive = true;
  bool waits_for_continue = false;

  // The header of that name, in lower case, or an empty text.
  std::string_view Header(const std::string& name) const;
  bool Asks(const std::string& name) const { return query.count(name) > 0; }
};

// `head` ends with its empty line. Nothing for what is no HTTP/1.1, has two lengths, or one that is no number.
std::optional<Request> ParseRequest(std::string_view head);

struct Range {
  std::uint64_t first = 0;
  std::uint64_t size = 0;
};

enum class RangeVerdict : std::uint8_t { kWhole, kPart, kOutside };

// What of `size` bytes a Range header asks for; what it is not, or asks for several, is not heeded (kWhole).
RangeVerdict ReadRange(std::string_view header, std::uint64_t size, Range* out);

std::optional<std::uint64_t> ReadNumber(std::string_view digits, int base = 10);

}  // namespace tegodrop::bench
