// From what a look found to the facts of a job, or to the reason why there is none.
#include "daemon/intake/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/intake/claim_plan.h"
#include "daemon/intake/target.h"

namespace tegodrop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kSha(40, 'a');
const std::string kOtherSha(40, 'b');
const std::string kSum(64, '1');
const std::string kOtherSum(64, '2');

FolderSettings Settings() {
  FolderSettings folder;
  folder.name = "production";
  folder.allow_keys = {"key-1", "none"};
  return folder;
}

Inspection Whole() {
  Inspection inspection;
  inspection.outcome = Inspection::Outcome::kWhole;
  inspection.stat.size = 100;
  inspection.sha256 = kSum;
  return inspection;
}

void Add(Inspection& inspection, SidecarKind kind, Result<std::string> content) {
  inspection.sidecars.push_back({"app.apk" + std::string(Suffix(kind)), kind, FileStat{}, std::move(content)});
}

Weighed WeighIt(const Inspection& inspection) { return Weigh(Settings(), "app.apk", ArtifactKind::kApk, inspection); }

TEST(Weighing, AWholeArtifactWithoutSidecars) {
  const Weighed weighed = WeighIt(Whole());
  EXPECT_FALSE(weighed.failure);
  EXPECT_FALSE(weighed.proven);
  EXPECT_EQ(weighed.artifact.file_name, "app.apk");
  EXPECT_EQ(weighed.artifact.size, 100U);
  EXPECT_EQ(weighed.artifact.sha256, kSum);
  EXPECT_FALSE(weighed.artifact.sidecar.present);
  EXPECT_EQ(weighed.artifact.commit.sha(), "");
}

TEST(Weighing, TheCommitComesFromEitherSidecar) {
  Inspection one = Whole();
  Add(one, SidecarKind::kCommit, kSha + "\n");
  EXPECT_EQ(WeighIt(one).artifact.commit.sha(), kSha);
  EXPECT_EQ(WeighIt(one).artifact.commit.origin(), "sidecar");
  EXPECT_FALSE(WeighIt(one).artifact.sidecar.present);
  Inspection other = Whole();
  Add(other, SidecarKind::kJson, "{\"commit_sha\":\"" + kSha + "\"}");
  EXPECT_EQ(WeighIt(other).artifact.commit.sha(), kSha);
  EXPECT_TRUE(WeighIt(other).artifact.sidecar.present);
}

TEST(Weighing, TwoDifferentCommitsAreBothKeptAndFlagged) {
  Inspection inspection = Whole();
  Add(inspection, SidecarKind::kCommit, kSha);
  Add(inspection, SidecarKind::kJson, "{\"commit_sha\":\"" + kOtherSha + "\"}");
  const Weighed weighed = WeighIt(inspection);
  EXPECT_FALSE(weighed.failure);
  ASSERT_EQ(weighed.artifact.commit.candidates.size(), 2U);
  EXPECT_EQ(weighed.artifact.commit.sha(), kSha);
  EXPECT_TRUE(weighed.artifact.commit.conflict());
  EXPECT_THAT(weighed.artifact.sidecar.files, ElementsAre("app.apk.commit", "app.apk.json"));
}

TEST(Weighing, WhatGitDescribePrintsIsTheRefAndNoCommit) {
  Inspection one = Whole();
  Add(one, SidecarKind::kCommit, std::string("v1-3-gabcd\n"));
  const Weighed weighed = WeighIt(one);
  EXPECT_FALSE(weighed.failure);
  EXPECT_TRUE(weighed.artifact.commit.candidates.empty());
  EXPECT_TRUE(weighed.artifact.sidecar.present);
  EXPECT_EQ(weighed.artifact.sidecar.ref, "v1-3-gabcd");
}

TEST(Weighing, WhatTheJsonSaysBesideGitDescribesOutputIsKeptWhicheverIsReadFirst) {
  const std::string json = "{\"repository\":\"r\",\"commit_sha\":\"" + kSha + "\"";
  for (const auto& [rest, ref] : std::vector<std::pair<std::string, std::string>>{
           {"}", "v1-3-gabcd"}, {",\"ref\":\"main\"}", "main"}, {",\"ref\":\"\"}", "v1-3-gabcd"}}) {
    for (const bool json_first : {false, true}) {
      Inspection inspection = Whole();
      if (json_first) Add(inspection, SidecarKind::kJson, json + rest);
      Add(inspection, SidecarKind::kCommit, std::string("v1-3-gabcd"));
      if (!json_first) Add(inspection, SidecarKind::kJson, json + rest);
      const Artifact artifact = WeighIt(inspection).artifact;
      EXPECT_EQ(artifact.sidecar.ref, ref) << rest << json_first;
      EXPECT_EQ(artifact.sidecar.repository, "r");
      EXPECT_TRUE(artifact.sidecar.present);
      EXPECT_EQ(artifact.commit.sha(), kSha);
      EXPECT_EQ(artifact.commit.candidates.size(), 1U);
    }
  }
}

TEST(Weighing, WhatTheJsonSaysIsKept) {
  Inspection inspection = Whole();
  Add(inspection, SidecarKind::kJson,
      R"({"repository":"r","ref":"v1","build_url":"u","submit_id":"s","labels":{"a":1}})");
  const SidecarFacts facts = WeighIt(inspection).artifact.sidecar;
  EXPECT_EQ(facts.repository, "r");
  EXPECT_EQ(facts.ref, "v1");
  EXPECT_EQ(facts.build_url, "u");
  EXPECT_EQ(facts.submit_id, "s");
  ASSERT_EQ(facts.labels.size(), 1U);
  EXPECT_EQ(facts.labels[0].value, "1");
}

// As a CI calls the repository that it has cloned.
TEST(Weighing, ATokenInAnAddressGoesNoFurther) {
  Inspection inspection = Whole();
  Add(inspection, SidecarKind::kJson,
      R"({"repository":"https://gitlab-ci-token:secret@git.example/a.git?token=x","build_url":"https://u:p@ci.example/7"})");
  const SidecarFacts facts = WeighIt(inspection).artifact.sidecar;
  EXPECT_EQ(facts.repository, "https://git.example/a.git");
  EXPECT_EQ(facts.build_url, "https://ci.example/7");
}

TEST(Weighing, WhereACommitIsRequiredOneMustNameIt) {
  FolderSettings folder = Settings();
  folder.require_commit = true;
  const auto weigh = [&](const Inspection& inspection) {
    return Weigh(folder, "app.apk", ArtifactKind::kApk, inspection);
  };
  const Weighed without = weigh(Whole());
  ASSERT_TRUE(without.failure);
  EXPECT_EQ(without.failure->kind, FailureKind::kCommitMissing);
  Inspection embedded = Whole();
  embedded.commits = {{"revision", kSha}};
  embedded.identity.package = "com.example.app";
  EXPECT_FALSE(weigh(embedded).failure);
  EXPECT_EQ(weigh(embedded).artifact.commit.origin(), "embedded");
  EXPECT_EQ(weigh(embedded).artifact.identity.package, "com.example.app");
  // What is not whole yet may still come to have one.
  Inspection half = Whole();
  half.outcome = Inspection::Outcome::kIncomplete;
  EXPECT_FALSE(weigh(half).failure);
  folder.after = After::kKeep;
  EXPECT_THAT(weigh(Whole()).failure->remedy, HasSubstr("need another name"));
}

TEST(Weighing, ADigestProvesOrRefuses) {
  for (const SidecarKind kind : {SidecarKind::kSha256, SidecarKind::kJson}) {
    const auto content = [&](const std::string& sum) {
      return kind == SidecarKind::kJson ? "{\"sha256\":\"" + sum + "\"}" : sum + "  app.apk\n";
    };
    Inspection right = Whole();
    Add(right, kind, content(kSum));
    EXPECT_TRUE(WeighIt(right).proven);
    EXPECT_FALSE(WeighIt(right).failure);
    Inspection wrong = Whole();
    Add(wrong, kind, content(kOtherSum));
    const Weighed weighed = WeighIt(wrong);
    ASSERT_TRUE(weighed.failure);
    EXPECT_EQ(weighed.failure->kind, FailureKind::kChecksum);
    EXPECT_THAT(weighed.failure->message, HasSubstr(kOtherSum));
    EXPECT_FALSE(weighed.failure->remedy.empty());
  }
}

TEST(Weighing, OneRightAndOneWrongDigestRefuse) {
  Inspection inspection = Whole();
  Add(inspection, SidecarKind::kSha256, kSum);
  Add(inspection, SidecarKind::kJson, "{\"sha256\":\"" + kOtherSum + "\"}");
  EXPECT_EQ(WeighIt(inspection).failure->kind, FailureKind::kChecksum);
}

TEST(Weighing, BesideAWrongDigestNoSidecarsCommitIsBelieved) {
  for (const bool whole : {true, false}) {
    Inspection inspection = Whole();
    if (!whole) inspection.outcome = Inspection::Outcome::kNotAnArtifact;
    Add(inspection, SidecarKind::kCommit, kSha);
    Add(inspection, SidecarKind::kSha256, kOtherSum);
    Add(inspection, SidecarKind::kJson, "{\"repository\":\"r\",\"commit_sha\":\"" + kOtherSha + "\"}");
    const Weighed weighed = WeighIt(inspection);
    ASSERT_TRUE(weighed.failure);
    EXPECT_EQ(weighed.failure->kind, whole ? FailureKind::kChecksum : FailureKind::kNotAnArtifact);
    EXPECT_TRUE(weighed.artifact.commit.candidates.empty());
    EXPECT_EQ(weighed.artifact.sidecar.repository, "r");
  }
  Inspection right = Whole();
  Add(right, SidecarKind::kCommit, kSha);
  Add(right, SidecarKind::kSha256, kSum);
  EXPECT_EQ(WeighIt(right).artifact.commit.sha(), kSha);
}

TEST(Weighing, ADigestOfWhatWasNotHashedProvesNothing) {
  Inspection inspection = Whole();
  inspection.outcome = Inspection::Outcome::kIncomplete;
  inspection.sha256.clear();
  Add(inspection, SidecarKind::kSha256, kSum);
  EXPECT_FALSE(WeighIt(inspection).proven);
  EXPECT_FALSE(WeighIt(inspection).failure);
}

TEST(Weighing, SidecarsThatCannotBeReadOrUnderstoodRefuse) {
  Inspection unreadable = Whole();
  Add(unreadable, SidecarKind::kCommit, FailPosix("cannot open", "app.apk.commit", EACCES));
  Inspection large = Whole();
  Add(large, SidecarKind::kJson, Fail(ErrorKind::kCorrupt, "app.apk.json is larger than 65536 bytes"));
  Inspection nonsense = Whole();
  Add(nonsense, SidecarKind::kCommit, "v1.0");
  for (const Inspection& inspection : {unreadable, large, nonsense}) {
    const Weighed weighed = WeighIt(inspection);
    ASSERT_TRUE(weighed.failure);
    EXPECT_EQ(weighed.failure->kind, FailureKind::kBadSidecar);
    EXPECT_THAT(weighed.failure->message, HasSubstr(inspection.sidecars[0].name));
    EXPECT_FALSE(weighed.failure->remedy.empty());
    EXPECT_THAT(weighed.artifact.sidecar.files, ElementsAre(inspection.sidecars[0].name));
  }
}

TEST(Weighing, OnlyAllowedKeysMayBeAskedFor) {
  Inspection allowed = Whole();
  Add(allowed, SidecarKind::kJson, R"({"signing_key_id":"key-1"})");
  EXPECT_EQ(WeighIt(allowed).signing_key, "key-1");
  EXPECT_FALSE(WeighIt(allowed).failure);
  Inspection other = Whole();
  Add(other, SidecarKind::kJson, R"({"signing_key_id":"key-2"})");
  const Weighed weighed = WeighIt(other);
  ASSERT_TRUE(weighed.failure);
  EXPECT_EQ(weighed.failure->kind, FailureKind::kBadSidecar);
  EXPECT_THAT(weighed.failure->message, HasSubstr("key-2"));
  EXPECT_THAT(weighed.failure->remedy, HasSubstr("allow_keys"));
  EXPECT_EQ(weighed.signing_key, "");
}

TEST(Weighing, NameSizeAndContentRefuse) {
  Inspection other = Whole();
  other.outcome = Inspection::Outcome::kNotAnArtifact;
  other.reason = "it has no AndroidManifest.xml";
  EXPECT_EQ(WeighIt(other).failure->kind, FailureKind::kNotAnArtifact);
  EXPECT_EQ(WeighIt(other).failure->message, other.reason);
  Inspection large = Whole();
  large.stat.size = kLargestArtifact + 1;
  EXPECT_EQ(WeighIt(large).failure->kind, FailureKind::kTooLarge);
  EXPECT_EQ(Weigh(Settings(), "\xFF.apk", ArtifactKind::kApk, Whole()).failure->kind, FailureKind::kBadName);
  EXPECT_TRUE(RefusedUnread("\xFF.apk", 1));
  const Weighed back = Weigh(Settings(), "a\\b.apk", ArtifactKind::kApk, Whole());
  EXPECT_EQ(back.failure->kind, FailureKind::kBadName);
  EXPECT_THAT(back.failure->message, HasSubstr("backslash"));
  EXPECT_TRUE(RefusedUnread("a\\b.apk", 1));
  EXPECT_TRUE(RefusedUnread("a.apk", kLargestArtifact + 1));
  EXPECT_FALSE(RefusedUnread("ü.apk", kLargestArtifact));
}

TEST(Weighing, AWrongSidecarStillSaysWhereItsReceiptIsAwaited) {
  Inspection inspection = Whole();
  Add(inspection, SidecarKind::kJson, std::string(R"({"commit_sha": "abc", "submit_id": "build-17"})"));
  const Weighed weighed = WeighIt(inspection);
  ASSERT_TRUE(weighed.failure);
  EXPECT_EQ(weighed.failure->kind, FailureKind::kBadSidecar);
  EXPECT_EQ(weighed.artifact.sidecar.submit_id, "build-17");
}

TEST(Weighing, AFolderThatKeepsItsFilesWantsAnotherName) {
  Inspection inspection = Whole();
  Add(inspection, SidecarKind::kCommit, std::string("abc"));
  FolderSettings folder = Settings();
  EXPECT_THAT(Weigh(folder, "app.apk", ArtifactKind::kApk, inspection).failure->remedy, Not(HasSubstr("another name")));
  folder.after = After::kKeep;
  EXPECT_THAT(Weigh(folder, "app.apk", ArtifactKind::kApk, inspection).failure->remedy,
              HasSubstr("the same bytes again need another name"));
}

TEST(Weighing, EveryFailureHasWordsForAPerson) {
  for (const Failure& failure : {IncompleteFailure("cut"), UnreadableFailure("no right")}) {
    EXPECT_FALSE(failure.message.empty());
    EXPECT_FALSE(failure.remedy.empty());
  }
}

TEST(Targets, AreTheFoldersSettingsAtTheClaim) {
  FolderSettings folder = Settings();
  folder.path = "/drop";
  folder.output = "/out";
  folder.version = "staging";
  folder.rooms = "rooms";
  folder.output_name = "{stem}{ext}";
  folder.output_mode = 0600;
  folder.priority = 3;
  folder.after = After::kDelete;
  folder.require_signed = RequireSigned::kYes;
  const Target target = TargetOf(folder, "https://p", "t");
  EXPECT_EQ(target.folder, "production");
  EXPECT_EQ(target.drop_path, "/drop");
  EXPECT_EQ(target.output_path, "/out");
  EXPECT_EQ(target.version, "staging");
  EXPECT_EQ(target.rooms, "rooms");
  EXPECT_EQ(target.output_name, "{stem}{ext}");
  EXPECT_EQ(target.output_mode, 0600U);
  EXPECT_EQ(target.priority, 3);
  EXPECT_EQ(target.after, SourceAfter::kDelete);
  EXPECT_EQ(target.signature, SignatureNeed::kRequired);
  EXPECT_EQ(target.portal_url, "https://p");
  EXPECT_EQ(target.tenant, "t");
  EXPECT_EQ(target.signing_key, "");  // default
  folder.signing_key = "none";
  folder.after = After::kArchive;
  folder.require_signed = RequireSigned::kNo;
  EXPECT_EQ(TargetOf(folder, "", "").signing_key, "none");
  EXPECT_EQ(TargetOf(folder, "", "").after, SourceAfter::kArchive);
  EXPECT_EQ(TargetOf(folder, "", "").signature, SignatureNeed::kNotRequired);
  folder.signing_key = "key-9";
  folder.require_signed = RequireSigned::kAuto;
  EXPECT_EQ(TargetOf(folder, "", "").signing_key, "key-9");
  EXPECT_EQ(TargetOf(folder, "", "").signature, SignatureNeed::kAuto);
}

TEST(ClaimPlans, ASidecarsKeyReplacesTheFolders) {
  IntakeSettings settings;
  settings.folder = Settings();
  settings.folder.signing_key = "key-0";
  const ClaimedFile file{"job-1", 5, FileStat{}, false};
  const auto key = [&](const std::string& asked) {
    Weighed weighed = WeighIt(Whole());
    weighed.signing_key = asked;
    return MakeClaimPlan(settings, file, weighed, Whole(), std::nullopt).job.target->signing_key;
  };
  EXPECT_EQ(key(""), "key-0");
  EXPECT_EQ(key("key-1"), "key-1");
  EXPECT_EQ(key("none"), "none");
  EXPECT_EQ(key("default"), "");
}

TEST(ClaimPlans, WhereNothingMayChangeTheSourceIsKeptAndRemembered) {
  IntakeSettings settings;
  settings.folder = Settings();
  const ClaimedFile moved{"job-1", 5, FileStat{}, false};
  EXPECT_FALSE(MakeClaimPlan(settings, moved, WeighIt(Whole()), Whole(), std::nullopt).kept);
  const ClaimedFile copied{"job-1", 5, FileStat{}, true};
  const ClaimPlan plan = MakeClaimPlan(settings, copied, WeighIt(Whole()), Whole(), std::nullopt);
  EXPECT_TRUE(plan.request.copy);
  EXPECT_EQ(plan.job.target->after, SourceAfter::kKeep);
  ASSERT_TRUE(plan.kept);
  EXPECT_EQ(plan.kept->job, "job-1");
  EXPECT_EQ(plan.kept->sha256, kSum);
}

}  // namespace
}  // namespace tegodrop
