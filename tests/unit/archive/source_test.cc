// Whether a dropped file is whole and of its kind.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <thread>

#include "daemon/archive/archive.h"
#include "tests/fakes/zip_maker.h"
#include "tests/unit/archive/hand_zip.h"
#include "tests/unit/archive/memory_file.h"

namespace tegodrop {
namespace {

using testing::HandApk;
using testing::HandEntry;
using testing::HandZip;
using testing::MakeAab;
using testing::MakeApk;
using testing::MakeIpa;
using testing::MakeZip;
using testing::MemoryFile;

SourceVerdict Judge(const std::string& bytes, ArtifactKind kind = ArtifactKind::kApk, bool full_crc = true) {
  const MemoryFile file(bytes);
  const Result<SourceVerdict> verdict = CheckSource(file.fd(), bytes.size(), kind, full_crc);
  EXPECT_TRUE(verdict.has_value()) << verdict.error().message;
  if (!verdict) return {};
  EXPECT_EQ(verdict->reason.empty(), verdict->verdict == ArchiveVerdict::kWhole) << verdict->reason;
  return *verdict;
}

constexpr auto kWhole = ArchiveVerdict::kWhole;
constexpr auto kIncomplete = ArchiveVerdict::kIncomplete;
constexpr auto kNotAnArtifact = ArchiveVerdict::kNotAnArtifact;

TEST(CheckSource, TakesAnArtifactOfEachKindWithAndWithoutItsContent) {
  for (const bool full : {false, true}) {
    EXPECT_EQ(Judge(MakeApk(5000), ArtifactKind::kApk, full).verdict, kWhole);
    EXPECT_EQ(Judge(MakeAab(5000), ArtifactKind::kAab, full).verdict, kWhole);
    EXPECT_EQ(Judge(MakeIpa(5000), ArtifactKind::kIpa, full).verdict, kWhole);
    EXPECT_EQ(Judge(HandApk().Bytes(), ArtifactKind::kApk, full).verdict, kWhole);
  }
}

TEST(CheckSource, RefusesAWholeZipOfAnotherKindAndSaysWhatIsMissing) {
  const SourceVerdict aab_as_apk = Judge(MakeAab(), ArtifactKind::kApk);
  EXPECT_EQ(aab_as_apk.verdict, kNotAnArtifact);
  EXPECT_NE(aab_as_apk.reason.find("AndroidManifest.xml"), std::string::npos) << aab_as_apk.reason;
  const SourceVerdict apk_as_aab = Judge(MakeApk(), ArtifactKind::kAab);
  EXPECT_EQ(apk_as_aab.verdict, kNotAnArtifact);
  EXPECT_NE(apk_as_aab.reason.find("BundleConfig.pb"), std::string::npos) << apk_as_aab.reason;
  const SourceVerdict apk_as_ipa = Judge(MakeApk(), ArtifactKind::kIpa);
  EXPECT_EQ(apk_as_ipa.verdict, kNotAnArtifact);
  EXPECT_NE(apk_as_ipa.reason.find("Info.plist"), std::string::npos) << apk_as_ipa.reason;
}

TEST(CheckSource, RefusesAnEmptyManifestAndAnEmptyZip) {
  EXPECT_EQ(Judge(MakeZip({{"AndroidManifest.xml", "", false}, {"a", "b", false}})).verdict, kNotAnArtifact);
  EXPECT_EQ(Judge(HandZip{}.Bytes()).verdict, kNotAnArtifact);
}

TEST(CheckSource, WantsExactlyOneAppInAnIpaAndDoesNotCountAppsInsideIt) {
  const std::string plist = "Payload/A.app/Info.plist";
  const auto ipa = [](std::vector<testing::ZipEntry> entries) { return Judge(MakeZip(entries), ArtifactKind::kIpa); };
  EXPECT_EQ(ipa({{plist, "p"},
                 {"Payload/A.app/Watch/B.app/Info.plist", "p"},
                 {"Payload/A.app/PlugIns/C.appex/Info.plist", "p"},
                 {"__MACOSX/Payload/A.app/Info.plist", "p"},
                 {"__MACOSX/Payload/A.app/._Info.plist", "p"}})
                .verdict,
            kWhole);
  EXPECT_EQ(ipa({{plist, "p"}, {"Payload/B.app/Info.plist", "p"}}).verdict, kNotAnArtifact);
  EXPECT_EQ(ipa({{"Folder/" + plist, "p"}}).verdict, kNotAnArtifact);
  EXPECT_EQ(ipa({{"Payload/.app/Info.plist", "p"}}).verdict, kNotAnArtifact);
  EXPECT_EQ(ipa({{"Payload/A.app/Watch/B.app/Info.plist", "p"}}).verdict, kNotAnArtifact);
  EXPECT_EQ(ipa({{"payload/A.app/Info.plist", "p"}}).verdict, kNotAnArtifact);
}

TEST(CheckSource, NeverTakesAFileCutAtAnyByteAndCallsItIncomplete) {
  const std::string whole = MakeApk(300);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    for (const bool full : {false, true}) {
      EXPECT_EQ(Judge(whole.substr(0, size), ArtifactKind::kApk, full).verdict, kIncomplete) << size;
    }
  }
}

TEST(CheckSource, NeverTakesAFileWhoseRestIsStillZero) {
  const std::string whole = MakeApk(300);
  for (std::size_t written = 0; written + 22 <= whole.size(); written += 3) {
    std::string bytes = whole;
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(written), bytes.end(), '\0');
    EXPECT_EQ(Judge(bytes, ArtifactKind::kApk, false).verdict, kIncomplete) << written;
  }
}

TEST(CheckSource, NeverTakesAFileWhoseBeginningIsStillZero) {
  const std::string whole = MakeApk(300);
  std::string bytes = whole;
  for (std::size_t missing = 1; missing < whole.size(); ++missing) {
    bytes[missing - 1] = '\0';
    EXPECT_EQ(Judge(bytes, ArtifactKind::kApk, false).verdict, kIncomplete) << missing;
  }
}

TEST(CheckSource, FindsAZeroFilledMiddleOnlyByInflating) {
  for (const bool deflated : {false, true}) {
    std::string bytes = MakeZip({{"AndroidManifest.xml", "m", false},
                                 {"lib/a.so", testing::RandomBytes(200'000, 7), deflated},
                                 {"z", "z", false}});
    std::fill(bytes.begin() + 50'000, bytes.begin() + 150'000, '\0');
    EXPECT_EQ(Judge(bytes, ArtifactKind::kApk, false).verdict, kWhole);
    const SourceVerdict verdict = Judge(bytes, ArtifactKind::kApk, true);
    EXPECT_EQ(verdict.verdict, kIncomplete);
    EXPECT_NE(verdict.reason.find("lib/a.so"), std::string::npos) << verdict.reason;
  }
}

TEST(CheckSource, FindsEveryFlippedByteOfTheContent) {
  const std::string whole = MakeApk(400);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0xFF);
    Judge(bytes);  // whatever it says, it says something
  }
  // By hand it is known where the content lies.
  HandEntry stored{.name = "stored", .data = testing::RandomBytes(300, 3)};
  const std::string by_hand = HandApk({stored}).Bytes();
  const std::size_t begin = by_hand.find(stored.data);
  ASSERT_NE(begin, std::string::npos);
  for (std::size_t at = begin; at < begin + stored.data.size(); ++at) {
    for (const int bit : {0, 3, 7}) {
      std::string bytes = by_hand;
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
      EXPECT_EQ(Judge(bytes).verdict, kIncomplete) << at;
    }
  }
}

TEST(CheckSource, TakesACommentOfAnyLengthAndNothingBehindIt) {
  for (const std::size_t length : {1U, 100U, 65534U, 65535U}) {
    HandZip zip = HandApk();
    zip.comment = std::string(length, 'c');
    const std::string bytes = zip.Bytes();
    EXPECT_EQ(Judge(bytes).verdict, kWhole) << length;
    EXPECT_EQ(Judge(bytes + "x").verdict, kIncomplete) << length;
    EXPECT_EQ(Judge(bytes.substr(0, bytes.size() - 1)).verdict, kIncomplete) << length;
  }
  HandZip zip = HandApk();
  zip.trailing = std::string(70'000, '\0');
  EXPECT_EQ(Judge(zip.Bytes()).verdict, kIncomplete);
}

TEST(CheckSource, IsNotMisledByAnEndRecordInsideTheComment) {
  HandZip zip = HandApk();
  // Reaches the end of the file, but no directory meets it.
  zip.comment = HandApk().Bytes().substr(HandApk().Bytes().size() - 22);
  EXPECT_EQ(Judge(zip.Bytes()).verdict, kWhole);
  // Does not reach the end.
  zip.comment += "more";
  EXPECT_EQ(Judge(zip.Bytes()).verdict, kWhole);
}

TEST(CheckSource, RefusesTwoEndRecordsThatBothCouldBeMeant) {
  HandZip zip = HandApk();
  std::string second;
  testing::Put<std::uint32_t>(second, 0x06054b50);
  second.append(8, '\0');
  testing::Put<std::uint32_t>(second, 0);
  testing::Put(second, static_cast<std::uint32_t>(zip.Bytes().size()));
  testing::Put<std::uint16_t>(second, 0);
  zip.comment = second;
  const SourceVerdict verdict = Judge(zip.Bytes());
  EXPECT_EQ(verdict.verdict, kNotAnArtifact);
  EXPECT_NE(verdict.reason.find("two end records"), std::string::npos) << verdict.reason;
}

TEST(CheckSource, WantsTheDirectoryToMeetTheEndRecord) {
  for (const std::int64_t shift : {-1, 1, 1000, -1000, 0x70000000}) {
    HandZip zip = HandApk();
    zip.directory_shift = shift;
    EXPECT_EQ(Judge(zip.Bytes()).verdict, kIncomplete) << shift;
    zip.zip64 = true;
    EXPECT_EQ(Judge(zip.Bytes()).verdict, kIncomplete) << shift;
  }
}

TEST(CheckSource, TakesDataDescriptorsAndZip64Entries) {
  HandEntry entry{.name = "a", .data = "content"};
  entry.descriptor = true;
  EXPECT_EQ(Judge(HandApk({entry}).Bytes()).verdict, kWhole);
  entry.descriptor = false;
  entry.zip64 = true;
  HandZip zip = HandApk({entry});
  EXPECT_EQ(Judge(zip.Bytes()).verdict, kWhole);
  zip.zip64 = true;
  EXPECT_EQ(Judge(zip.Bytes()).verdict, kWhole);
  zip.zip64_extensible = 40;
  zip.comment = "with a comment";
  EXPECT_EQ(Judge(zip.Bytes()).verdict, kWhole);
}

TEST(CheckSource, TakesSizesInALocalHeaderThatADescriptorOverrides) {
  HandEntry entry{.name = "a", .data = "content"};
  entry.descriptor = true;
  for (const std::uint32_t size : {7U, 99U}) {
    entry.idle_size = size;
    EXPECT_EQ(Judge(HandApk({entry}).Bytes()).verdict, kWhole) << size;
  }
  // Whatever else is asked of entries still holds.
  entry.crc = 1;
  EXPECT_EQ(Judge(HandApk({entry}).Bytes()).verdict, kIncomplete);
  entry.crc.reset();
  EXPECT_EQ(Judge(HandApk({entry, entry}).Bytes()).verdict, kNotAnArtifact);
  std::string renamed = HandApk({entry, {.name = "some_name", .data = "x"}}).Bytes();
  renamed[renamed.find("some_name")] = 'S';
  EXPECT_EQ(Judge(renamed, ArtifactKind::kApk, false).verdict, kIncomplete);
}

TEST(CheckSource, NeverTakesAZip64FileCutAtAnyByte) {
  HandEntry entry{.name = "a", .data = "content"};
  entry.zip64 = true;
  HandZip zip = HandApk({entry});
  zip.zip64 = true;
  const std::string whole = zip.Bytes();
  ASSERT_EQ(Judge(whole).verdict, kWhole);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(Judge(whole.substr(0, size)).verdict, kIncomplete) << size;
  }
}

TEST(CheckSource, LooksOnlyAtTheBytesItWasTold) {
  const std::string whole = MakeApk(100);
  const MemoryFile longer(whole + "is still growing");
  EXPECT_EQ(CheckSource(longer.fd(), whole.size(), ArtifactKind::kApk, true)->verdict, kWhole);
  const MemoryFile shorter(whole.substr(0, whole.size() - 100));
  EXPECT_EQ(CheckSource(shorter.fd(), whole.size(), ArtifactKind::kApk, true)->verdict, kIncomplete);
}

TEST(CheckSource, SaysThatTheDiskFailedAndNotThatTheFileIsBad) {
  const int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_GE(folder, 0);
  const Result<SourceVerdict> verdict = CheckSource(folder, 1000, ArtifactKind::kApk, true);
  ASSERT_FALSE(verdict.has_value());
  EXPECT_EQ(verdict.error().kind, ErrorKind::kLocalDisk);
  EXPECT_EQ(verdict.error().sys, EISDIR);
  const Result<ProtectedFacts> checks = CheckProtected(folder, 1000, ArtifactKind::kApk);
  ASSERT_FALSE(checks.has_value());
  EXPECT_EQ(checks.error().kind, ErrorKind::kLocalDisk);
  close(folder);
}

TEST(CheckSource, LeavesTheDescriptorsPositionAloneAndServesSeveralThreads) {
  const std::string whole = MakeApk(600'000);
  const MemoryFile file(whole);
  ASSERT_EQ(lseek(file.fd(), 123, SEEK_SET), 123);
  std::vector<std::thread> threads;
  std::array<ArchiveVerdict, 4> verdicts{};
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 5; ++round) {
        verdicts[i] = CheckSource(file.fd(), whole.size(), ArtifactKind::kApk, true)->verdict;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const ArchiveVerdict verdict : verdicts) EXPECT_EQ(verdict, kWhole);
  EXPECT_EQ(lseek(file.fd(), 0, SEEK_CUR), 123);
}

}  // namespace
}  // namespace tegodrop
