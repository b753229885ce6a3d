// The checks of an output whose bytes were seen as they passed: what is stored in it is not read again.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "daemon/archive/archive.h"
#include "tests/fakes/zip_maker.h"
#include "tests/unit/archive/check_lines.h"
#include "tests/unit/archive/hand_zip.h"

namespace tegodrop {
namespace {

using testing::HandApk;
using testing::HandEntry;
using testing::HandZip;
using testing::Lines;

std::string Noise(std::size_t size) { return testing::RandomBytes(size, 1); }

BlockCrcs Seen(const std::string& bytes) {
  BlockCrcs crcs;
  crcs.Update(bytes.data(), bytes.size());
  return crcs;
}

struct Checked {
  ProtectedFacts facts;
  std::string lines;
  std::uint64_t read = 0;  // bytes of the file
};

Checked Look(const std::string& bytes, const BlockCrcs* crcs) {
  Checked checked;
  const PositionedRead read = [&](void* to, std::size_t size, std::uint64_t offset) -> Result<std::size_t> {
    const std::size_t count = offset < bytes.size() ? std::min<std::size_t>(size, bytes.size() - offset) : 0;
    std::memcpy(to, bytes.data() + offset, count);
    checked.read += count;
    return count;
  };
  Result<ProtectedFacts> facts = CheckProtected(read, bytes.size(), ArtifactKind::kApk, crcs);
  EXPECT_TRUE(facts.has_value());
  if (facts) checked.facts = std::move(*facts);
  checked.lines = Lines(checked.facts.checks);
  return checked;
}

constexpr std::size_t kLarge = 3'000'000;

TEST(StoredEntries, AreNotReadAgain) {
  const std::string bytes =
      HandApk({{.name = "lib/a.so", .data = Noise(kLarge)}, {.name = "b", .data = "small"}}).Bytes();
  const BlockCrcs crcs = Seen(bytes);
  const Checked again = Look(bytes, nullptr);
  const Checked seen = Look(bytes, &crcs);
  EXPECT_EQ(OverallResult(seen.facts.checks), "pass");
  EXPECT_EQ(seen.lines, again.lines);
  EXPECT_GT(again.read, kLarge);
  EXPECT_LT(seen.read, kLarge / 5) << "no more than the ends of it, and what is behind it";
}

TEST(StoredEntries, DamagedOnTheWayFailTheSameCheckWithTheSameWords) {
  const std::string whole = HandApk({{.name = "lib/a.so", .data = Noise(kLarge)}}).Bytes();
  for (const std::size_t at : {whole.size() / 2, whole.size() / 2 + 100'000}) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    const BlockCrcs crcs = Seen(bytes);
    const Checked seen = Look(bytes, &crcs);
    EXPECT_EQ(seen.facts.checks[1].result, "fail");
    EXPECT_NE(seen.facts.checks[1].detail.find("lib/a.so"), std::string::npos) << seen.facts.checks[1].detail;
    EXPECT_EQ(seen.lines, Look(bytes, nullptr).lines);
  }
}

TEST(StoredEntries, OfOtherBytesThanWereSeenAreReadAgain) {
  const std::string bytes = HandApk({{.name = "lib/a.so", .data = Noise(kLarge)}}).Bytes();
  std::string other = bytes;
  other[bytes.size() / 2] = static_cast<char>(other[bytes.size() / 2] ^ 1);
  for (const BlockCrcs& crcs : {Seen(other), Seen(bytes.substr(0, bytes.size() - 1)), Seen("")}) {
    const Checked seen = Look(bytes, &crcs);
    EXPECT_EQ(OverallResult(seen.facts.checks), "pass");
    EXPECT_GT(seen.read, kLarge);
  }
}

TEST(StoredEntries, ThatAreNotAsLongAsTheySayAreFoundAllTheSame) {
  HandEntry entry{.name = "lib/a.so", .data = Noise(kLarge)};
  entry.size = kLarge - 1;
  const std::string bytes = HandApk({entry}).Bytes();
  const BlockCrcs crcs = Seen(bytes);
  EXPECT_NE(OverallResult(Look(bytes, nullptr).facts.checks), "pass");
  EXPECT_EQ(Look(bytes, &crcs).lines, Look(bytes, nullptr).lines);
}

TEST(StoredEntries, BesideCompressedOnesLeaveThoseToBeInflated) {
  std::string bytes = testing::MakeApk(kLarge);
  const BlockCrcs crcs = Seen(bytes);
  EXPECT_EQ(Look(bytes, &crcs).lines, Look(bytes, nullptr).lines);
}

}  // namespace
}  // namespace tegodrop
