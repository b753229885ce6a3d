// Damaged bytes by the thousand, each in a block of memory of its own size, so that AddressSanitizer sees a byte too
// far.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/base/result.h"
#include "daemon/base/text.h"

namespace tegodrop::testing {

template <typename Read>
void InItsOwnBlock(std::string_view bytes, Read read) {
  const std::unique_ptr<char[]> block(new char[bytes.size()]);
  std::memcpy(block.get(), bytes.data(), bytes.size());
  read(std::string_view(block.get(), bytes.size()));
}

template <typename Read>
void CutAtEveryByte(std::string_view bytes, Read read) {
  for (std::size_t size = 0; size < bytes.size(); ++size) InItsOwnBlock(bytes.substr(0, size), read);
}

template <typename Read>
void FlipEveryBit(std::string_view bytes, Read read) {
  std::string damaged(bytes);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const char mask = static_cast<char>(1U << bit % 8);
    damaged[bit / 8] ^= mask;
    InItsOwnBlock(damaged, read);
    damaged[bit / 8] ^= mask;
  }
}

// A refusal is one printable sentence that calls the bytes corrupt.
template <typename T>
void ExpectCorrupt(const Result<T>& read, std::string_view word = "") {
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().kind, ErrorKind::kCorrupt);
  EXPECT_NE(read.error().message.find(word), std::string::npos) << read.error().message;
  EXPECT_EQ(Printable(read.error().message), read.error().message);
}

// Both sweeps; what is taken all the same must be texts. `identity_of` gives what was taken.
template <typename Read, typename IdentityOf>
void ExpectTextsOrARefusal(std::string_view bytes, Read read, IdentityOf identity_of) {
  int refused = 0;
  const auto look = [&](std::string_view damaged) {
    const auto result = read(damaged);
    if (!result) {
      ++refused;
      return ExpectCorrupt(result);
    }
    const auto& identity = identity_of(*result);
    for (const std::string* text : {&identity.package, &identity.version_name, &identity.version_code}) {
      EXPECT_TRUE(IsUtf8(*text) && text->size() <= 1024 && text->find('\0') == std::string::npos) << Printable(*text);
    }
  };
  CutAtEveryByte(bytes, look);
  FlipEveryBit(bytes, look);
  EXPECT_GT(refused, 0);
}

}  // namespace tegodrop::testing
