// Uploads of artifacts whose content this life has hashed already, when they were admitted.
#include <gtest/gtest.h>

#include "tests/unit/upload/parts_rig.h"

namespace tegodrop::testing {
namespace {

using S = JobState;

constexpr std::uint64_t kBlock = Fingerprint::kBlock;
constexpr std::size_t kSize = 2 * kBlock + 4321;
constexpr int kBlocks = 3;

// What intake does.
void Admit(Rig& rig) {
  RememberedDigest digest(&rig.fingerprints, rig.random);
  digest.Update(rig.content.data(), rig.content.size());
  ASSERT_EQ(digest.FinishHex(), rig.row().artifact.sha256);
}

struct AdmittedParts : PartsRig {
  explicit AdmittedParts(const std::function<void(Job&)>& change = {}, std::uint64_t chunk = kBlock)
      : PartsRig(change, {4, Token()}, kSize), chunk_size(chunk) {
    Admit(*this);
  }
  void Go() {
    const auto parts = static_cast<int>((kSize + chunk_size - 1) / chunk_size);
    portal.uploads.answers.push_back(PartsGrant("up-1", 1'700'000'000, parts, chunk_size));
    portal.completions.answers.push_back(Status{});
    Start();
    Serve();
  }
  const std::uint64_t chunk_size;
};

TEST(UploadFingerprint, PartsOfAnAdmittedArtifactAreReadOnce) {
  AdmittedParts rig;
  rig.Go();
  ASSERT_EQ(rig.row().state, S::kSubmitted) << rig.error().message;
  EXPECT_EQ(rig.fs.bytes_read, kSize) << "no second reading to hash the whole";
  for (int number = 1; number <= kBlocks; ++number) {
    const std::size_t at = static_cast<std::size_t>(number - 1) * kBlock;
    EXPECT_TRUE(rig.store["up-1"][number].bytes == rig.content.substr(at, kBlock)) << number;
  }
}

TEST(UploadFingerprint, ASinglePutOfAnAdmittedArtifactIsReadOnceAndHeldAgainstIt) {
  Rig rig(RandomBytes(kSize));
  Admit(rig);
  rig.StartToPut();
  rig.Send();
  rig.Answer(200);
  EXPECT_EQ(rig.row().state, S::kSubmitted);
  EXPECT_TRUE(rig.transfer.calls.back()->sent == rig.content);
  EXPECT_EQ(rig.fs.bytes_read, kSize);
}

// Each byte is read once, by the loop where it is in memory and by a worker where it is not.
TEST(UploadFingerprint, WhatIsInMemoryIsReadWithoutAWorker) {
  for (const std::uint64_t cached : {std::uint64_t{1}, std::uint64_t{1000}, kBlock - 7, kBlock + 1000, UINT64_MAX}) {
    for (const std::size_t largest : {std::size_t{999}, SIZE_MAX}) {
      AdmittedParts parts;
      parts.fs.cached = cached;
      parts.fs.largest_read = largest;
      parts.Go();
      ASSERT_EQ(parts.row().state, S::kSubmitted) << parts.error().message;
      EXPECT_EQ(parts.fs.bytes_read + parts.fs.bytes_cached, kSize) << cached;
      EXPECT_EQ(parts.fs.bytes_cached, std::min<std::uint64_t>(cached, kSize));
      for (int number = 1; number <= kBlocks; ++number) {
        const std::size_t at = static_cast<std::size_t>(number - 1) * kBlock;
        EXPECT_TRUE(parts.store["up-1"][number].bytes == parts.content.substr(at, kBlock)) << number;
      }

      Rig single(RandomBytes(kSize));
      Admit(single);
      single.fs.cached = cached;
      single.fs.largest_read = largest;
      single.StartToPut();
      single.Send();
      single.Answer(200);
      ASSERT_EQ(single.row().state, S::kSubmitted) << single.error().message;
      EXPECT_TRUE(single.transfer.calls.back()->sent == single.content);
      EXPECT_EQ(single.fs.bytes_read + single.fs.bytes_cached, kSize) << cached;
    }
  }
}

TEST(UploadFingerprint, TheKernelIsToldWhatWillBeReadFromTheDisk) {
  AdmittedParts parts;
  parts.Go();
  ASSERT_EQ(parts.row().state, S::kSubmitted) << parts.error().message;
  EXPECT_EQ(parts.fs.hinted, kSize) << "all of it, and nothing behind it";

  AdmittedParts cached;
  cached.fs.cached = UINT64_MAX;
  cached.Go();
  EXPECT_EQ(cached.fs.hinted, 0U) << "none of it comes from there";
}

// Its fingerprint is what lets the loop read it at its pace; hashing would hold the loop up.
TEST(UploadFingerprint, WhatHasToBeHashedIsReadByWorkers) {
  PartsRig rig({}, {4, Rig::Token()}, kSize);
  rig.fs.cached = UINT64_MAX;
  rig.portal.uploads.answers.push_back(PartsGrant("up-1", 1'700'000'000, kBlocks, kBlock));
  rig.portal.completions.answers.push_back(Status{});
  rig.Start();
  rig.Serve();
  ASSERT_EQ(rig.row().state, S::kSubmitted) << rig.error().message;
  EXPECT_EQ(rig.fs.bytes_cached, 0U);
}

TEST(UploadFingerprint, WhatCannotBeReadFromMemoryNorByAWorkerEndsTheUpload) {
  AdmittedParts rig;
  rig.fs.cached = UINT64_MAX;
  rig.fs.fail_reads_beyond = kBlock + 500'000;
  rig.Go();
  EXPECT_EQ(rig.error().kind, ErrorKind::kLocalDisk) << rig.error().message;
  EXPECT_GT(rig.fs.bytes_cached, 0U);
  EXPECT_TRUE(rig.portal.completed.empty());
}

class OtherBytes : public ::testing::TestWithParam<std::uint64_t> {};  // how many of them are in memory
INSTANTIATE_TEST_SUITE_P(, OtherBytes, ::testing::Values(0, kBlock + 99, UINT64_MAX));

TEST_P(OtherBytes, ThanWereAdmittedNeverArrive) {
  for (const std::uint64_t at : {std::uint64_t{0}, kBlock - 1, kBlock, kBlock + 99, 2 * kBlock + 4320}) {
    AdmittedParts parts;
    parts.fs.cached = GetParam();
    parts.file.Overwrite(at, std::string(1, static_cast<char>(parts.content[static_cast<std::size_t>(at)] ^ 1)));
    parts.Go();
    EXPECT_EQ(parts.error().kind, ErrorKind::kCorrupt) << at;
    EXPECT_NE(parts.error().message.find("app.apk: the claimed file is not the one that was admitted"),
              std::string::npos)
        << parts.error().message;
    EXPECT_TRUE(parts.portal.completed.empty()) << at;
    EXPECT_FALSE(parts.RecordedParts().contains(static_cast<int>(at / kBlock) + 1)) << "that part counts for nothing";

    Rig single(RandomBytes(kSize));
    single.fs.cached = GetParam();
    Admit(single);
    single.file.Overwrite(at, std::string(1, static_cast<char>(single.content[static_cast<std::size_t>(at)] ^ 1)));
    single.StartToPut();
    single.Send();
    EXPECT_EQ(single.error().kind, ErrorKind::kCorrupt) << at;
    EXPECT_LT(single.transfer.calls.back()->sent.size(), kSize) << "the last chunk stays";
    for (const Job& row : single.record.saved) EXPECT_EQ(row.last_chunk_left, 0);
  }
}

TEST(UploadFingerprint, AFileThatIsTouchedAfterItWasReadIsLookedAtAgain) {
  AdmittedParts rig;
  rig.held.insert(kBlocks);
  rig.Go();
  EXPECT_EQ(rig.done_calls, 0);
  rig.file.Overwrite(0, "other");
  rig.held.clear();
  rig.Serve();
  EXPECT_EQ(rig.error().kind, ErrorKind::kRetry);
  EXPECT_TRUE(rig.portal.completed.empty());
}

TEST(UploadFingerprint, PartsThatAreNoWholeBlocksAreHashedAsEver) {
  AdmittedParts rig({}, kBlock + 1);
  rig.Go();
  ASSERT_EQ(rig.row().state, S::kSubmitted) << rig.error().message;
  EXPECT_EQ(rig.fs.bytes_read, 2 * kSize);
}

// What an upload that died had confirmed was held against what was admitted, and need not be read again for it.
TEST(UploadFingerprint, ConfirmedPartsCountInTheNextAttempt) {
  AdmittedParts first;
  first.held = {2};
  first.Go();
  first.handle.reset();
  first.queue.RunAll();
  EXPECT_EQ(first.RecordedParts(), (std::set<int>{1, 3}));

  AdmittedParts second(From(first.row()));
  second.portal.completions.answers.push_back(Status{});
  second.Start();
  second.Serve();
  ASSERT_EQ(second.row().state, S::kSubmitted) << second.error().message;
  EXPECT_EQ(second.transfer.calls.size(), 1U);
  EXPECT_EQ(second.fs.bytes_read, kBlock);

  // After a restart nothing is known of what was admitted but its SHA-256: the whole is read.
  PartsRig restarted(From(first.row()), {4, Rig::Token()}, kSize);
  restarted.portal.completions.answers.push_back(Status{});
  restarted.Start();
  restarted.Serve();
  ASSERT_EQ(restarted.row().state, S::kSubmitted) << restarted.error().message;
  EXPECT_EQ(restarted.transfer.calls.size(), 1U);
  EXPECT_EQ(restarted.fs.bytes_read, kBlock + kSize);
}

TEST(UploadFingerprint, PartsThatWereHashedAloneAreComparedWithTheWhole) {
  Job row;
  {
    PartsRig unknown({}, {4, Rig::Token()}, kSize);  // of an admission that this life knows nothing of
    unknown.held = {2};
    unknown.portal.uploads.answers.push_back(PartsGrant("up-1", 1'700'000'000, kBlocks, kBlock));
    unknown.Start();
    unknown.Serve();
    unknown.handle.reset();
    unknown.queue.RunAll();
    row = unknown.row();
  }
  ASSERT_FALSE(row.multipart->parts.empty());
  row.multipart->parts.front().sha256 = std::string(64, '0');  // the file was another one then
  AdmittedParts rig(From(row));
  rig.portal.completions.answers.push_back(Status{});
  rig.Start();
  rig.Serve();
  ASSERT_EQ(rig.row().state, S::kSubmitted) << rig.error().message;
  EXPECT_EQ(rig.log.Count("upload.parts_again"), 1);
  EXPECT_EQ(rig.TriesOf(1), 1);
}

}  // namespace
}  // namespace tegodrop::testing
