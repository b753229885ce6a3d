// How events get to the webhook: once, bundled when many, over trouble on the way and over deaths, and with no word of
// the URL.
#include "daemon/app/notify/messenger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "tests/fakes/fake_transfer.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/seeded_random.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/task_queue.h"
#include "tests/unit/notify/memory_outbox.h"

namespace tegodrop::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kUrl = "https://chat.example:8443/hooks/T0SECRET?key=K0SECRET";

class MessengerTest : public ::testing::Test {
 protected:
  // A new life.
  void Start() {
    messenger.reset();
    messenger.emplace(MessengerWorld{clock, clock, random, log, outbox, transfer}, Secret(kUrl), "host-1", "1.2");
    bool ready = false;
    messenger->Start([&] { ready = true; });
    queue.RunAll();
    EXPECT_TRUE(ready);
  }
  void Die() { messenger.reset(); }
  void Tell(const std::string& event, const std::string& job, bool over = false) {
    OutboxEvent made;
    made.event = event;
    made.over = over;
    made.job = job;
    made.file_name = job + ".apk";
    made.message = "it went wrong";
    messenger->Tell(event + " " + job, std::move(made));
    queue.RunAll();
  }
  void Step(milliseconds by) {
    clock.Step(by);
    queue.RunAll();
  }
  // The message that is under way is answered so.
  void Answer(int status, std::vector<std::pair<std::string, std::string>> headers = {}) {
    ASSERT_FALSE(transfer.calls.empty());
    ASSERT_TRUE(transfer.calls.back()->live);
    transfer.AnswerStatus(*transfer.calls.back(), status, "", std::move(headers));
    queue.RunAll();
  }
  void Break(const std::string& message) {
    ASSERT_TRUE(transfer.calls.back()->live);
    transfer.Answer(*transfer.calls.back(), Fail(ErrorKind::kRetry, message));
    queue.RunAll();
  }
  bool UnderWay() const { return !transfer.calls.empty() && transfer.calls.back()->live; }
  // Lets every message through until none is left within that time; how many there were.
  int TakeAll(milliseconds time) {
    int taken = 0;
    for (milliseconds passed{0}; passed <= time; passed += milliseconds(500)) {
      while (UnderWay()) {
        Answer(200);
        ++taken;
        Step(milliseconds(0));
      }
      Step(milliseconds(500));
    }
    return taken;
  }
  rapidjson::Document Body(std::size_t call) const {
    rapidjson::Document body;
    body.Parse(transfer.calls.at(call)->request.body.c_str());
    EXPECT_FALSE(body.HasParseError());
    return body;
  }

  TaskQueue queue;
  SteppedClock clock;
  SeededRandom random{7};
  RecordedLog log;
  MemoryOutbox outbox{queue};
  FakeTransfer transfer{queue};
  std::optional<Messenger> messenger;
};

TEST_F(MessengerTest, AnEventIsPostedAsJsonAfterAMomentAndLeavesTheOutboxOnceTaken) {
  Start();
  Tell("failed", "a");
  EXPECT_THAT(outbox.events, SizeIs(1)) << "durable before it is sent";
  EXPECT_FALSE(UnderWay());
  Step(kGatherEvents);
  ASSERT_TRUE(UnderWay());
  const HttpRequest& request = transfer.calls[0]->request;
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url.Reveal(), kUrl);
  ASSERT_THAT(request.headers, SizeIs(1)) << "no credentials of the portal";
  EXPECT_EQ(request.headers[0].name, "Content-Type");
  EXPECT_STREQ(Body(0)["job"].GetString(), "a");
  EXPECT_THAT(outbox.events, SizeIs(1));
  Answer(204);
  EXPECT_THAT(outbox.events, IsEmpty());
  Step(hours(1));
  EXPECT_THAT(transfer.calls, SizeIs(1));
}

TEST_F(MessengerTest, WhatWasToBeToldAtADeathIsToldInTheNextLife) {
  Start();
  Tell("failed", "a");
  Die();
  EXPECT_THAT(transfer.calls, IsEmpty());
  Start();
  EXPECT_TRUE(messenger->Marked("failed a"));
  EXPECT_EQ(TakeAll(seconds(10)), 1);
  Die();
  Start();
  EXPECT_EQ(TakeAll(seconds(10)), 0) << "not twice";
  EXPECT_TRUE(messenger->Marked("failed a"));
}

TEST_F(MessengerTest, ADeathBetweenSendingAndRecordingTellsItAgain) {
  Start();
  Tell("failed", "a");
  Step(kGatherEvents);
  ASSERT_TRUE(UnderWay());
  Die();
  Start();
  EXPECT_EQ(TakeAll(seconds(10)), 1);
}

TEST_F(MessengerTest, TheEndOfATroubleTakesItsMarkBack) {
  Start();
  Tell("folder", "x");
  EXPECT_THAT(outbox.marks, ElementsAre("folder x"));
  Tell("folder", "x", true);
  EXPECT_THAT(outbox.marks, IsEmpty());
  EXPECT_FALSE(messenger->Marked("folder x"));
  EXPECT_EQ(TakeAll(seconds(10)), 2);
  EXPECT_STREQ(Body(0)["state"].GetString(), "begun");
  EXPECT_STREQ(Body(1)["state"].GetString(), "over");
  Tell("folder", "y");
  messenger->Forget("folder y");
  queue.RunAll();
  EXPECT_THAT(outbox.marks, IsEmpty());
}

TEST_F(MessengerTest, ManyFailuresAtOnceBecomeOneMessageWithTheirCount) {
  Start();
  for (int i = 0; i < 300; ++i) Tell("failed", "job" + std::to_string(i));
  EXPECT_EQ(TakeAll(seconds(10)), 1);
  const rapidjson::Document body = Body(0);
  EXPECT_EQ(body["count"].GetInt(), 300);
  EXPECT_EQ(body["items"].Size(), 20U);
  EXPECT_TRUE(body["job"].IsNull());
  EXPECT_THAT(outbox.events, IsEmpty());
}

TEST_F(MessengerTest, UpToTwentyAMinuteAreToldOneByOneAndTheRestIsBundledOnceAMinute) {
  Start();
  for (int i = 0; i < 20; ++i) Tell("failed", "job" + std::to_string(i));
  EXPECT_EQ(TakeAll(seconds(5)), 20);
  for (int i = 0; i < 3; ++i) Tell("failed", "more" + std::to_string(i));
  EXPECT_EQ(TakeAll(seconds(5)), 1);
  EXPECT_EQ(Body(20)["count"].GetInt(), 3);
  for (int i = 0; i < 30; ++i) Tell("failed", "again" + std::to_string(i));
  EXPECT_EQ(TakeAll(seconds(5)), 0) << "within the same minute";
  EXPECT_EQ(TakeAll(minutes(1)), 1);
  EXPECT_EQ(Body(21)["count"].GetInt(), 30);
}

TEST_F(MessengerTest, AnotherKindOfEventDoesNotWaitForABundle) {
  Start();
  for (int i = 0; i < 30; ++i) Tell("failed", "job" + std::to_string(i));
  EXPECT_EQ(TakeAll(seconds(5)), 1);
  for (int i = 0; i < 30; ++i) Tell("failed", "more" + std::to_string(i));
  Tell("folder", "x");
  EXPECT_EQ(TakeAll(seconds(5)), 1);
  EXPECT_STREQ(Body(1)["event"].GetString(), "folder");
}

TEST_F(MessengerTest, AReceiverThatIsAwayIsAskedAgainSaidOnceAndToldWhenItIsBack) {
  Start();
  Tell("failed", "a");
  Step(kGatherEvents);
  for (int i = 0; i < 20; ++i) {
    Break("POST https://chat.example:8443/hooks/T0SECRET: connection refused");
    EXPECT_FALSE(UnderWay()) << "not at once";
    Step(seconds(61));
    ASSERT_TRUE(UnderWay()) << i;
  }
  EXPECT_EQ(log.Count("notify.waiting"), 1);
  EXPECT_TRUE(log.Contains("connection refused"));
  EXPECT_THAT(outbox.events, SizeIs(1));
  Answer(200);
  EXPECT_EQ(log.Count("notify.back"), 1);
  EXPECT_THAT(outbox.events, IsEmpty());
}

TEST_F(MessengerTest, TroubleOfTheReceiverIsTriedAgainNotBeforeTheTimeThatItNames) {
  Start();
  for (const int status : {408, 429, 500, 503}) {
    Tell("failed", "job" + std::to_string(status));
    Step(kGatherEvents);
    Answer(status, {{"retry-after", "300"}});
    Step(seconds(299));
    EXPECT_FALSE(UnderWay()) << status;
    Step(seconds(2));
    ASSERT_TRUE(UnderWay()) << status;
    Answer(200);
  }
}

TEST_F(MessengerTest, ARefusalIsLoggedWithItsStatusAndNotTriedAgain) {
  Start();
  int refused = 0;
  for (const int status : {301, 400, 401, 403, 404, 410}) {
    Tell("failed", "job" + std::to_string(status));
    Step(kGatherEvents);
    Answer(status);
    EXPECT_EQ(log.Count("notify.refused"), ++refused);
    EXPECT_TRUE(log.Contains("HTTP " + std::to_string(status)));
    EXPECT_THAT(outbox.events, IsEmpty());
    Step(hours(1));
    EXPECT_FALSE(UnderWay());
  }
}

TEST_F(MessengerTest, WhatCouldNotBeToldForADayIsGivenUp) {
  Start();
  Tell("failed", "a");
  Step(kGatherEvents);
  Break("connection refused");
  Die();
  clock.Step(hours(25));
  Start();
  Step(seconds(10));
  EXPECT_FALSE(UnderWay());
  EXPECT_EQ(log.Count("notify.given_up"), 1);
  EXPECT_THAT(outbox.events, IsEmpty());
}

TEST_F(MessengerTest, NoMoreAreKeptThanTheOutboxMayHold) {
  Start();
  for (std::size_t i = 0; i < kMostEvents + 5; ++i) Tell("failed", "job" + std::to_string(i));
  EXPECT_EQ(TakeAll(seconds(10)), 1);
  EXPECT_EQ(Body(0)["count"].GetUint(), kMostEvents);
  EXPECT_STREQ(Body(0)["items"][0]["job"].GetString(), "job5") << "the oldest are gone";
}

TEST_F(MessengerTest, AnOutboxThatTakesNothingHoldsNoMessageUp) {
  Start();
  outbox.trouble = MakeError(ErrorKind::kLocalDisk, "full");
  Tell("failed", "a");
  Tell("failed", "b");
  Step(kGatherEvents);
  ASSERT_TRUE(UnderWay());
  Answer(200);
  outbox.trouble.reset();
  Step(seconds(6));
  EXPECT_TRUE(UnderWay()) << "b";
  EXPECT_THAT(outbox.events, SizeIs(1)) << "which is durable as soon as it can be";
}

TEST_F(MessengerTest, OneThatCannotBeReadAtTheStartIsReadLater) {
  outbox.events[4] = {4, clock.Wall(), "failed", false, "f", "a", "a.apk", "", "m", ""};
  outbox.trouble = MakeError(ErrorKind::kLocalDisk, "full");
  messenger.emplace(MessengerWorld{clock, clock, random, log, outbox, transfer}, Secret(kUrl), "host-1", "1.2");
  int ready = 0;
  messenger->Start([&] { ++ready; });
  queue.RunAll();
  EXPECT_EQ(ready, 0);
  outbox.trouble.reset();
  Step(seconds(6));
  EXPECT_EQ(ready, 1);
  EXPECT_EQ(TakeAll(seconds(10)), 1);
}

TEST_F(MessengerTest, AnotherUrlIsUsedAtOnceWhateverTheWaitForTheOldOne) {
  Start();
  Tell("failed", "a");
  Step(kGatherEvents);
  Answer(503, {{"retry-after", "600"}});
  messenger->UseUrl(Secret("https://other.example/hook"));
  Step(seconds(1));
  ASSERT_TRUE(UnderWay());
  EXPECT_EQ(transfer.calls.back()->request.url.Reveal(), "https://other.example/hook");
}

TEST_F(MessengerTest, AtTheEndNothingWaitsForOthersNorForAReceiverThatIsAway) {
  Start();
  EXPECT_TRUE(messenger->Settled());
  Tell("failed", "a");
  EXPECT_FALSE(messenger->Settled());
  Step(milliseconds(0));
  ASSERT_TRUE(UnderWay());
  EXPECT_FALSE(messenger->Settled());
  Break("connection refused");
  EXPECT_TRUE(messenger->Settled()) << "it is told in the next life";
  EXPECT_THAT(outbox.events, SizeIs(1));
}

TEST_F(MessengerTest, NoByteOfTheUrlsPathIsLoggedWhateverHappens) {
  Start();
  for (const char* message :
       {"POST https://chat.example:8443/hooks/T0SECRET: refused", "odd words about /hooks/T0SECRET",
        "https://chat.example:8443/hooks/T0SECRET https://chat.example:8443/hooks/T0SECRET"}) {
    Tell("failed", message);
    Step(kGatherEvents);
    Break(message);
    Step(seconds(61));
    Answer(404);
    Tell("failed", std::string("other ") + message);
    Step(kGatherEvents);
    transfer.Answer(*transfer.calls.back(), Fail(ErrorKind::kRejected, message));
    queue.RunAll();
  }
  EXPECT_GE(log.lines.size(), 6U);
  for (const std::string& line : log.lines) {
    // The job's id of this test is no secret.
    const std::string said = line.substr(0, line.find("job="));
    EXPECT_EQ(said.find("SECRET"), std::string::npos) << line;
  }
  EXPECT_TRUE(log.Contains("https://chat.example:8443"));
}

}  // namespace
}  // namespace tegodrop::testing
