// The parts that need no network.
#include "daemon/net/answer_reader.h"
#include "daemon/net/deadlines.h"
#include "daemon/net/origin.h"
#include "tests/unit/net/net_test.h"

namespace tegodrop::testing {
namespace {

HttpRequest Limits() {
  HttpRequest request;
  request.connect_timeout = milliseconds(100);
  request.stall_timeout = milliseconds(30);
  request.answer_timeout = milliseconds(60);
  return request;
}

TEST(DeadlinesTest, EachStageHasItsOwn) {
  Deadlines deadlines(Limits(), 1000);
  EXPECT_TRUE(deadlines.connecting());
  EXPECT_EQ(deadlines.Next()->at, 1100);
  deadlines.Moved(1050);
  EXPECT_EQ(deadlines.Next()->at, 1100) << "connecting is one limit, whatever moves";
  deadlines.Connected(1080, milliseconds(0));
  EXPECT_FALSE(deadlines.connecting());
  EXPECT_EQ(deadlines.Next()->at, 1110);
  deadlines.Moved(1100);
  EXPECT_EQ(deadlines.Next()->at, 1130);
  deadlines.SentAll(1120);
  EXPECT_EQ(deadlines.Next()->at, 1180);
  deadlines.Moved(1150);
  EXPECT_EQ(deadlines.Next()->at, 1180) << "interim answers give no more time";
  deadlines.AnswerBegan(1170);
  EXPECT_EQ(deadlines.Next()->at, 1200);
}

TEST(DeadlinesTest, OurOwnWaitsStopTheStallButNotTheTotal) {
  HttpRequest request = Limits();
  request.total_timeout = milliseconds(10000);
  Deadlines deadlines(request, 0);
  deadlines.Connected(10, milliseconds(0));
  deadlines.SourceWaits(true, 20);
  EXPECT_EQ(deadlines.Next()->at, 10000);
  deadlines.SourceWaits(false, 5000);
  EXPECT_EQ(deadlines.Next()->at, 5030);
  deadlines.AnswerBegan(5010);
  deadlines.SinkWaits(true, 5010);
  EXPECT_EQ(deadlines.Next()->at, 10000);
}

TEST(DeadlinesTest, AnEarlyAnswerIsTimedEvenWhileTheSourceWaits) {
  Deadlines deadlines(Limits(), 0);
  deadlines.Connected(10, milliseconds(0));
  deadlines.SourceWaits(true, 20);
  EXPECT_FALSE(deadlines.Next());
  deadlines.AnswerBegan(50);
  EXPECT_EQ(deadlines.Next()->at, 80);
  deadlines.SentAll(60);
  EXPECT_EQ(deadlines.Next()->at, 80);
}

TEST(DeadlinesTest, AskingFirstAddsItsWait) {
  Deadlines deadlines(Limits(), 0);
  deadlines.Connected(10, milliseconds(1000));
  EXPECT_EQ(deadlines.Next()->at, 1040);
}

TEST(AnswerReaderTest, TellsInterimFromFinalAndForgetsOnRestart) {
  AnswerReader reader(nullptr, 100, 0);
  for (const char* line : {"HTTP/1.1 100 Continue\r\n", "X-A: 1\r\n", "\r\n"}) ASSERT_TRUE(reader.Line(line));
  EXPECT_TRUE(reader.saw_continue());
  EXPECT_FALSE(reader.began());
  for (const char* line : {"HTTP/1.1 200\r\n", "X-B:2\r\n", " folded\r\n", "no colon\r\n", "Content-Length: 3\r\n"}) {
    ASSERT_TRUE(reader.Line(line));
  }
  EXPECT_TRUE(reader.began());
  EXPECT_FALSE(reader.headers_done());
  ASSERT_TRUE(reader.Line("\r\n"));
  EXPECT_FALSE(reader.whole());
  ASSERT_TRUE(reader.Body("abc", 3));
  EXPECT_TRUE(reader.whole());
  const HttpAnswer answer = reader.Take();
  EXPECT_EQ(answer.headers.size(), 2U);
  EXPECT_EQ(answer.Header("x-b"), "2 folded");
  reader.Restart();
  EXPECT_FALSE(reader.began() || reader.headers_done() || reader.saw_continue() || reader.whole());
  EXPECT_EQ(reader.received(), 0U);
}

TEST(AnswerReaderTest, ALimitIsInclusive) {
  AnswerReader reader(nullptr, 3, 0);
  for (const char* line : {"HTTP/1.1 200 OK\r\n", "\r\n"}) ASSERT_TRUE(reader.Line(line));
  ASSERT_TRUE(reader.Body("abc", 3));
  EXPECT_FALSE(reader.over_limit());
  EXPECT_FALSE(reader.Body("d", 1));
  EXPECT_TRUE(reader.over_limit());
}

TEST(OriginTest, KeysAreTheSameForAServersUrls) {
  EXPECT_EQ(ParseOrigin(Secret("https://Host.Example/a?b"))->key, "https://host.example:443");
  EXPECT_EQ(ParseOrigin(Secret("https://host.example:443"))->key, "https://host.example:443");
  EXPECT_EQ(ParseOrigin(Secret("http://host.example:8080/"))->key, "http://host.example:8080");
}

TEST(OriginTest, LoopbackIsFoundInEverySpelling) {
  for (const char* url :
       {"http://127.0.0.1", "http://127.9.9.9:1/x", "http://127.1", "http://0x7f000001", "http://[::1]:80",
        "http://localhost", "http://LocalHost./", "http://a.localhost", "http://[::ffff:127.0.0.1]"}) {
    EXPECT_TRUE(ParseOrigin(Secret(url))->loopback) << url;
  }
  for (const char* url : {"http://128.0.0.1", "http://localhost.example", "http://notlocalhost", "http://[::2]",
                          "http://127.0.0.1.example"}) {
    EXPECT_FALSE(ParseOrigin(Secret(url))->loopback) << url;
  }
}

}  // namespace
}  // namespace tegodrop::testing
