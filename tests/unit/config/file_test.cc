// LoadConfig: which files are trusted at all.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/load.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/unit/config/config_text.h"

namespace tegodrop {
namespace {

using ::testing::AllOf;
using testing::AsOrdinaryUser;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Lines;
using testing::Minimal;
using testing::ScratchFolder;
using ::testing::StartsWith;

TEST(LoadConfig, ReadsAFileThatOnlyItsOwnerMayWrite) {
  const ScratchFolder folder;
  const std::string path = folder.Write("t.yaml", Minimal() + "state_dir: state\n", 0644);
  const ConfigResult result = LoadConfig(path);
  EXPECT_THAT(Lines(result), IsEmpty());
  ASSERT_TRUE(result.settings);
  EXPECT_EQ(result.settings->state_dir, folder.Path("state"));
}

TEST(LoadConfig, FollowsALinkAndTakesRelativePathsFromWhereTheLinkStands) {
  const ScratchFolder folder;
  ASSERT_EQ(mkdir(folder.Path("real").c_str(), 0755), 0);
  folder.Write("real/t.yaml", Minimal() + "state_dir: state\n", 0600);
  ASSERT_EQ(symlink("real/t.yaml", folder.Path("t.yaml").c_str()), 0);
  const ConfigResult result = LoadConfig(folder.Path("t.yaml"));
  ASSERT_TRUE(result.settings);
  EXPECT_EQ(result.settings->state_dir, folder.Path("state"));
}

TEST(LoadConfig, SaysWhatToDoWhereTheFileIsMissing) {
  const ScratchFolder folder;
  const std::string path = folder.Path("none.yaml");
  EXPECT_THAT(Lines(LoadConfig(path)),
              ElementsAre(AllOf(StartsWith(path + ":1:1: cannot open " + path + ": No such file"),
                                HasSubstr("--config FILE"))));
}

TEST(LoadConfig, RefusesWhatOthersMayWriteBesideItsOtherFaults) {
  const ScratchFolder folder;
  const std::string group = folder.Write("group.yaml", Minimal() + "x: 1\n", 0664);
  EXPECT_THAT(Lines(LoadConfig(group)),
              ElementsAre(group + ":1:1: the config may be written by its group; run: chmod go-w " + group,
                          StartsWith(group + ":9:1: unknown key 'x'")));
  const std::string others = folder.Write("others.yaml", Minimal(), 0646);
  const ConfigResult result = LoadConfig(others);
  EXPECT_THAT(Lines(result), ElementsAre(HasSubstr("may be written by others; run: chmod go-w")));
  EXPECT_FALSE(result.settings);
}

TEST(LoadConfig, RefusesWhatIsNoRegularFileWithoutHanging) {
  const ScratchFolder folder;
  ASSERT_EQ(mkfifo(folder.Path("fifo").c_str(), 0600), 0);
  EXPECT_THAT(Lines(LoadConfig(folder.Path("fifo"))), ElementsAre(HasSubstr("is no regular file")));
  EXPECT_THAT(Lines(LoadConfig(folder.Path(""))), ElementsAre(HasSubstr("is no regular file")));
  EXPECT_THAT(Lines(LoadConfig("/dev/null")), ElementsAre(HasSubstr("is no regular file")));
}

TEST(LoadConfig, RefusesAFileOfMoreThanAMebibyte) {
  const ScratchFolder folder;
  const std::string most = folder.Write("most", std::string(kLargestConfig, '#'), 0600);
  EXPECT_THAT(Lines(LoadConfig(most)), ElementsAre(HasSubstr("missing"), HasSubstr("missing"), HasSubstr("missing")));
  const std::string more = folder.Write("more", std::string(kLargestConfig + 1, '#'), 0600);
  EXPECT_THAT(Lines(LoadConfig(more)), ElementsAre(more + ":1:1: " + more + " is larger than 1.0 MiB"));
}

TEST(LoadConfig, RefusesBytesThatAreNotUtf8) {
  const ScratchFolder folder;
  EXPECT_THAT(Lines(LoadConfig(folder.Write("t", "a: \xE4\n", 0600))), ElementsAre(HasSubstr("not UTF-8")));
  EXPECT_THAT(Lines(LoadConfig(folder.Write("u", "portal:\n  \xC3\xA4: \xE4\n", 0600))),
              ElementsAre(HasSubstr("u:2:6: ")));
}

TEST(LoadConfig, SaysThatAFileMayNotBeRead) {
  const ScratchFolder folder;
  const std::string open = folder.Write("open.yaml", Minimal(), 0644);
  const std::string closed = folder.Write("closed.yaml", Minimal(), 0000);
  AsOrdinaryUser([&] {
    EXPECT_THAT(Lines(LoadConfig(open)), IsEmpty());
    EXPECT_THAT(Lines(LoadConfig(closed)), ElementsAre(HasSubstr("cannot open " + closed + ": Permission denied")));
  });
}

TEST(ConfigFileRefusal, TrustsRootAndUsOnly) {
  struct stat attributes = {};
  attributes.st_mode = S_IFREG | 0644;
  attributes.st_uid = 0;
  EXPECT_THAT(ConfigFileRefusal(attributes, 1000, "/c"), IsEmpty());
  attributes.st_uid = 1000;
  EXPECT_THAT(ConfigFileRefusal(attributes, 1000, "/c"), IsEmpty());
  attributes.st_uid = 1001;
  EXPECT_THAT(ConfigFileRefusal(attributes, 1000, "/c"),
              ElementsAre(AllOf(StartsWith("the config belongs to user 1001"), HasSubstr("chown root /c"))));
  EXPECT_THAT(ConfigFileRefusal(attributes, 0, "/c"), ElementsAre(HasSubstr("belongs to user 1001")));
  attributes.st_mode = S_IFREG | 0622;
  EXPECT_EQ(ConfigFileRefusal(attributes, 0, "/c").size(), 2U);
}

}  // namespace
}  // namespace tegodrop
