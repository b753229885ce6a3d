// Who an APK's signing block says it is signed by.
#include "daemon/archive/signing_block.h"

#include <gtest/gtest.h>

#include "daemon/base/digest.h"
#include "tests/unit/archive/memory_file.h"
#include "tests/unit/signer/scheme_bytes.h"

namespace tegodrop {
namespace {

using testing::kSchemeV2;
using testing::kSchemeV3;
using testing::kSchemeV31;
using testing::Little;
using testing::SchemeOf;
using Signers = std::vector<std::string>;

std::string Pair(std::uint32_t id, const std::string& value) {
  return Little(4 + value.size(), 8) + Little(id, 4) + value;
}

SigningBlock Read(const std::string& pairs) {
  const std::string size = Little(pairs.size() + 24, 8);
  const std::string bytes = "entries" + size + pairs + size + "APK Sig Block 42";
  const testing::MemoryFile memory(bytes);
  FileWindow file(ReadsFrom(memory.fd()), bytes.size());
  const Result<SigningBlock> block = ReadSigningBlock(file, 7, bytes.size());
  EXPECT_TRUE(block.has_value()) << block.error().message;
  return block.value_or(SigningBlock{});
}

std::string FaultOf(const SigningBlock& block) {
  EXPECT_TRUE(block.present);
  EXPECT_EQ(block.signers, Signers{});
  EXPECT_EQ(block.signers_fault.rfind("the APK signing block is malformed: its v", 0), 0U) << block.signers_fault;
  return block.signers_fault;
}

TEST(SigningBlockSigners, AreThoseOfEveryScheme) {
  const std::string v2 = Pair(kSchemeV2, SchemeOf({{"second"}, {"other"}}));
  const std::string v3 = Pair(kSchemeV3, SchemeOf({{"third"}}));
  const std::string v31 = Pair(kSchemeV31, SchemeOf({{"latest", "issuer"}}));
  const std::string padding = Pair(0x42726577, std::string(4096, '\0'));
  EXPECT_EQ(Read(v2 + padding).signers, (Signers{Sha256Hex("second"), Sha256Hex("other")}));
  EXPECT_EQ(Read(v2 + v3 + padding).signers, (Signers{Sha256Hex("second"), Sha256Hex("other"), Sha256Hex("third")}))
      << "an old device takes the older one";
  const SigningBlock all = Read(padding + v31 + v3);
  EXPECT_EQ(all.signers, (Signers{Sha256Hex("latest"), Sha256Hex("third")}));
  EXPECT_EQ(all.signers_fault, "");
  EXPECT_EQ(all.schemes, (Signers{"v3.1", "v3"}));
  EXPECT_EQ(Read(v3 + Pair(kSchemeV2, SchemeOf({{"third"}}))).signers, Signers{Sha256Hex("third")});
}

TEST(SigningBlockSigners, AreNobodyWithoutAScheme) {
  for (const SigningBlock& block : {Read(""), Read(Pair(0x42726577, "padding"))}) {
    EXPECT_TRUE(block.present);
    EXPECT_EQ(block.signers, Signers{});
    EXPECT_EQ(block.signers_fault, "");
  }
}

TEST(SigningBlockSigners, SayWhyTheyCannotBeRead) {
  EXPECT_NE(FaultOf(Read(Pair(kSchemeV2, ""))).find("its v2 part"), std::string::npos);
  EXPECT_NE(FaultOf(Read(Pair(kSchemeV3, "garbage"))).find("its v3 part"), std::string::npos);
  const std::string good = Pair(kSchemeV2, SchemeOf({{"a"}}));
  EXPECT_NE(FaultOf(Read(good + Pair(kSchemeV31, SchemeOf({{}})))).find("no certificate"), std::string::npos)
      << "one scheme does not speak for another";
}

TEST(SigningBlockSigners, AreReadOfOneMebibyteAtMost) {
  std::string value = SchemeOf({{"a"}});
  value.resize(1UL << 20U);
  EXPECT_EQ(Read(Pair(kSchemeV2, value)).signers, Signers{Sha256Hex("a")});
  EXPECT_NE(FaultOf(Read(Pair(kSchemeV2, value + '\0'))).find("larger than 1 MiB"), std::string::npos);
}

}  // namespace
}  // namespace tegodrop
