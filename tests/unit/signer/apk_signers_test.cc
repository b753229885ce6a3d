// Hand-made values of APK signature schemes, whole and not.
#include "daemon/archive/signer/apk_signers.h"

#include <gtest/gtest.h>

#include "daemon/base/digest.h"
#include "daemon/base/text.h"
#include "tests/unit/signer/scheme_bytes.h"

namespace tegodrop {
namespace {

using testing::Little;
using testing::Piece;
using testing::SchemeOf;
using Signers = std::vector<std::string>;

Signers Of(const std::string& block) {
  const Result<Signers> signers = SignersOfApkScheme(block);
  EXPECT_TRUE(signers.has_value()) << signers.error().message;
  return signers.value_or(Signers{});
}

std::string FaultOf(const std::string& block) {
  const Result<Signers> signers = SignersOfApkScheme(block);
  EXPECT_FALSE(signers.has_value());
  if (signers) return "";
  EXPECT_EQ(signers.error().kind, ErrorKind::kCorrupt);
  return signers.error().message;
}

TEST(SignersOfApkScheme, AreTheFirstCertificatesInOrderEachOnce) {
  EXPECT_EQ(Of(SchemeOf({{"first", "its issuer"}})), Signers{Sha256Hex("first")});
  EXPECT_EQ(Of(SchemeOf({{"b"}, {"a", "b"}, {"b", "x"}, {"c"}})),
            (Signers{Sha256Hex("b"), Sha256Hex("a"), Sha256Hex("c")}));
}

TEST(SignersOfApkScheme, LooksAtNothingBehindTheCertificates) {
  const std::string signed_data = Piece("") + Piece(Piece("certificate") + "odd") + "odd";
  EXPECT_EQ(Of(Piece(Piece(Piece(signed_data) + "odd")) + "odd"), Signers{Sha256Hex("certificate")});
}

TEST(SignersOfApkScheme, RefusesWhatNamesNobody) {
  EXPECT_NE(FaultOf(Piece("")).find("it is empty"), std::string::npos);
  EXPECT_NE(FaultOf(SchemeOf({{}})).find("a signer has no certificate"), std::string::npos);
  EXPECT_NE(FaultOf(SchemeOf({{"a"}, {}})).find("a signer has no certificate"), std::string::npos);
  EXPECT_NE(FaultOf(SchemeOf({{""}})).find("certificate is empty"), std::string::npos);
  EXPECT_NE(FaultOf("").find("inside of a length"), std::string::npos);
  EXPECT_NE(FaultOf("garbage of no form").find("longer than what it lies in"), std::string::npos);
  EXPECT_NE(FaultOf(Little(UINT32_MAX, 4) + "x").find("longer than what it lies in"), std::string::npos);
}

TEST(SignersOfApkScheme, TakesAHundredSignersAndNoMore) {
  std::vector<std::vector<std::string>> signers;
  for (int i = 0; i < 100; ++i) signers.push_back({std::to_string(i)});
  EXPECT_EQ(Of(SchemeOf(signers)).size(), 100U);
  signers.push_back({"one more"});
  EXPECT_NE(FaultOf(SchemeOf(signers)).find("more than 100"), std::string::npos);
}

TEST(SignersOfApkScheme, RefusesACutValueAtEveryLength) {
  const std::string whole = SchemeOf({{"certificate", "issuer"}, {"second"}});
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(FaultOf(whole.substr(0, size)).empty()) << size;
}

TEST(SignersOfApkScheme, HasAnAnswerForEveryFlippedBit) {
  const std::string whole = SchemeOf({{"certificate", "issuer"}, {"second"}});
  int found = 0;
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const Result<Signers> signers = SignersOfApkScheme(flipped);
    if (signers) {
      ++found;
      EXPECT_LE(signers->size(), 2U);
    } else {
      EXPECT_EQ(Printable(signers.error().message), signers.error().message);
    }
  }
  EXPECT_GT(found, 0);
}

}  // namespace
}  // namespace tegodrop
