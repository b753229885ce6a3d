// A config that is read again: what of it is used at once, what is refused, and who is answered when.
#include "daemon/app/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/fakes/recorded_log.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Settings Config(const std::vector<std::string>& folders) {
  Settings settings;
  settings.portal.url = "https://portal.example";
  settings.portal.tenant = "tenant-1";
  for (const std::string& name : folders) {
    FolderSettings folder;
    folder.name = name;
    folder.path = "/srv/drop/" + name;
    settings.folders.push_back(folder);
  }
  return settings;
}

TEST(PlanReload, TakesWhatMayChangeAndKeepsWhatNeedsARestart) {
  const Settings now = Config({"a"});
  Settings read = Config({"a", "b"});
  read.limits.concurrent_uploads = 7;
  read.log.level = LogLevel::kDebug;
  read.portal.token_file = "/etc/other-token";
  EXPECT_THAT(PlanReload(now, read).delayed, IsEmpty());
  EXPECT_EQ(PlanReload(now, read).settings, read);

  Settings all = read;
  all.portal.url = "https://other.example";
  all.portal.tenant = "tenant-2";
  all.portal.ca_file = "/ca";
  all.portal.proxy = "http://proxy:1";
  all.portal.proxy_token_file = "/p";
  all.state_dir = "/elsewhere";
  all.log.format = LogOutput::kText;
  all.metrics_file = "/var/lib/node_exporter/tegodrop.prom";
  all.report_dir = "/var/lib/tegodrop-reports";
  all.notify.on = {"failed"};
  const ReloadPlan plan = PlanReload(now, all);
  EXPECT_EQ(plan.settings, read);
  EXPECT_THAT(plan.delayed,
              ElementsAre("portal.url", "portal.tenant", "portal.ca_file", "portal.proxy", "portal.proxy_token_file",
                          "state_dir", "log.format", "metrics_file", "report_dir", "notify"));
}

class ReloaderTest : public ::testing::Test {
 protected:
  void Reload() {
    reloader.Reload([this](const ReloadAnswer& answer) { answers.push_back(answer); });
  }
  // The last one that was applied has come to its end.
  void Followed(std::vector<std::string> busy = {}) { std::exchange(followed, nullptr)(std::move(busy)); }

  TaskQueue queue;
  RecordedLog log;
  ReadAgain next{Config({"a"}), Secret("KEY:SECRET"), Secret(), {}};
  int reads = 0;
  std::vector<Settings> applied;
  std::string token;
  std::function<void(std::vector<std::string>)> followed;
  std::vector<ReloadAnswer> answers;
  Reloader reloader{queue, log, Config({"a"}),
                    [this] {
                      ++reads;
                      return next;
                    },
                    [this](ReadAgain read, std::function<void(std::vector<std::string>)> done) {
                      applied.push_back(std::move(read.settings));
                      token = read.token.Reveal();
                      followed = std::move(done);
                    }};
};

TEST_F(ReloaderTest, AnswersOnceAllOfItIsSo) {
  next.settings = Config({"b", "a"});
  next.settings.folders[1].priority = 3;
  Reload();
  EXPECT_EQ(reads, 0) << "files are read beside the loop";
  queue.RunAll();
  ASSERT_THAT(applied, SizeIs(1));
  EXPECT_EQ(applied[0], next.settings);
  EXPECT_EQ(token, "KEY:SECRET");
  EXPECT_THAT(answers, IsEmpty());
  Followed();
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_TRUE(answers[0].loaded);
  EXPECT_THAT(answers[0].lines, ElementsAre("the config and the token were read again; folders added: b; changed: a"));
  EXPECT_EQ(reloader.settings(), next.settings);
}

TEST_F(ReloaderTest, NamesFoldersThatFollowLater) {
  next.settings = Config({});
  Reload();
  queue.RunAll();
  Followed({"a"});
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_TRUE(answers[0].loaded);
  ASSERT_THAT(answers[0].lines, SizeIs(2));
  EXPECT_THAT(answers[0].lines[0], HasSubstr("folders removed: a"));
  EXPECT_THAT(answers[0].lines[1], HasSubstr("not yet so for a"));
}

TEST_F(ReloaderTest, RefusesWhatHasFaultsAndKeepsWhatItHas) {
  next.faults = {"t.yaml:1:1: unknown key 'x'", "t.yaml:2:1: unknown key 'y'"};
  next.settings = Config({});
  Reload();
  queue.RunAll();
  EXPECT_THAT(applied, IsEmpty());
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_FALSE(answers[0].loaded);
  EXPECT_EQ(answers[0].lines, next.faults);
  EXPECT_EQ(reloader.settings(), Config({"a"}));
  EXPECT_EQ(log.Count("daemon.reload"), 3) << "each fault, and that the old one stays";

  next.faults.clear();
  Reload();
  queue.RunAll();
  Followed();
  EXPECT_TRUE(answers[1].loaded);
  EXPECT_THAT(applied, SizeIs(1));
}

TEST_F(ReloaderTest, WhoAsksWhileOneIsUnderWayIsAnsweredByTheNextForTheFileMayBeNewer) {
  Reload();
  queue.RunAll();
  Reload();
  Reload();
  queue.RunAll();
  EXPECT_EQ(reads, 1);
  next.settings = Config({"a", "b"});
  Followed();
  EXPECT_THAT(answers, SizeIs(1));
  queue.RunAll();
  EXPECT_EQ(reads, 2);
  Followed();
  EXPECT_THAT(answers, SizeIs(3));
  EXPECT_EQ(reloader.settings(), next.settings);
}

}  // namespace
}  // namespace tegodrop::testing
