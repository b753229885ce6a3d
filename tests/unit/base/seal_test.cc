// Sealed texts: open with the same secret for the same thing, and in no other case.
#include "daemon/base/seal.h"

#include <gtest/gtest.h>

#include "tests/fakes/seeded_random.h"

namespace tegodrop {
namespace {

const Secret kToken(std::string("KEY:SECRET"));

TEST(Seal, OpensWithTheSameSecretForTheSameThing) {
  testing::SeededRandom random(1);
  for (const std::string& text : {std::string(), std::string("a"), std::string("https://x/?sig=1\nhttps://y/?sig=2"),
                                  std::string(300'000, 'u')}) {
    const std::string sealed = Seal(kToken, "job-1 upload-1", Secret(text), random);
    const auto opened = Unseal(kToken, "job-1 upload-1", sealed);
    ASSERT_TRUE(opened.has_value());
    EXPECT_EQ(opened->Reveal(), text);
  }
}

TEST(Seal, ShowsNothingOfTheTextAndNeverTheSameTwice) {
  testing::SeededRandom random(1);
  const std::string one = Seal(kToken, "job", Secret(std::string("https://store/?X-Signature=SECRET")), random);
  const std::string two = Seal(kToken, "job", Secret(std::string("https://store/?X-Signature=SECRET")), random);
  EXPECT_NE(one, two);
  EXPECT_EQ(one.find("Signature"), std::string::npos);
  EXPECT_EQ(one.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="),
            std::string::npos);
}

TEST(Seal, DoesNotOpenUnderAnotherSecretOrForSomethingElse) {
  testing::SeededRandom random(1);
  const std::string sealed = Seal(kToken, "job-1", Secret(std::string("text")), random);
  EXPECT_FALSE(Unseal(Secret(std::string("KEY:OTHER")), "job-1", sealed).has_value());
  EXPECT_FALSE(Unseal(kToken, "job-2", sealed).has_value());
}

TEST(Seal, DoesNotOpenOnceAnyByteWasChanged) {
  testing::SeededRandom random(7);
  const std::string sealed = Seal(kToken, "job", Secret(std::string("some text")), random);
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    if (sealed[at] == '=') continue;
    std::string changed = sealed;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    const auto opened = Unseal(kToken, "job", changed);
    // The last digit before the padding carries bits that stand for nothing.
    if (at + 1 < sealed.size() && sealed[at + 1] != '=') {
      EXPECT_FALSE(opened.has_value()) << at;
    } else if (opened) {
      EXPECT_EQ(opened->Reveal(), "some text");
    }
  }
  for (const std::string& odd : {std::string(), std::string("A"), std::string("===="),
                                 std::string("not base64 at all!"), sealed.substr(0, 40), sealed + "AAAA"}) {
    EXPECT_FALSE(Unseal(kToken, "job", odd).has_value()) << odd;
  }
}

}  // namespace
}  // namespace tegodrop
