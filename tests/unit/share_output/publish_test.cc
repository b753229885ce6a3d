// Publishing a delivery: what appears, under which name, and what never happens to what is there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "tests/unit/share_output/output_place.h"

namespace tegodrop::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr char kName[] = "app-protected-1700000000.apk";
constexpr char kBytes[] = "PK protected bytes";

class PublishTest : public ::testing::Test {
 protected:
  void Stage() { place.Stage(request.staging_name, kBytes); }
  Result<PublishOutcome> Publish() { return place.Ops().Publish(request); }
  void ExpectPublished() {
    auto outcome = Publish();
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(*outcome, PublishOutcome::kPublished);
  }
  void ExpectOutcome(PublishOutcome expected) {
    auto outcome = Publish();
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(*outcome, expected);
  }

  OutputPlace place;
  PublishRequest request = DeliveryOf(kName, kBytes);
  const std::string checksum_name = std::string(kName) + ".sha256";
  const std::string trace_name = std::string(kName) + ".trace.json";
};

TEST_F(PublishTest, FileChecksumAndTraceAppearWithTheirContents) {
  Stage();
  ExpectPublished();
  EXPECT_THAT(place.Names(), UnorderedElementsAre(kName, checksum_name, request.provenance_name, trace_name));
  EXPECT_EQ(place.Read(kName), kBytes);
  EXPECT_EQ(place.Read(checksum_name), request.checksum);
  EXPECT_EQ(place.Read(request.provenance_name), request.provenance);
  EXPECT_EQ(place.Read(trace_name), request.trace);
}

TEST_F(PublishTest, ModeHoldsWhateverTheUmask) {
  const mode_t before = umask(077);
  request.mode = 0640;
  Stage();
  ExpectPublished();
  umask(before);
  for (const std::string& name : {std::string(kName), checksum_name, request.provenance_name, trace_name}) {
    EXPECT_EQ(place.Mode(name), 0640U) << name;
  }
  EXPECT_EQ(place.Mode(".tegodrop"), 0750U);
  EXPECT_EQ(place.Mode(".tegodrop/staging"), 0750U);
}

TEST_F(PublishTest, FilesHaveTheOutputFoldersGroup) {
  if (geteuid() == 0) {
    ASSERT_EQ(chown(place.path.c_str(), static_cast<uid_t>(-1), 12345), 0);
  }
  struct stat folder {};
  ASSERT_EQ(stat(place.path.c_str(), &folder), 0);
  Stage();
  ExpectPublished();
  for (const std::string& name : {std::string(kName), checksum_name, trace_name, std::string(".tegodrop/staging")}) {
    struct stat st {};
    ASSERT_EQ(stat(place.Path(name).c_str(), &st), 0);
    EXPECT_EQ(st.st_gid, folder.st_gid) << name;
  }
}

TEST_F(PublishTest, TakenNameIsLeftAloneAndReported) {
  place.Write(kName, "somebody else's");
  Stage();
  ExpectOutcome(PublishOutcome::kNameTaken);
  EXPECT_EQ(place.Read(kName), "somebody else's");
  EXPECT_THAT(place.Names(), UnorderedElementsAre(kName));
  // The staged file is still there for another name.
  request.name = "other.apk";
  ExpectPublished();
  EXPECT_EQ(place.Read("other.apk"), kBytes);
}

TEST_F(PublishTest, NamesAreComparedWithoutCaseAlsoAtTheLastMoment) {
  place.Write("APP-Protected-1700000000.APK", "somebody else's");
  Stage();
  ExpectOutcome(PublishOutcome::kNameTaken);
  EXPECT_THAT(place.Names(), UnorderedElementsAre("APP-Protected-1700000000.APK"));
}

TEST_F(PublishTest, ForeignCompanionTakesTheName) {
  place.Write(trace_name, "the trace of an older delivery");
  Stage();
  ExpectOutcome(PublishOutcome::kNameTaken);
  EXPECT_FALSE(place.Has(kName));
  EXPECT_EQ(place.Read(trace_name), "the trace of an older delivery");
}

TEST_F(PublishTest, PlantedLinkIsNeverFollowed) {
  const std::string victim = place.path + "-victim";
  files::create_symlink(victim, place.Path(kName));
  Stage();
  ExpectOutcome(PublishOutcome::kNameTaken);
  EXPECT_FALSE(files::exists(victim));
  EXPECT_TRUE(files::is_symlink(place.Path(kName)));
}

TEST_F(PublishTest, LinkPlantedWhereTheFileStoodIsNotTakenForTheDelivery) {
  Stage();
  place.fs.fail_every = "WriteAt";
  EXPECT_FALSE(Publish());  // the staged trace cannot be written: nothing has appeared
  place.fs.fail_every = "";
  files::remove(place.Staging(request.staging_name));
  const std::string real = place.path + "-real";
  std::ofstream(real) << kBytes;
  files::create_symlink(real, place.Path(kName));
  ExpectOutcome(PublishOutcome::kLost);
  files::remove(real);
}

TEST_F(PublishTest, LinkPlantedAsTheRoomIsAnError) {
  const std::string elsewhere = place.path + "-elsewhere";
  files::create_directory(elsewhere);
  files::create_directory_symlink(elsewhere, place.Path(".tegodrop"));
  auto file = place.Ops().Stage("a.1.part", 0);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().kind, ErrorKind::kLocalDisk);
  EXPECT_TRUE(files::is_empty(elsewhere));
  files::remove_all(elsewhere);
}

TEST_F(PublishTest, AgainAfterSuccessChangesNothing) {
  Stage();
  ExpectPublished();
  request.trace = "{\"another\": \"tool version\"}\n";
  const std::string first = place.Read(trace_name);
  ExpectPublished();
  EXPECT_EQ(place.Read(trace_name), first);
}

TEST_F(PublishTest, DeliveryThatWasTakenAwayIsNotMadeAgain) {
  Stage();
  ExpectPublished();
  for (const auto& name : place.Names()) files::remove(place.Path(name));
  ExpectPublished();
  EXPECT_THAT(place.Names(), IsEmpty());
}

TEST_F(PublishTest, TraceThatWasTakenAwayIsNotMadeAgain) {
  Stage();
  ExpectPublished();
  files::remove(place.Path(trace_name));
  ExpectPublished();
  EXPECT_THAT(place.Names(), UnorderedElementsAre(kName, checksum_name, request.provenance_name));
}

TEST_F(PublishTest, NothingStagedAndNothingThereIsLost) {
  ExpectOutcome(PublishOutcome::kLost);
  EXPECT_THAT(place.Names(), IsEmpty());
}

TEST_F(PublishTest, SomebodyElsesFileUnderTheNameIsNoDelivery) {
  place.Write(kName, "PK foreign   bytes");  // the very same length
  ASSERT_EQ(place.Read(kName).size(), request.facts.size);
  ExpectOutcome(PublishOutcome::kLost);
  EXPECT_EQ(place.Read(kName), "PK foreign   bytes");
}

// The room was emptied by hand between two starts.
TEST_F(PublishTest, FileInPlaceWithoutAnyMemoryGetsItsCompanions) {
  place.Write(kName, kBytes);
  ExpectPublished();
  EXPECT_THAT(place.Names(), UnorderedElementsAre(kName, checksum_name, request.provenance_name, trace_name));
}

// The same, and what was signed before the room was emptied was signed by another signature.
TEST_F(PublishTest, OwnEnvelopeOfAnotherSignatureIsLeftAloneWithoutAnyMemory) {
  request.provenance_name = std::string(kName) + ".intoto.jsonl";
  request.provenance = R"({"payload": "e30=", "signatures": [{"sig": "second"}]})";
  const std::string first = R"({"payload": "e30=", "signatures": [{"sig": "first"}]})";
  place.Write(kName, kBytes);
  place.Write(request.provenance_name, first);
  ExpectPublished();
  EXPECT_EQ(place.Read(request.provenance_name), first);
  EXPECT_TRUE(place.Has(trace_name));
}

TEST_F(PublishTest, SomebodyElsesProvenanceUnderTheNameIsLeftAloneAndSaid) {
  place.Write(kName, kBytes);
  place.Write(request.provenance_name, "{}");
  auto outcome = place.Ops().Publish(request);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().sys, EEXIST);
  EXPECT_EQ(place.Read(request.provenance_name), "{}");
  EXPECT_FALSE(place.Has(trace_name));
}

TEST_F(PublishTest, OwnTraceOfAnotherVersionIsLeftAloneWithoutAnyMemory) {
  Stage();
  ExpectPublished();
  const std::string first = place.Read(trace_name);
  files::remove_all(place.Path(".tegodrop"));
  request.trace = "{\"job\": \"" + request.job + "\", \"tool\": \"newer\"}\n";
  ExpectPublished();
  EXPECT_EQ(place.Read(trace_name), first);
}

TEST_F(PublishTest, ForeignTraceBesideTheOwnFileIsAnErrorThatNamesIt) {
  place.Write(kName, kBytes);
  place.Write(trace_name, "{}");
  auto outcome = Publish();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::kLocalDisk);
  EXPECT_THAT(outcome.error().message, HasSubstr(trace_name));
  EXPECT_EQ(place.Read(trace_name), "{}");
  files::remove(place.Path(trace_name));
  ExpectPublished();
  EXPECT_EQ(place.Read(trace_name), request.trace);
}

TEST_F(PublishTest, ForeignChecksumBesideTheOwnFileIsAnErrorThatNamesIt) {
  place.Write(kName, kBytes);
  place.Write(checksum_name, "0000  other\n");
  auto outcome = Publish();
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().message, HasSubstr(checksum_name));
  EXPECT_EQ(place.Read(checksum_name), "0000  other\n");
  EXPECT_FALSE(place.Has(trace_name)) << "the trace says that the delivery is whole";
}

TEST_F(PublishTest, MissingOutputFolderIsALocalTrouble) {
  Stage();
  files::rename(place.path, place.path + "-away");
  auto outcome = Publish();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::kLocalDisk);
  EXPECT_EQ(outcome.error().sys, ENOENT);
  EXPECT_FALSE(files::exists(place.path)) << "made by nobody but its administrator";
  files::rename(place.path + "-away", place.path);
  ExpectPublished();
}

}  // namespace
}  // namespace tegodrop::testing
