// Small pure helpers on text: coding, digests, times. They own nothing and are safe from every thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tegodrop::sim {

// Lower-case hexadecimal of `bytes`.
std::string Hex(std::string_view bytes);

// Base64 on one line, padded.
std::string Base64(std::string_view bytes);

// The reverse; nothing unless `text` is exactly what Base64() gives for some bytes.
std::optional<std::string> FromBase64(std::string_view text);

// HMAC-SHA256 of `text` under `key`, as hexadecimal.
std::string HmacHex(std::string_view key, std::string_view text);

// `count` random bytes from OpenSSL.
std::string RandomBytes(size_t count);

// Compares in a time that depends on the lengths only.
bool EqualSecret(std::string_view a, std::string_view b);

// Percent-codes everything but RFC 3986's unreserved characters and '/'.
std::string PercentEncode(std::string_view path);

std::string LowerCase(std::string_view text);

// What stands behind the last '/' or '\'.
std::string_view BaseName(std::string_view name);

// A decimal integer without sign or spaces, or nothing.
std::optional<int64_t> ParseDecimal(std::string_view text);

// RFC 3339 UTC with milliseconds.
std::string Rfc3339(double unix_seconds);

// A digest over pieces.
class Digest {
 public:
  enum class Kind { kSha256, kMd5 };

  explicit Digest(Kind kind = Kind::kSha256);
  ~Digest();
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  void Add(std::string_view piece);
  // Hexadecimal; call once, at the end.
  std::string Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tegodrop::sim
