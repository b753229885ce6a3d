// The archive checks of a protected output.
#include <gtest/gtest.h>

#include "daemon/archive/archive.h"
#include "tests/fakes/zip_maker.h"
#include "tests/unit/archive/hand_zip.h"
#include "tests/unit/archive/memory_file.h"

namespace tegodrop {
namespace {

using testing::HandApk;
using testing::HandZip;
using testing::MemoryFile;
using testing::Put;

std::vector<Check> Checks(const std::string& bytes, ArtifactKind kind = ArtifactKind::kApk) {
  const MemoryFile file(bytes);
  const Result<ProtectedFacts> facts = CheckProtected(file.fd(), bytes.size(), kind);
  EXPECT_TRUE(facts.has_value());
  return facts ? facts->checks : std::vector<Check>{};
}

// "pass fail skipped …", in the order of the checks.
std::string Results(const std::vector<Check>& checks) {
  std::string out;
  for (const Check& check : checks) {
    EXPECT_FALSE(check.detail.empty()) << check.id;
    out += (out.empty() ? "" : " ") + check.result;
  }
  return out;
}

std::string Pair(std::uint32_t id, const std::string& value) {
  std::string out;
  Put<std::uint64_t>(out, 4 + value.size());
  Put(out, id);
  return out + value;
}

std::string Block(const std::string& pairs, std::int64_t first_off = 0, std::int64_t second_off = 0) {
  const auto size = static_cast<std::int64_t>(pairs.size() + 24);
  std::string out;
  Put(out, static_cast<std::uint64_t>(size + first_off));
  out += pairs;
  Put(out, static_cast<std::uint64_t>(size + second_off));
  return out + "APK Sig Block 42";
}

Check SigningBlock(const std::string& block) {
  HandZip zip = HandApk();
  zip.before_directory = block;
  const std::vector<Check> checks = Checks(zip.Bytes());
  EXPECT_EQ(checks.size(), 6U);
  EXPECT_EQ(checks[0].result, "pass") << checks[0].detail;
  EXPECT_EQ(checks[1].result, "pass") << checks[1].detail;
  return checks[3];
}

TEST(CheckProtected, NamesItsChecksInEveryAnswer) {
  for (const std::string& bytes : {testing::MakeApk(), std::string(), std::string(100, '\0'), testing::MakeIpa()}) {
    const std::vector<Check> checks = Checks(bytes);
    ASSERT_EQ(checks.size(), 6U);
    EXPECT_EQ(checks[0].id, "zip_structure");
    EXPECT_EQ(checks[1].id, "zip_entries");
    EXPECT_EQ(checks[2].id, "kind");
    EXPECT_EQ(checks[3].id, "signing_block");
    EXPECT_EQ(checks[4].id, "signature");
    EXPECT_EQ(checks[5].id, "provisioning");
  }
}

TEST(CheckProtected, PassesWholeArtifacts) {
  EXPECT_EQ(Results(Checks(testing::MakeApk(1000))), "pass pass pass skipped skipped skipped");
  EXPECT_EQ(Results(Checks(testing::MakeAab(1000), ArtifactKind::kAab)), "pass pass pass skipped skipped skipped");
  EXPECT_EQ(Results(Checks(testing::MakeIpa(1000), ArtifactKind::kIpa)), "pass pass pass skipped skipped skipped");
}

TEST(CheckProtected, FailsTheStructureOfACutFile) {
  const std::string whole = testing::MakeApk(100);
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    EXPECT_EQ(Results(Checks(whole.substr(0, size))), "fail skipped skipped skipped skipped skipped") << size;
  }
}

TEST(CheckProtected, FailsTheEntriesForDamagedContentAndBadNames) {
  testing::HandEntry entry{.name = "a", .data = "content"};
  entry.crc = 1;
  EXPECT_EQ(Results(Checks(HandApk({entry}).Bytes())), "pass fail pass skipped skipped skipped");
  EXPECT_EQ(Results(Checks(HandApk({{.name = "../a", .data = "x"}}).Bytes())),
            "pass fail skipped skipped skipped skipped");
  EXPECT_EQ(Results(Checks(HandApk({{.name = "a", .data = "x"}, {.name = "a", .data = "x"}}).Bytes())),
            "pass fail skipped skipped skipped skipped");
}

TEST(CheckProtected, FailsTheKindOfAnotherPackage) {
  EXPECT_EQ(Results(Checks(testing::MakeAab(), ArtifactKind::kApk)), "pass pass fail skipped skipped skipped");
}

TEST(CheckProtected, FailsTheStructureWhereALocalHeaderContradicts) {
  std::string bytes = HandApk({{.name = "some_name", .data = "x"}}).Bytes();
  bytes[bytes.find("some_name")] = 'S';
  const std::vector<Check> checks = Checks(bytes);
  EXPECT_EQ(checks[0].result, "fail");
  EXPECT_EQ(OverallResult(checks), "fail");
}

TEST(CheckProtected, PassesAWellFormedSigningBlockAndNamesItsSchemes) {
  const Check check = SigningBlock(Block(Pair(0x7109871a, "v2") + Pair(0xf05368c0, "v3") + Pair(0x1b93ad61, "v31") +
                                         Pair(0x42726577, std::string(4096, '\0'))));
  EXPECT_EQ(check.result, "pass") << check.detail;
  EXPECT_NE(check.detail.find("v2, v3, v3.1"), std::string::npos) << check.detail;
  EXPECT_EQ(SigningBlock(Block("")).result, "pass");
}

TEST(CheckProtected, FailsASigningBlockWhoseLengthsDoNotFit) {
  const std::string pair = Pair(0x7109871a, "signature");
  EXPECT_EQ(SigningBlock(Block(pair, 1, 0)).result, "fail");
  EXPECT_EQ(SigningBlock(Block(pair, 0, 1)).result, "fail");
  EXPECT_EQ(SigningBlock(Block(pair, -1, -1)).result, "fail");
  EXPECT_EQ(SigningBlock(Block(pair, 8, 8)).result, "fail");
  EXPECT_EQ(SigningBlock(Block(pair, 0, INT64_MAX - 100)).result, "fail");
  EXPECT_EQ(SigningBlock(Block(pair, 0, -40)).result, "fail");
  EXPECT_EQ(SigningBlock(Block(pair.substr(0, pair.size() - 1))).result, "fail");
  EXPECT_EQ(SigningBlock(Block(pair + "x")).result, "fail");
  std::string none;
  Put<std::uint64_t>(none, 3);
  EXPECT_EQ(SigningBlock(Block(none + "abcd")).result, "fail");
  std::string endless;
  Put<std::uint64_t>(endless, UINT64_MAX);
  EXPECT_EQ(SigningBlock(Block(endless + "abcd")).result, "fail");
  EXPECT_EQ(SigningBlock(std::string(8, '\0') + "APK Sig Block 42").result, "fail");
}

TEST(CheckProtected, FailsASigningBlockOfEndlessParts) {
  std::string pairs;
  for (int i = 0; i < 1001; ++i) pairs += Pair(1, "");
  EXPECT_EQ(SigningBlock(Block(pairs)).result, "fail");
}

// One reader would take the first, another the last.
TEST(CheckProtected, FailsASigningBlockWithASchemeTwice) {
  const Check twice = SigningBlock(Block(Pair(0xf05368c0, "a") + Pair(0x7109871a, "b") + Pair(0xf05368c0, "c")));
  EXPECT_EQ(twice.result, "fail");
  EXPECT_NE(twice.detail.find("two v3 parts"), std::string::npos) << twice.detail;
}

TEST(CheckProtected, WarnsOfBytesBeforeTheDirectoryThatAreNoSigningBlock) {
  std::string damaged = Block(Pair(0x7109871a, "signature"));
  damaged.back() = '3';
  EXPECT_EQ(SigningBlock(damaged).result, "warn");
  EXPECT_EQ(SigningBlock(std::string(16, '\0')).result, "skipped");
}

TEST(CheckProtected, LooksForASigningBlockInApksOnly) {
  HandZip zip;
  zip.entries.push_back({.name = "BundleConfig.pb", .data = "c"});
  zip.before_directory = Block("x");
  EXPECT_EQ(Results(Checks(zip.Bytes(), ArtifactKind::kAab)), "pass pass pass skipped skipped skipped");
}

TEST(CheckProtected, NamesTheSignaturesThatAreThere) {
  const auto signature = [](const HandZip& zip, ArtifactKind kind) { return Checks(zip.Bytes(), kind)[4]; };
  const auto v1 = [](const char* block) {
    return HandApk({{.name = "META-INF/CERT.SF", .data = "s"}, {.name = block, .data = "b"}});
  };
  for (const char* block : {"META-INF/CERT.RSA", "META-INF/CERT.DSA", "META-INF/CERT.EC"}) {
    EXPECT_EQ(signature(v1(block), ArtifactKind::kApk).detail, "v1");
  }
  for (const char* other : {"META-INF/CERT.TXT", "META-INF/x/CERT.RSA", "CERT.RSA"}) {
    EXPECT_EQ(signature(v1(other), ArtifactKind::kApk).result, "skipped") << other;
  }
  HandZip both = v1("META-INF/CERT.RSA");
  both.before_directory = Block(Pair(0x7109871a, "v2"));
  EXPECT_EQ(signature(both, ArtifactKind::kApk).result, "pass");
  EXPECT_EQ(signature(both, ArtifactKind::kApk).detail, "v1, v2");
  HandZip empty_block = HandApk();
  empty_block.before_directory = Block("");
  EXPECT_EQ(signature(empty_block, ArtifactKind::kApk).result, "skipped");
  HandZip app;
  app.entries = {{.name = "Payload/A.app/Info.plist", .data = "p"},
                 {.name = "Payload/A.app/_CodeSignature/CodeResources", .data = "r"}};
  EXPECT_EQ(signature(app, ArtifactKind::kIpa).result, "pass");
  app.entries[1].name = "Payload/A.app/PlugIns/B.appex/_CodeSignature/CodeResources";
  EXPECT_EQ(signature(app, ArtifactKind::kIpa).result, "skipped") << "the app itself is not signed";
}

}  // namespace
}  // namespace tegodrop
