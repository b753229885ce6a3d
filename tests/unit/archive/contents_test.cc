// What the entries of an artifact say of it: app, version, commits, signers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/archive/archive.h"
#include "tests/fakes/zip_maker.h"
#include "tests/unit/archive/memory_file.h"

namespace tegodrop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakeZip;
using testing::MemoryFile;
using testing::ZipEntry;

const std::string kSha(40, 'a');
constexpr char kPlace[] = "Payload/Demo.app/Info.plist";

std::string Plist(const std::string& pairs) {
  return R"(<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict>)" + pairs + "</dict></plist>";
}
std::string Pair(const std::string& key, const std::string& value) {
  return "<key>" + key + "</key><string>" + value + "</string>";
}
std::string Demo() {
  return Plist(Pair("CFBundleIdentifier", "com.example.demo") + Pair("CFBundleShortVersionString", "1.2") +
               Pair("CFBundleVersion", "12") + Pair("GitCommit", kSha) + Pair("CFBundleExecutable", "Demo"));
}

SourceVerdict Source(const std::vector<ZipEntry>& entries, ArtifactKind kind) {
  const std::string bytes = MakeZip(entries);
  const MemoryFile file(bytes);
  return CheckSource(file.fd(), bytes.size(), kind, false).value_or(SourceVerdict{});
}

ProtectedFacts Output(const std::vector<ZipEntry>& entries, ArtifactKind kind) {
  const std::string bytes = MakeZip(entries);
  const MemoryFile file(bytes);
  return CheckProtected(file.fd(), bytes.size(), kind).value_or(ProtectedFacts{});
}

TEST(Contents, AnIpaSaysWhichAppItIsAndWhichCommitsWereWrittenIntoIt) {
  const SourceVerdict source = Source({{kPlace, Demo()}}, ArtifactKind::kIpa);
  EXPECT_EQ(source.verdict, ArchiveVerdict::kWhole);
  EXPECT_EQ(source.identity, (AppIdentity{"com.example.demo", "1.2", "12"}));
  EXPECT_THAT(source.commits, ElementsAre(EmbeddedCommit{"GitCommit", kSha}));
  EXPECT_EQ(Output({{kPlace, Demo()}}, ArtifactKind::kIpa).identity, source.identity);
}

TEST(Contents, AnAppInsideOfAnAppDoesNotSpeakForIt) {
  const std::string inner = Plist(Pair("CFBundleIdentifier", "com.example.watch"));
  const SourceVerdict source =
      Source({{"Payload/Demo.app/Watch/W.app/Info.plist", inner}, {kPlace, Demo()}}, ArtifactKind::kIpa);
  EXPECT_EQ(source.identity.package, "com.example.demo");
}

TEST(Contents, TheGradlePluginsFileNamesTheCommitOfAnApkAndOfABundle) {
  const std::string text = "repositories {\n  system: GIT\n  revision: \"" + kSha + "\"\n}\n";
  const SourceVerdict apk =
      Source({{"AndroidManifest.xml", "x"}, {"META-INF/version-control-info.textproto", text}}, ArtifactKind::kApk);
  EXPECT_THAT(apk.commits, ElementsAre(EmbeddedCommit{"revision", kSha}));
  const SourceVerdict aab = Source(
      {{"BundleConfig.pb", "x"}, {"base/root/META-INF/version-control-info.textproto", text}}, ArtifactKind::kAab);
  EXPECT_THAT(aab.commits, ElementsAre(EmbeddedCommit{"revision", kSha}));
  const SourceVerdict elsewhere =
      Source({{"AndroidManifest.xml", "x"}, {"assets/version-control-info.textproto", text}}, ArtifactKind::kApk);
  EXPECT_THAT(elsewhere.commits, IsEmpty());
}

TEST(Contents, AManifestThatCannotBeReadSaysNothingAndIsNoReasonToRefuse) {
  const SourceVerdict source = Source({{"AndroidManifest.xml", "no manifest"}}, ArtifactKind::kApk);
  EXPECT_EQ(source.verdict, ArchiveVerdict::kWhole);
  EXPECT_EQ(source.identity, AppIdentity());
  const ProtectedFacts facts = Output({{"AndroidManifest.xml", "no manifest"}}, ArtifactKind::kApk);
  EXPECT_EQ(OverallResult(facts.checks), "pass");
  EXPECT_NE(facts.manifest_fault, "");
  EXPECT_THAT(Output({{"BundleConfig.pb", "x"}}, ArtifactKind::kAab).manifest_fault, HasSubstr("no manifest"));
}

// Its size is what the central directory says, and that may be gigabytes.
TEST(Contents, AManifestOfManyMegabytesIsNotHeldInMemory) {
  const ProtectedFacts facts =
      Output({{"AndroidManifest.xml", testing::RandomBytes(5U << 20U, 7)}}, ArtifactKind::kApk);
  EXPECT_EQ(OverallResult(facts.checks), "pass");
  EXPECT_THAT(facts.manifest_fault, HasSubstr("larger than"));
}

TEST(Contents, AProvisioningProfileIsTold) {
  const auto of = [](const std::vector<ZipEntry>& entries) { return Output(entries, ArtifactKind::kIpa).checks[5]; };
  EXPECT_EQ(of({{kPlace, Demo()}}).result, "skipped");
  const Check there = of({{kPlace, Demo()}, {"Payload/Demo.app/embedded.mobileprovision", "x"}});
  EXPECT_EQ(there.result, "pass");
  EXPECT_THAT(there.detail, HasSubstr("Payload/Demo.app/embedded.mobileprovision"));
}

TEST(Contents, ASignatureWhoseSignerCannotBeToldSaysWhy) {
  const ProtectedFacts jar =
      Output({{"AndroidManifest.xml", "x"}, {"META-INF/CERT.SF", "s"}, {"META-INF/CERT.RSA", "no signature"}},
             ArtifactKind::kApk);
  EXPECT_THAT(jar.signature_schemes, ElementsAre("v1"));
  EXPECT_THAT(jar.signers, IsEmpty());
  EXPECT_NE(jar.signers_fault, "");
  const ProtectedFacts app = Output({{kPlace, Demo()},
                                     {"Payload/Demo.app/Demo", "no executable"},
                                     {"Payload/Demo.app/_CodeSignature/CodeResources", "r"}},
                                    ArtifactKind::kIpa);
  EXPECT_THAT(app.signature_schemes, ElementsAre("code_signature"));
  EXPECT_NE(app.signers_fault, "");
}

}  // namespace
}  // namespace tegodrop
