// Requests and answers of the control socket: what is written reads back, and no bytes do harm.
#include "daemon/app/operator_wire.h"

#include <gtest/gtest.h>

#include "tests/fakes/seeded_random.h"

namespace tegodrop {
namespace {

OperatorRequest RetryOf(std::vector<std::string> jobs) {
  OperatorRequest request;
  request.jobs = std::move(jobs);
  return request;
}

std::string Said(const std::string& line) {
  const auto read = ReadRequest(line);
  EXPECT_FALSE(read) << line;
  return read ? "" : read.error().message;
}

TEST(OperatorWire, ARequestReadsBackInOneLine) {
  OperatorRequest request = RetryOf({"0123456789abcdef", "odd \"name\"\nof a job"});
  const std::string line = WriteRequest(request);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto read = ReadRequest(line);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->command, OperatorCommand::kRetry);
  EXPECT_EQ(read->jobs, request.jobs);
  for (const OperatorCommand command : {OperatorCommand::kPause, OperatorCommand::kResume, OperatorCommand::kAccept}) {
    OperatorRequest of_folder;
    of_folder.command = command;
    of_folder.folder = "production";
    const auto back = ReadRequest(WriteRequest(of_folder));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->command, command);
    EXPECT_EQ(back->folder, "production");
  }
}

TEST(OperatorWire, AnAnswerReadsBackInOneLine) {
  OperatorAnswer answer;
  answer.results = {{"j", OperatorOutcome::kDone, "back to work"}, {"k", OperatorOutcome::kRefused, "it's\nat work"}};
  const std::string line = WriteAnswer(answer);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto read = ReadAnswer(line);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->results.size(), 2U);
  EXPECT_EQ(read->results[1].outcome, OperatorOutcome::kRefused);
  EXPECT_EQ(read->results[1].message, "it's\nat work");
  OperatorAnswer refused;
  refused.error = "not you";
  refused.refused = true;
  const auto back = ReadAnswer(WriteAnswer(refused));
  ASSERT_TRUE(back);
  EXPECT_TRUE(back->refused);
  EXPECT_EQ(back->error, "not you");
}

TEST(OperatorWire, WhatMakesNoSenseIsRefusedInWords) {
  EXPECT_NE(Said("").find("JSON"), std::string::npos);
  EXPECT_NE(Said("[]").find("JSON"), std::string::npos);
  EXPECT_NE(Said("{}").find("version"), std::string::npos);
  EXPECT_NE(Said(R"({"tegodrop": 2, "command": "retry"})").find("version 2"), std::string::npos);
  EXPECT_NE(Said(R"({"tegodrop": 1, "command": "stop"})").find("'stop'"), std::string::npos);
  EXPECT_FALSE(Said(R"({"tegodrop": 1, "command": "retry"})").empty());
  EXPECT_FALSE(Said(R"({"tegodrop": 1, "command": "retry", "jobs": ["a"], "all_failed": true})").empty());
  EXPECT_FALSE(Said(R"({"tegodrop": 1, "command": "cancel", "jobs": [], "all_failed": true})").empty());
  EXPECT_FALSE(Said(R"({"tegodrop": 1, "command": "retry", "jobs": [1]})").empty());
  EXPECT_FALSE(Said(R"({"tegodrop": 1, "command": "retry", "jobs": [""]})").empty());
  EXPECT_FALSE(Said(R"({"tegodrop": 1, "command": "retry", "jobs": "a"})").empty());
  EXPECT_FALSE(Said(R"({"tegodrop": 1, "command": "retry", "jobs": ["a"], "folder": "f"})").empty());
  EXPECT_FALSE(Said(R"({"tegodrop": 1, "command": "pause", "jobs": ["a"]})").empty());
  EXPECT_FALSE(Said(R"({"tegodrop": 1, "command": "accept"})").empty());
  EXPECT_FALSE(Said(std::string(kLargestRequest + 1, 'x')).empty());
  EXPECT_FALSE(Said(WriteRequest(RetryOf(std::vector<std::string>(kMostJobs + 1, "a")))).empty());
  EXPECT_FALSE(Said(std::string(60'000, '[')).empty());
}

TEST(OperatorWire, NoBytesDoHarm) {
  testing::SeededRandom random;
  const std::string good = WriteRequest(RetryOf({"0123456789abcdef", "fedcba9876543210"}));
  constexpr char kOfJson[] = R"({}[]",:\0123456789eE+-.truefalsn)";
  int read_well = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string line = good;
    const auto changes = 1 + random.Below(8);
    for (std::uint64_t n = 0; n < changes; ++n) {
      const auto at = random.Below(line.size());
      switch (random.Below(4)) {
        case 0:
          line[at] = static_cast<char>(random.Below(256));
          break;
        case 1:
          line[at] = kOfJson[random.Below(sizeof kOfJson - 1)];
          break;
        case 2:
          line.erase(at, 1 + random.Below(8));
          break;
        default:
          line.insert(at, line.substr(random.Below(line.size()), random.Below(16)));
      }
      if (line.empty()) line = "x";
    }
    const auto request = ReadRequest(line);
    read_well += request ? 1 : 0;
    if (request) {
      EXPECT_TRUE(ReadRequest(WriteRequest(*request))) << line;
    } else {
      EXPECT_EQ(request.error().kind, ErrorKind::kRejected);
      EXPECT_FALSE(request.error().message.empty());
    }
    (void)ReadAnswer(line);
  }
  EXPECT_GT(read_well, 0);
  EXPECT_LT(read_well, 20'000);
}

TEST(OperatorWire, TheExitCodeIsThatOfTheWorst) {
  OperatorAnswer answer;
  EXPECT_EQ(ExitCodeOf(answer), ExitCode::kDone);
  answer.results.push_back({"a", OperatorOutcome::kDone, ""});
  EXPECT_EQ(ExitCodeOf(answer), ExitCode::kDone);
  answer.results.push_back({"b", OperatorOutcome::kTrouble, ""});
  EXPECT_EQ(ExitCodeOf(answer), ExitCode::kLeft);
  answer.results.push_back({"c", OperatorOutcome::kRefused, ""});
  EXPECT_EQ(ExitCodeOf(answer), ExitCode::kFailed);
  answer.results.push_back({"d", OperatorOutcome::kUnknown, ""});
  EXPECT_EQ(ExitCodeOf(answer), ExitCode::kUsage);
  answer.error = "not you";
  EXPECT_EQ(ExitCodeOf(answer), ExitCode::kLeft);
  answer.refused = true;
  EXPECT_EQ(ExitCodeOf(answer), ExitCode::kCredentials);
}

}  // namespace
}  // namespace tegodrop
