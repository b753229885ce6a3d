// SHA-256 of what flows past, by OpenSSL. One object digests one stream; not thread-safe, but it may move between
// threads.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tegodrop {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(const void* data, std::size_t size);
  // 64 lowercase hex digits of all that was updated. Call once; the object is spent after it.
  std::string FinishHex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// The digest of one piece of memory, as 64 lowercase hex digits.
std::string Sha256Hex(std::string_view bytes);

// Standard base64 on one line, with padding (the portal wants the token so; GNU base64 would wrap at 76 columns).
std::string Base64(std::string_view bytes);

// The bytes of that again; nullopt for what Base64 does not write.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace tegodrop
