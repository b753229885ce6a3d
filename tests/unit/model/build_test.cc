// The release gates as a table.
#include "daemon/model/build.h"

#include <gtest/gtest.h>

namespace tegodrop {
namespace {

using V = GateVerdict;
using Text = std::optional<std::string>;

struct Row {
  std::optional<bool> success;
  std::optional<bool> signed_build;
  Text error;
  Text signing_error;
  bool deleted;
  V unsigned_allowed;
  V signature_required;
};

TEST(ReleaseGates, JudgeEveryKindOfRow) {
  const std::optional<bool> null;
  const Row rows[] = {
      // Running, whatever else the row says.
      {null, null, {}, {}, false, V::kRunning, V::kRunning},
      {null, false, "old error", {}, false, V::kRunning, V::kRunning},
      // Done.
      {true, true, {}, {}, false, V::kPassed, V::kPassed},
      {true, true, "", "", false, V::kPassed, V::kPassed},
      {true, false, {}, {}, false, V::kPassed, V::kNotSigned},
      {true, null, {}, {}, false, V::kPassed, V::kNotSigned},
      {true, true, {}, "no such alias", false, V::kPassed, V::kNotSigned},
      {true, false, {}, "no such alias", false, V::kPassed, V::kNotSigned},
      // Failed for good only with an error.
      {false, null, "damaged archive", {}, false, V::kFailed, V::kFailed},
      {false, null, {}, "wrong password", false, V::kFailed, V::kFailed},
      {false, true, "a", "b", false, V::kFailed, V::kFailed},
      {false, null, {}, {}, false, V::kReset, V::kReset},
      {false, null, "", "", false, V::kReset, V::kReset},
      // Gone.
      {true, true, {}, {}, true, V::kDeleted, V::kDeleted},
      {false, null, "damaged", {}, true, V::kDeleted, V::kDeleted},
      {null, null, {}, {}, true, V::kDeleted, V::kDeleted},
  };
  int number = 0;
  for (const Row& row : rows) {
    BuildRow build;
    build.success = row.success;
    build.signed_ = row.signed_build;
    build.error_message = row.error;
    build.signing_error_message = row.signing_error;
    build.deleted = row.deleted;
    build.status_message = "Complete";  // for people; never decides
    EXPECT_EQ(JudgeBuild(build, false), row.unsigned_allowed) << number;
    EXPECT_EQ(JudgeBuild(build, true), row.signature_required) << number;
    ++number;
  }
}

TEST(BuildIdentity, NeedsAllFourToMatch) {
  const BuildIdentity identity{"production", "android", 1'700'000'000, "app.apk"};
  BuildRow row;
  row.version = "production";
  row.platform = "android";
  row.start_time = 1'700'000'000;
  row.name = "app.apk";
  EXPECT_TRUE(Matches(row, identity));
  const auto differs = [&](auto change) {
    BuildRow other = row;
    change(other);
    return !Matches(other, identity);
  };
  EXPECT_TRUE(differs([](BuildRow& r) { r.version = "staging"; }));
  EXPECT_TRUE(differs([](BuildRow& r) { r.platform = "ios"; }));
  EXPECT_TRUE(differs([](BuildRow& r) { ++r.start_time; }));
  EXPECT_TRUE(differs([](BuildRow& r) { r.name = "App.apk"; }));
}

}  // namespace
}  // namespace tegodrop
