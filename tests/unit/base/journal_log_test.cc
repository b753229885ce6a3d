// What the journal is told, as far as it can be seen without one.
#include "daemon/base/journal_log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <string>

namespace tegodrop::testing {
namespace {

TEST(MessageId, IsTheSameForEverAndAnotherForEachEvent) {
  EXPECT_EQ(MessageId("job.delivered"), MessageId("job.delivered"));
  EXPECT_EQ(MessageId("job.delivered"), "8bd552d244d94784b884c445e7a40995");
  const std::set<std::string> ids{MessageId("job.delivered"), MessageId("job.failed"), MessageId("")};
  EXPECT_EQ(ids.size(), 3U);
  for (const std::string& id : ids) {
    EXPECT_EQ(id.size(), 32U);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_EQ(id[12], '4') << "a version 4 UUID, as the journal's tools expect";
    EXPECT_NE(std::string("89ab").find(id[16]), std::string::npos);
  }
}

TEST(StderrIsJournal, OnlyWhereDeviceAndInodeAgree) {
  struct stat stream {};
  ASSERT_EQ(fstat(STDERR_FILENO, &stream), 0);
  const std::string same = std::to_string(stream.st_dev) + ":" + std::to_string(stream.st_ino);
  EXPECT_TRUE(StderrIsJournal(same.c_str()));
  EXPECT_FALSE(StderrIsJournal((same + "1").c_str()));
  EXPECT_FALSE(StderrIsJournal(""));
  EXPECT_FALSE(StderrIsJournal(nullptr)) << "not under systemd";
}

}  // namespace
}  // namespace tegodrop::testing
