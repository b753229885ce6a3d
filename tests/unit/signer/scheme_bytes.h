// The bytes of APK signature schemes: made by hand, and found in an APK.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tegodrop::testing {

constexpr std::uint32_t kSchemeV2 = 0x7109871a;
constexpr std::uint32_t kSchemeV3 = 0xf05368c0;
constexpr std::uint32_t kSchemeV31 = 0x1b93ad61;

inline std::string Little(std::uint64_t number, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(number >> (8 * i));
  return out;
}

// Behind its length in 32 bits.
inline std::string Piece(const std::string& bytes) { return Little(bytes.size(), 4) + bytes; }

// A scheme's value whose signers have these certificates each, which need be none; the rest is of the right form.
inline std::string SchemeOf(const std::vector<std::vector<std::string>>& signers) {
  std::string all;
  for (const std::vector<std::string>& certificates : signers) {
    std::string pieces;
    for (const std::string& certificate : certificates) pieces += Piece(certificate);
    const std::string digests = Piece(Little(0x0103, 4) + Piece(std::string(32, 'd')));
    const std::string signed_data = Piece(digests) + Piece(pieces) + Piece("");
    const std::string signatures = Piece(Little(0x0103, 4) + Piece(std::string(256, 's')));
    all += Piece(Piece(signed_data) + Piece(signatures) + Piece("key"));
  }
  return Piece(all);
}

// The value of the pair with this id in the signing block of a well-formed APK without a ZIP comment.
inline std::optional<std::string> PairOf(std::string_view apk, std::uint32_t id) {
  const auto number = [&](std::size_t at, int bytes) {
    std::uint64_t value = 0;
    for (int i = bytes; i-- > 0;)
      value = value << 8U | static_cast<unsigned char>(apk.at(at + static_cast<unsigned>(i)));
    return value;
  };
  const std::size_t directory = number(apk.size() - 6, 4);
  if (apk.substr(directory - 16, 16) != "APK Sig Block 42") return std::nullopt;
  const std::size_t end = directory - 24;
  for (std::size_t at = directory - number(end, 8); at < end;) {
    const std::size_t size = number(at, 8);
    if (number(at + 8, 4) == id) return std::string(apk.substr(at + 12, size - 4));
    at += 8 + size;
  }
  return std::nullopt;
}

}  // namespace tegodrop::testing
