// The control socket with real peers: who may command, what hostile ones get, and what a dead daemon left.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <functional>
#include <thread>

#include "daemon/app/control_server.h"
#include "daemon/app/control_socket.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/scratch_folder.h"

namespace tegodrop::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

OperatorRequest Pause() {
  OperatorRequest request;
  request.command = OperatorCommand::kPause;
  request.folder = "production";
  return request;
}

class ControlTest : public ::testing::Test {
 protected:
  void Listen(ControlServer::MayCommand may_command, ControlLimits limits = {}) {
    auto listening = ListenForCommands(dir(), runtime);
    ASSERT_TRUE(listening) << listening.error().message;
    server = std::make_unique<ControlServer>(
        loop, log, std::move(*listening), std::move(may_command),
        [this](OperatorRequest request, std::function<void(OperatorAnswer)> done) {
          ++served;
          if (hold) {
            held = std::move(done);
            return loop.Stop();
          }
          OperatorAnswer answer;
          answer.results.push_back({request.folder, OperatorOutcome::kDone, std::string(answer_size, 'x')});
          done(answer);
        },
        limits);
  }
  void Listen() {
    Listen([](uid_t uid) { return uid == geteuid(); });
  }
  // Runs `work` in a thread beside the loop, to its end.
  template <typename T>
  T Beside(std::function<T()> work) {
    std::optional<T> result;
    std::thread thread([&] {
      result = work();
      loop.Post([this] { loop.Stop(); });
    });
    loop.Run();
    thread.join();
    return std::move(*result);
  }
  CallResult Call(const OperatorRequest& request, milliseconds patience = seconds(20)) {
    return Beside<CallResult>([&] { return CallDaemon(dir(), request, patience); });
  }
  static Fd Connect(const std::string& path) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
    Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{20, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0) << path;
    return fd;
  }
  static std::string ReadAll(int fd) {
    std::string all;
    char block[4096];
    for (ssize_t count = 0; (count = recv(fd, block, sizeof block, 0)) > 0;) {
      all.append(block, static_cast<std::size_t>(count));
    }
    return all;
  }
  std::string Tell(const std::string& bytes) {
    return Beside<std::string>([&] {
      const Fd fd = Connect(dir() + "/control.sock");
      EXPECT_EQ(send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
      return ReadAll(fd.get());
    });
  }
  std::string dir() const { return folder.path(); }

  ScratchFolder folder;
  std::string runtime;
  EventLoop loop;
  RecordedLog log;
  std::unique_ptr<ControlServer> server;
  int served = 0;
  bool hold = false;
  std::function<void(OperatorAnswer)> held;
  std::size_t answer_size = 4;
};

TEST_F(ControlTest, ACommandIsServedAndAnswered) {
  Listen();
  const CallResult called = Call(Pause());
  ASSERT_EQ(called.outcome, CallOutcome::kAnswered) << called.trouble;
  ASSERT_EQ(called.answer.results.size(), 1U);
  EXPECT_EQ(called.answer.results[0].about, "production");
  EXPECT_EQ(served, 1);
  EXPECT_EQ(server->clients(), 0U);
}

TEST_F(ControlTest, AnAnswerLargerThanASocketsBufferComesWhole) {
  answer_size = 60'000;
  Listen();
  OperatorRequest request = Pause();
  const CallResult called = Call(request);
  ASSERT_EQ(called.outcome, CallOutcome::kAnswered) << called.trouble;
  EXPECT_EQ(called.answer.results[0].message.size(), 60'000U);
}

TEST_F(ControlTest, APeerWhoMayNotCommandIsToldSoAndNothingIsDone) {
  Listen([](uid_t uid) { return uid != geteuid(); });
  const CallResult called = Call(Pause());
  ASSERT_EQ(called.outcome, CallOutcome::kAnswered) << called.trouble;
  EXPECT_TRUE(called.answer.refused);
  EXPECT_NE(called.answer.error.find("root"), std::string::npos);
  EXPECT_EQ(ExitCodeOf(called.answer), ExitCode::kCredentials);
  EXPECT_EQ(served, 0);
  EXPECT_EQ(log.Count("control.refused"), 1);
}

TEST_F(ControlTest, HostileBytesAreAnsweredWithAnError) {
  Listen();
  for (const std::string& bytes : {std::string("\n"), std::string("\xff\x00\n", 3), std::string(10'000, '[') + "\n",
                                   std::string(kLargestRequest, 'x'), std::string("{\"tegodrop\": 1}\n")}) {
    const std::string told = Tell(bytes);
    const auto answer = ReadAnswer(told);
    ASSERT_TRUE(answer) << told;
    EXPECT_FALSE(answer->error.empty());
    EXPECT_FALSE(answer->refused);
  }
  EXPECT_EQ(served, 0);
  EXPECT_EQ(Call(Pause()).outcome, CallOutcome::kAnswered);
}

TEST_F(ControlTest, OneThatSaysNothingIsDroppedInTime) {
  Listen([](uid_t) { return true; }, {8, milliseconds(30)});
  const std::string told = Beside<std::string>([&] {
    const Fd fd = Connect(dir() + "/control.sock");
    return ReadAll(fd.get());
  });
  EXPECT_EQ(told, "");
  EXPECT_EQ(server->clients(), 0U);
}

TEST_F(ControlTest, TooManyAtOnceAreToldSo) {
  Listen([](uid_t) { return true; }, {2, seconds(60)});
  const std::string told = Beside<std::string>([&] {
    const Fd first = Connect(dir() + "/control.sock");
    const Fd second = Connect(dir() + "/control.sock");
    const Fd third = Connect(dir() + "/control.sock");
    return ReadAll(third.get());
  });
  const auto answer = ReadAnswer(told);
  ASSERT_TRUE(answer) << told;
  EXPECT_NE(answer->error.find("too many"), std::string::npos);
}

TEST_F(ControlTest, AClientThatGoesBeforeItsAnswerHarmsNothing) {
  hold = true;
  Listen();
  Fd fd = Connect(dir() + "/control.sock");
  const std::string request = WriteRequest(Pause());
  ASSERT_EQ(send(fd.get(), request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  loop.Run();
  ASSERT_TRUE(held);
  fd = Fd();
  held(OperatorAnswer{});
  hold = false;
  EXPECT_EQ(Call(Pause()).outcome, CallOutcome::kAnswered);
  EXPECT_EQ(server->clients(), 0U);
}

TEST_F(ControlTest, AServerThatGoesDropsItsClients) {
  hold = true;
  Listen();
  const Fd fd = Connect(dir() + "/control.sock");
  const std::string request = WriteRequest(Pause());
  ASSERT_EQ(send(fd.get(), request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  loop.Run();
  server.reset();
  EXPECT_EQ(ReadAll(fd.get()), "");
}

TEST_F(ControlTest, TheSocketIsOursAloneAndGoesAgain) {
  Listen();
  struct stat st {};
  ASSERT_EQ(lstat((dir() + "/control.sock").c_str(), &st), 0);
  EXPECT_TRUE(S_ISSOCK(st.st_mode));
  EXPECT_EQ(st.st_mode & 0777, 0600U);
  server.reset();
  RemoveControlSocket(dir(), runtime);
  EXPECT_TRUE(std::filesystem::is_empty(dir()));
  EXPECT_EQ(CallDaemon(dir(), Pause(), seconds(1)).outcome, CallOutcome::kNobody);
}

TEST_F(ControlTest, WhatADeadDaemonLeftIsReplacedAndAFileOfSomebodyIsNot) {
  Listen();
  server.reset();
  EXPECT_EQ(CallDaemon(dir(), Pause(), seconds(1)).outcome, CallOutcome::kNobody) << "nobody listens there";
  Listen();
  EXPECT_EQ(Call(Pause()).outcome, CallOutcome::kAnswered);
  server.reset();
  RemoveControlSocket(dir(), runtime);
  folder.Write("control.sock", "mine", 0600);
  EXPECT_FALSE(ListenForCommands(dir(), ""));
  EXPECT_TRUE(std::filesystem::exists(dir() + "/control.sock"));
}

TEST_F(ControlTest, ItIsFoundInTheRuntimeFolderThroughTheStateFolder) {
  const ScratchFolder other;
  runtime = other.path();
  Listen();
  EXPECT_TRUE(std::filesystem::is_symlink(dir() + "/control.sock"));
  EXPECT_EQ(Call(Pause()).outcome, CallOutcome::kAnswered);
  server.reset();
  RemoveControlSocket(dir(), runtime);
  EXPECT_TRUE(std::filesystem::is_empty(runtime));
  EXPECT_TRUE(std::filesystem::is_empty(dir()));
}

TEST_F(ControlTest, AStateFolderWithALongPathServesAsWell) {
  const std::string deep = dir() + "/" + std::string(100, 'd') + "/" + std::string(100, 'e');
  std::filesystem::create_directories(deep);
  auto listening = ListenForCommands(deep, "");
  ASSERT_TRUE(listening) << listening.error().message;
  ControlServer long_server(
      loop, log, std::move(*listening), [](uid_t) { return true; },
      [](const OperatorRequest&, const std::function<void(OperatorAnswer)>& done) { done({}); });
  const CallResult called = Beside<CallResult>([&] { return CallDaemon(deep, Pause(), seconds(20)); });
  EXPECT_EQ(called.outcome, CallOutcome::kAnswered) << called.trouble;
}

TEST_F(ControlTest, OneThatListensAndDoesNotAnswerIsSilent) {
  const auto listening = ListenForCommands(dir(), "");
  ASSERT_TRUE(listening);
  const CallResult called = CallDaemon(dir(), Pause(), milliseconds(30));
  EXPECT_EQ(called.outcome, CallOutcome::kSilent);
  EXPECT_FALSE(called.trouble.empty());
}

TEST_F(ControlTest, WhoeverMayNotOpenItIsNotPermitted) {
  Listen();
  ASSERT_EQ(chmod((dir() + "/control.sock").c_str(), 0), 0);
  AsOrdinaryUser([&] { EXPECT_EQ(CallDaemon(dir(), Pause(), seconds(1)).outcome, CallOutcome::kNotPermitted); });
}

}  // namespace
}  // namespace tegodrop::testing
