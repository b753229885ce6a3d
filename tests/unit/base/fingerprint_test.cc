// What a file was, told again from its bytes, by blocks.
#include "daemon/base/fingerprint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "daemon/base/fingerprints.h"
#include "tests/fakes/seeded_random.h"

namespace tegodrop {
namespace {

constexpr std::size_t kBlock = Fingerprint::kBlock;

std::string Bytes(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 2654435761U >> 13U);
  return bytes;
}

std::shared_ptr<const Fingerprint> Of(const std::string& bytes, Random& random, std::size_t piece = SIZE_MAX) {
  FingerprintMaker maker(random);
  for (std::size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size() - at)) {
    maker.Update(bytes.data() + at, std::min(piece, bytes.size() - at));
  }
  return maker.Finish();
}

bool Same(const std::shared_ptr<const Fingerprint>& print, const std::string& bytes, std::size_t offset,
          std::size_t size, std::size_t piece = 256 * 1024) {
  FingerprintCheck check(print, offset);
  for (std::size_t at = offset; at < offset + size;) {
    const std::size_t take = std::min(piece, offset + size - at);
    if (!check.Update(bytes.data() + at, take)) return false;
    at += take;
  }
  return check.complete();
}

TEST(Fingerprint, KnowsTheSameBytesAgainInAnyPieces) {
  testing::SeededRandom random;
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{1000}, kBlock - 1, kBlock, kBlock + 1, 2 * kBlock, 2 * kBlock + 12'345}) {
    const std::string bytes = Bytes(size);
    const auto print = Of(bytes, random, 100'003);
    EXPECT_EQ(print->size, size);
    EXPECT_EQ(print->tags.size(), (size + kBlock - 1) / kBlock);
    for (const std::size_t piece : {std::size_t{7'919}, std::size_t{262'144}, size}) {
      EXPECT_TRUE(Same(print, bytes, 0, size, piece)) << size << " by " << piece;
    }
  }
}

TEST(Fingerprint, ABlockIsToldByItself) {
  testing::SeededRandom random;
  const std::string bytes = Bytes(3 * kBlock + 5);
  const auto print = Of(bytes, random);
  EXPECT_TRUE(Same(print, bytes, kBlock, kBlock));
  EXPECT_TRUE(Same(print, bytes, kBlock, 2 * kBlock));
  EXPECT_TRUE(Same(print, bytes, 3 * kBlock, 5)) << "the last one may be shorter";
  EXPECT_FALSE(Same(print, bytes, kBlock, kBlock - 1)) << "what ends inside of a block was held against nothing";
}

TEST(Fingerprint, OneBitOfAnyBlockIsSeenAtItsEnd) {
  testing::SeededRandom random;
  const std::string bytes = Bytes(2 * kBlock + 100);
  const auto print = Of(bytes, random);
  for (const std::size_t at : {std::size_t{0}, kBlock - 1, kBlock, kBlock + 77, 2 * kBlock, 2 * kBlock + 99}) {
    std::string other = bytes;
    other[at] = static_cast<char>(other[at] ^ 1);
    EXPECT_FALSE(Same(print, other, 0, other.size())) << at;
    FingerprintCheck check(print, 0);
    const std::size_t before = at / kBlock * kBlock;
    EXPECT_TRUE(before == 0 || check.Update(other.data(), before)) << "the blocks before are as they were";
    const std::size_t block = std::min(kBlock, other.size() - before);
    EXPECT_FALSE(check.Update(other.data() + before, block)) << at;
    EXPECT_FALSE(check.complete());
  }
}

TEST(Fingerprint, BlocksThatChangedPlacesAndMoreBytesAreSeen) {
  testing::SeededRandom random;
  const std::string bytes = Bytes(2 * kBlock);
  const auto print = Of(bytes, random);
  EXPECT_FALSE(Same(print, bytes.substr(kBlock) + bytes.substr(0, kBlock), 0, 2 * kBlock));
  EXPECT_FALSE(Same(print, bytes + "x", 0, 2 * kBlock + 1));
}

TEST(Fingerprint, IsUnderAKeyOfItsOwn) {
  testing::SeededRandom random;
  const std::string bytes = Bytes(1000);
  const auto one = Of(bytes, random);
  const auto other = Of(bytes, random);
  EXPECT_NE(one->key, other->key);
  EXPECT_NE(one->tags, other->tags);
}

TEST(Fingerprints, RememberWhatWasHashed) {
  testing::SeededRandom random;
  Fingerprints memory;
  const std::string bytes = Bytes(kBlock + 3);
  RememberedDigest digest(&memory, random);
  digest.Update(bytes.data(), 1000);
  digest.Update(bytes.data() + 1000, bytes.size() - 1000);
  const std::string sha256 = digest.FinishHex();
  EXPECT_EQ(sha256, Sha256Hex(bytes));
  ASSERT_NE(memory.Of(sha256), nullptr);
  EXPECT_TRUE(Same(memory.Of(sha256), bytes, 0, bytes.size()));
  EXPECT_EQ(memory.Of(Sha256Hex("other")), nullptr);

  RememberedDigest alone(nullptr, random);
  alone.Update("abc", 3);
  EXPECT_EQ(alone.FinishHex(), Sha256Hex("abc"));
}

TEST(Fingerprints, ForgetTheOldestAndNeverGrow) {
  testing::SeededRandom random;
  Fingerprints memory(3);
  const auto two = Of(Bytes(kBlock + 1), random);
  const auto one = Of(Bytes(1), random);
  memory.Remember("a", two);
  memory.Remember("a", two);
  memory.Remember("b", one);
  EXPECT_NE(memory.Of("a"), nullptr) << "the same content counts once";
  memory.Remember("c", one);
  EXPECT_EQ(memory.Of("a"), nullptr);
  EXPECT_NE(memory.Of("b"), nullptr);
  EXPECT_NE(memory.Of("c"), nullptr);
  memory.Remember("large", Of(Bytes(3 * kBlock + 1), random));
  EXPECT_EQ(memory.Of("large"), nullptr) << "what does not fit is not taken for all the others";
  EXPECT_NE(memory.Of("c"), nullptr);
}

}  // namespace
}  // namespace tegodrop
