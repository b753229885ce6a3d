// Whether what was delivered still stands: whatever is wrong with it is found.
#include "daemon/cli/portal/standing.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "daemon/base/digest.h"
#include "daemon/delivery/records.h"
#include "tests/fakes/scratch_folder.h"

namespace tegodrop {
namespace {

constexpr char kBytes[] = "the protected bytes";

class StandingTest : public ::testing::Test {
 protected:
  StandingTest() {
    job_.id = "1m8j2qy6ernjz4r1";
    Target& target = job_.target.Edit();
    target.version = "production";
    target.tenant = "9f1c";
    target.output_path = std::filesystem::path(folder_.Path("x")).parent_path().string();
    job_.artifact.file_name = "app.apk";
    job_.ticket.start_time = 1700000000;
    job_.output.protected_name = "out.apk";
    job_.output.checks = {{"length", "pass", "19 bytes"}};
    job_.times.delivered = 1700000000000;
    job_.build.emplace();
    job_.build->name = "app.apk";
    job_.build->signed_ = true;
    job_.output.size = sizeof kBytes - 1;
    job_.output.sha256 = Sha256Hex(kBytes);
    Write("out.apk", kBytes);
    Write("out.apk.sha256", job_.output.sha256 + "  out.apk\n");
    Write("out.apk.trace.json", Trace());
  }

  std::string Trace() const { return TraceJson(job_, {"builder", "0.0.9"}); }
  std::string Path(const std::string& name) const { return folder_.Path(name); }
  void Write(const std::string& name, const std::string& text) const { folder_.Write(name, text, 0644); }
  std::string Wrong() const { return StandingOf(*fs_, job_).wrong; }

  const testing::ScratchFolder folder_;
  const std::unique_ptr<FileSystem> fs_ = MakePosixFileSystem();
  Job job_;
};

TEST_F(StandingTest, NothingIsWrongWithAWholeDelivery) { EXPECT_EQ(Wrong(), ""); }

TEST_F(StandingTest, AMissingFileFolderOrTraceIsFound) {
  std::filesystem::remove(Path("out.apk.trace.json"));
  EXPECT_EQ(Wrong(), "its trace is not there any more");
  std::filesystem::remove(Path("out.apk"));
  EXPECT_EQ(Wrong(), "its output is not there any more");
  job_.target.Edit().output_path += "/none";
  EXPECT_EQ(Wrong(), "its output folder is not there any more");
}

TEST_F(StandingTest, OtherBytesAreFound) {
  Write("out.apk", "the protected bytez");
  EXPECT_NE(Wrong().find("was changed"), std::string::npos);
  Write("out.apk", "shorter");
  EXPECT_EQ(Wrong(), "its output has 7 bytes and not 19");
}

TEST_F(StandingTest, AnotherChecksumFileIsFound) {
  Write("out.apk.sha256", std::string(64, '0') + "  out.apk\n");
  EXPECT_EQ(Wrong(), "its .sha256 was changed");
  std::filesystem::remove(Path("out.apk.sha256"));
  EXPECT_EQ(Wrong(), "its .sha256 is not there any more");
}

TEST_F(StandingTest, WhatCannotBeReadIsToldFromWhatIsGone) {
  EXPECT_FALSE(StandingOf(*fs_, job_).unread);
  std::filesystem::remove(Path("out.apk"));
  EXPECT_FALSE(StandingOf(*fs_, job_).unread);
  Write("out.apk", kBytes);
  std::filesystem::permissions(Path("out.apk"), std::filesystem::perms::none);
  testing::AsOrdinaryUser([&] {
    const Standing standing = StandingOf(*fs_, job_);
    EXPECT_TRUE(standing.unread);
    EXPECT_NE(standing.wrong.find("cannot be read"), std::string::npos);
  });
}

TEST_F(StandingTest, ATraceOfAnotherBuildIsFound) {
  const std::string whole = Trace();
  for (const auto& [from, to] : {std::pair{"1700000000", "1700000001"},
                                 {"app.apk", "other.apk"},
                                 {"out.apk", "x.apk"},
                                 {"9f1c", "9f1d"},
                                 {"production", "staging"},
                                 {"android", "ios"},
                                 {"1m8j2qy6ernjz4r1", "1"},
                                 {"\"sidecar\": null", "\"sidecar\": {}"},
                                 {"\"pass\"", "\"fail\""},
                                 {"2023-11-14", "2020-11-14"},
                                 {"\"signed\": true", "\"signed\": false"}}) {
    std::string changed = whole;
    ASSERT_NE(changed.find(from), std::string::npos) << from;
    changed.replace(changed.find(from), std::string(from).size(), to);
    Write("out.apk.trace.json", changed);
    EXPECT_EQ(Wrong(), "its trace is not what was written") << changed;
  }
  Write("out.apk.trace.json", "{\"cut");
  EXPECT_EQ(Wrong(), "its trace is no JSON object any more");
}

TEST_F(StandingTest, AFolderOrALinkIsNoOutput) {
  std::filesystem::remove(Path("out.apk"));
  std::filesystem::create_directory(Path("out.apk"));
  EXPECT_EQ(Wrong(), "its output is no file any more");
  std::filesystem::remove(Path("out.apk"));
  Write("elsewhere", kBytes);
  std::filesystem::create_symlink(Path("elsewhere"), Path("out.apk"));
  EXPECT_NE(Wrong(), "");
}

}  // namespace
}  // namespace tegodrop
