#include "daemon/base/digest.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <utility>

#include "daemon/base/error.h"

namespace tegodrop {
namespace {

constexpr char kAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Digest, IsSha256InLowercaseHex) {
  EXPECT_EQ(Sha256Hex("abc"), kAbc);
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, IsTheSameHoweverTheStreamIsCut) {
  const std::string text(1000, 'x');
  for (const std::size_t piece : {1U, 63U, 64U, 65U, 999U}) {
    Sha256 digest;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      digest.Update(text.data() + at, std::min(piece, text.size() - at));
      digest.Update(text.data(), 0);
    }
    EXPECT_EQ(digest.FinishHex(), Sha256Hex(text)) << piece;
  }
}

TEST(Digest, GoesOnAfterAMove) {
  Sha256 first;
  first.Update("a", 1);
  Sha256 second = std::move(first);
  second.Update("bc", 2);
  EXPECT_EQ(second.FinishHex(), kAbc);
}

TEST(Base64, IsOneLineWithPadding) {
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fo"), "Zm8=");
  EXPECT_EQ(Base64("foo"), "Zm9v");
  EXPECT_EQ(Base64(std::string("\xff\xfe\x00", 3)), "//4A");
  const std::string is_long = Base64(std::string(300, 'k'));
  EXPECT_EQ(is_long.size(), 400U);
  EXPECT_EQ(is_long.find('\n'), std::string::npos);
}

TEST(Error, OfTheSystemNamesWhatWhereAndWhy) {
  const Error error = PosixError("cannot open", "/a\n/b", ENOENT);
  EXPECT_EQ(error.kind, ErrorKind::kLocalDisk);
  EXPECT_EQ(error.sys, ENOENT);
  EXPECT_EQ(error.message, "cannot open /a\\x0a/b: No such file or directory");
}

TEST(Error, EachKindHasAStableName) {
  EXPECT_EQ(ToString(ErrorKind::kRetry), "retry");
  EXPECT_EQ(ToString(ErrorKind::kSlowDown), "slow_down");
  EXPECT_EQ(ToString(ErrorKind::kSignIn), "sign_in");
  EXPECT_EQ(ToString(ErrorKind::kRejected), "rejected");
  EXPECT_EQ(ToString(ErrorKind::kExpired), "expired");
  EXPECT_EQ(ToString(ErrorKind::kCorrupt), "corrupt");
  EXPECT_EQ(ToString(ErrorKind::kLocalDisk), "local_disk");
  EXPECT_EQ(ToString(ErrorKind::kCancelled), "cancelled");
  EXPECT_EQ(ToString(ErrorKind::kBug), "bug");
}

TEST(Error, WithNothingButAMessageHasNoContext) {
  const Error error = MakeError(ErrorKind::kRetry, "later");
  EXPECT_EQ(error.message, "later");
  EXPECT_EQ(error.sys, 0);
  EXPECT_EQ(error.http_status, 0);
  EXPECT_FALSE(error.retry_after.has_value());
  EXPECT_FALSE(error.outcome_unknown);
}

}  // namespace
}  // namespace tegodrop
