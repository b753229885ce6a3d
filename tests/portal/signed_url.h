// URLs that carry their own permission: an HMAC over method, path, expiry, the upload or build they belong to, and for
// parts the part's number and the upload's id. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tegodrop::sim {

struct SignedTarget {
  std::string method;     // PUT | GET
  std::string path;       // percent-coded, as it stands in the URL
  std::string grant;      // which upload or build
  int64_t expires = 0;    // unix seconds
  int64_t part = 0;       // from 1; 0 = not a part
  std::string upload_id;  // of a part
};

// Path and query, signed.
std::string SignTarget(const SignedTarget& target, std::string_view secret);

enum class Signature { kGood, kWrongMethod, kBad };

// Reads the query of a URL that SignTarget made and judges its signature; `out` is set unless kBad.
Signature CheckTarget(std::string_view method, std::string_view path, std::string_view query, std::string_view secret,
                      SignedTarget* out);

}  // namespace tegodrop::sim
