// ZIP files that want to harm: bombs, names, contradictions, and thousands of damaged ones.
#include <gtest/gtest.h>
#include <zlib.h>

#include <ctime>
#include <fstream>
#include <random>

#include "daemon/archive/archive.h"
#include "tests/fakes/zip_maker.h"
#include "tests/unit/archive/hand_zip.h"
#include "tests/unit/archive/memory_file.h"

namespace tegodrop {
namespace {

using testing::HandApk;
using testing::HandEntry;
using testing::HandZip;
using testing::MemoryFile;

constexpr std::uint64_t kMiB = 1ULL << 20U;

SourceVerdict Judge(const std::string& bytes, bool full_crc = true) {
  const MemoryFile file(bytes);
  const Result<SourceVerdict> verdict = CheckSource(file.fd(), bytes.size(), ArtifactKind::kApk, full_crc);
  EXPECT_TRUE(verdict.has_value());
  return verdict.value_or(SourceVerdict{});
}

void ExpectRefused(const HandZip& zip, const std::string& word) {
  for (const bool full : {false, true}) {
    const SourceVerdict verdict = Judge(zip.Bytes(), full);
    EXPECT_EQ(verdict.verdict, ArchiveVerdict::kNotAnArtifact) << word;
    EXPECT_NE(verdict.reason.find(word), std::string::npos) << verdict.reason;
  }
}

// Raw deflate, as ZIP entries hold it.
std::string Deflated(const std::string& data) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(HostileZip, RefusesAnEntryThatInflatesAThousandfold) {
  const std::string zeros(20 * kMiB, '\0');
  const std::string packed = Deflated(zeros);
  ASSERT_GT(zeros.size() / packed.size(), 1000U);
  HandEntry bomb{.name = "bomb", .data = packed};
  bomb.method = 8;
  bomb.size = zeros.size();
  bomb.crc = HandZip::Crc(zeros);
  ExpectRefused(HandApk({bomb}), "1000 times");
}

TEST(HostileZip, TakesASmallEntryOfZerosAndALargeOneThatDeflatesWell) {
  for (const std::size_t size : {std::size_t{9 * kMiB}, std::size_t{12 * kMiB}}) {
    std::string content(size, '\0');
    if (size > 10 * kMiB) content.replace(0, 40'000, testing::RandomBytes(40'000, 5));
    HandEntry entry{.name = "big", .data = Deflated(content)};
    entry.method = 8;
    entry.size = content.size();
    entry.crc = HandZip::Crc(content);
    EXPECT_EQ(Judge(HandApk({entry}).Bytes()).verdict, ArchiveVerdict::kWhole);
  }
}

// 16 GiB of zeros as raw deflate: one flushed block of them, many times over.
std::string EndlessZeros() {
  const std::string zeros(16 * kMiB, '\0');
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string block(deflateBound(&stream, zeros.size()) + 16, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zeros.data()));
  stream.avail_in = static_cast<uInt>(zeros.size());
  stream.next_out = reinterpret_cast<Bytef*>(block.data());
  stream.avail_out = static_cast<uInt>(block.size());
  EXPECT_EQ(deflate(&stream, Z_FULL_FLUSH), Z_OK);
  block.resize(stream.total_out);
  deflateEnd(&stream);
  std::string out;
  for (int i = 0; i < 1024; ++i) out += block;
  return out;
}

TEST(HostileZip, StopsAtTheDeclaredSizeOfAnEntryThatInflatesToMore) {
  HandEntry liar{.name = "liar", .data = EndlessZeros()};
  liar.method = 8;
  liar.size = 1000;
  liar.crc = HandZip::Crc(std::string(1000, '\0'));
  const std::string bytes = HandApk({liar}).Bytes();
  const std::clock_t before = std::clock();
  const SourceVerdict verdict = Judge(bytes);
  // Of this process's own time: inflating all of it takes some twenty seconds.
  EXPECT_LT(std::clock() - before, 3 * CLOCKS_PER_SEC);
  EXPECT_EQ(verdict.verdict, ArchiveVerdict::kIncomplete);
  EXPECT_NE(verdict.reason.find("liar"), std::string::npos) << verdict.reason;
}

TEST(HostileZip, RefusesManyEntriesThatAreLargeTogether) {
  std::vector<HandEntry> entries;
  for (int i = 0; i < 900; ++i) {
    HandEntry entry{.name = "e" + std::to_string(i), .data = "x"};
    entry.method = 8;
    entry.size = 10 * kMiB;
    entries.push_back(entry);
  }
  ExpectRefused(HandApk(entries), "8 GiB");
}

TEST(HostileZip, RefusesSizesWhoseSumWouldOverflow) {
  std::vector<HandEntry> entries;
  for (int i = 0; i < 3; ++i) {
    HandEntry entry{.name = "e" + std::to_string(i), .data = "x"};
    entry.zip64 = true;
    entry.size = UINT64_MAX / 2;
    entries.push_back(entry);
  }
  for (const bool full : {false, true}) {
    EXPECT_EQ(Judge(HandApk(entries).Bytes(), full).verdict, ArchiveVerdict::kNotAnArtifact);
  }
}

TEST(HostileZip, RefusesMoreEntriesThanAnyPackageHas) {
  HandZip zip = HandApk();
  zip.zip64 = true;
  for (const std::uint64_t count : {std::uint64_t{200'001}, std::uint64_t{1} << 60U, UINT64_MAX}) {
    zip.entry_count = count;
    ExpectRefused(zip, "200,000 entries");
  }
}

TEST(HostileZip, RefusesExtraFieldsThatWouldFillTheMemory) {
  HandEntry padded{.name = "p", .data = "x"};
  for (const bool local : {false, true}) {
    std::vector<HandEntry> entries;
    for (int i = 0; i < 40; ++i) {
      padded.name = "p" + std::to_string(i);
      (local ? padded.local_extra : padded.central_extra) = std::string(60'000, '\0');
      entries.push_back(padded);
    }
    ExpectRefused(HandApk(entries), "extra fields");
    padded.local_extra.clear();
    padded.central_extra.clear();
  }
}

TEST(HostileZip, TakesThePaddingOfZipalign) {
  for (const std::size_t padding : {1U, 2U, 3U, 4U, 8U, 4096U, 16380U}) {
    HandEntry aligned{.name = "lib/a.so", .data = "x"};
    aligned.local_extra = std::string(padding, '\0');
    EXPECT_EQ(Judge(HandApk({aligned}).Bytes()).verdict, ArchiveVerdict::kWhole) << padding;
  }
}

TEST(HostileZip, RefusesEntriesThatShareBytes) {
  HandZip zip = HandApk({{.name = "a", .data = std::string(100, 'a')}});
  HandEntry quoted{.name = "b", .data = ""};
  quoted.offset = zip.Bytes().find("PK\3\4", 10);
  quoted.compressed = quoted.size = 100;
  zip.entries.push_back(quoted);
  ExpectRefused(zip, "overlap");
}

TEST(HostileZip, RefusesNamesThatLeadOutOfTheFolder) {
  for (const char* name :
       {"../a", "a/../b", "a/..", "..", "/a", "\\a", "..\\a", "a\\..\\b", "a/..\\b", "C:\\a", "c:a", "C:/a"}) {
    ExpectRefused(HandApk({{.name = name, .data = "x"}}), "name is absolute");
  }
  ExpectRefused(HandApk({{.name = "", .data = "x"}}), "name is absolute, empty");
  ExpectRefused(HandApk({{.name = std::string("a\0b", 3), .data = "x"}}), "name is absolute");
  ExpectRefused(HandApk({{.name = std::string(5000, 'n'), .data = "x"}}), "4096 bytes");
}

TEST(HostileZip, TakesNamesThatOnlyLookOdd) {
  for (const char* name : {"..a", "a..", "a/...", "a/.b", "a\\b", "a//b", "ab:c/d", "\xC3\xA4", "\xFF\xFE", "a b"}) {
    EXPECT_EQ(Judge(HandApk({{.name = name, .data = "x"}}).Bytes()).verdict, ArchiveVerdict::kWhole) << name;
  }
}

TEST(HostileZip, PrintsAHostileNameWithoutItsControlBytes) {
  const SourceVerdict verdict = Judge(HandApk({{.name = "../\x1b[31m\n", .data = "x"}}).Bytes());
  EXPECT_NE(verdict.reason.find("\\x1b"), std::string::npos) << verdict.reason;
  EXPECT_EQ(verdict.reason.find('\n'), std::string::npos);
  EXPECT_EQ(verdict.reason.find('\x1b'), std::string::npos);
}

TEST(HostileZip, RefusesTwoEntriesOfOneName) {
  ExpectRefused(HandApk({{.name = "a", .data = "1"}, {.name = "a", .data = "2"}}), "same name");
  ExpectRefused(HandApk({testing::Manifest()}), "same name");
}

TEST(HostileZip, RefusesEncryptedAndUnknownCompression) {
  HandEntry entry{.name = "secret", .data = "x"};
  entry.flags = 1;
  ExpectRefused(HandApk({entry}), "encrypted");
  entry.flags = 0;
  entry.method = 77;
  ExpectRefused(HandApk({entry}), "unknown method (77)");
}

TEST(HostileZip, CallsADirectoryThatLiesAboutItsEntriesIncomplete) {
  for (const std::uint64_t count : {0, 1, 3}) {
    HandZip zip = HandApk({{.name = "a", .data = "x"}});
    zip.entry_count = count;
    EXPECT_EQ(Judge(zip.Bytes()).verdict, ArchiveVerdict::kIncomplete) << count;
  }
  for (const std::uint64_t offset : {std::uint64_t{5}, std::uint64_t{100'000}, std::uint64_t{0xFFFFFFFE}}) {
    HandEntry stray{.name = "a", .data = "x"};
    stray.offset = offset;
    EXPECT_EQ(Judge(HandApk({stray}).Bytes()).verdict, ArchiveVerdict::kIncomplete) << offset;
  }
  HandEntry far{.name = "a", .data = "x"};
  far.zip64 = true;
  far.offset = UINT64_MAX;
  EXPECT_EQ(Judge(HandApk({far}).Bytes()).verdict, ArchiveVerdict::kIncomplete);
  HandEntry wide{.name = "a", .data = "x"};
  wide.zip64 = true;
  wide.compressed = UINT64_MAX;
  EXPECT_EQ(Judge(HandApk({wide}).Bytes()).verdict, ArchiveVerdict::kIncomplete);
}

// Peak memory of this process in KiB.
long PeakKiB() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stol(line.substr(6));
  }
  return -1;
}

TEST(HostileZip, InflatesALargeEntryInLittleMemory) {
  constexpr std::uint64_t kSize = 200 * kMiB;
  const std::string block(kMiB, '\0');
  std::uint32_t crc = 0;
  for (std::uint64_t i = 0; i < kSize / kMiB; ++i) {
    crc = static_cast<std::uint32_t>(crc32(crc, reinterpret_cast<const Bytef*>(block.data()), kMiB));
  }
  // The content is a hole: the head of the ZIP, zeros that nobody wrote, the rest.
  HandZip zip = HandApk();
  HandEntry large{.name = "large", .data = ""};
  large.crc = crc;
  large.size = large.compressed = kSize;
  zip.entries.push_back(large);
  zip.directory_shift = kSize;
  const std::string bytes = zip.Bytes();
  const std::size_t split = bytes.find("PK\1\2");
  const MemoryFile file(bytes.substr(0, split));
  const std::string rest = bytes.substr(split);
  ASSERT_EQ(pwrite(file.fd(), rest.data(), rest.size(), static_cast<off_t>(split + kSize)),
            static_cast<ssize_t>(rest.size()));
  const long before = PeakKiB();
  ASSERT_GT(before, 0);
  const Result<SourceVerdict> verdict = CheckSource(file.fd(), bytes.size() + kSize, ArtifactKind::kApk, true);
  ASSERT_TRUE(verdict.has_value());
  EXPECT_EQ(verdict->verdict, ArchiveVerdict::kWhole) << verdict->reason;
  EXPECT_LT(PeakKiB() - before, 16 * 1024);
}

TEST(HostileZip, SurvivesThousandsOfMutations) {
  std::mt19937_64 random(20260101);
  HandEntry wide{.name = "wide", .data = "w"};
  wide.zip64 = true;
  HandEntry late{.name = "late", .data = "l"};
  late.descriptor = true;
  late.idle_size = 7;
  HandZip zip64 = HandApk({wide, late});
  zip64.zip64 = true;
  zip64.comment = "comment";
  const std::vector<std::string> seeds = {testing::MakeApk(200), HandApk({late}).Bytes(), zip64.Bytes()};
  int whole = 0;
  int refused = 0;
  constexpr int kRounds = 6000;
  for (int round = 0; round < kRounds; ++round) {
    std::string bytes = seeds[random() % seeds.size()];
    const std::uint64_t changes = 1 + random() % 6;
    for (std::uint64_t i = 0; i < changes && !bytes.empty(); ++i) {
      // Structure sits at the end: half of the changes go there.
      const std::size_t reach = random() % 2 == 0 ? bytes.size() : std::min<std::size_t>(bytes.size(), 300);
      const std::size_t at = bytes.size() - 1 - random() % reach;
      switch (random() % 6) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes[at] = random() % 2 == 0 ? '\0' : '\xFF';
          break;
        case 2:
          bytes.erase(at, 1 + random() % 8);
          break;
        case 3:
          bytes.insert(at, testing::RandomBytes(1 + random() % 8, random()));
          break;
        case 4:
          for (std::size_t k = at; k < std::min(bytes.size(), at + 8); ++k) bytes[k] = '\xFF';
          break;
        default:
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
      }
    }
    const MemoryFile file(bytes);
    const Result<SourceVerdict> verdict = CheckSource(file.fd(), bytes.size(), ArtifactKind::kApk, true);
    const Result<ProtectedFacts> facts = CheckProtected(file.fd(), bytes.size(), ArtifactKind::kApk);
    ASSERT_TRUE(verdict.has_value());
    ASSERT_TRUE(facts.has_value());
    const std::vector<Check>& checks = facts->checks;
    ASSERT_EQ(checks.size(), 6U);
    if (verdict->verdict == ArchiveVerdict::kWhole) ++whole;
    if (OverallResult(checks) == "fail") ++refused;
    // What one takes the other does not call broken, but for the signing block, which only the second looks at.
    if (verdict->verdict == ArchiveVerdict::kWhole) {
      EXPECT_EQ(checks[0].result, "pass");
      EXPECT_EQ(checks[1].result, "pass");
      EXPECT_EQ(checks[2].result, "pass");
    }
  }
  EXPECT_GT(refused, kRounds / 2);
  EXPECT_LT(whole, kRounds / 2);
}

}  // namespace
}  // namespace tegodrop
