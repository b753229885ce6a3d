#include "daemon/loop/event_loop.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

namespace tegodrop {
namespace {

using namespace std::chrono_literals;

TEST(EventLoop, RunsWhatThreadsPostEachThreadsInItsOrder) {
  constexpr int kThreads = 4;
  constexpr int kEach = 1000;
  EventLoop loop;
  const std::thread::id home = std::this_thread::get_id();
  std::vector<std::vector<int>> seen(kThreads);
  int total = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        loop.Post([&, thread, i] {
          EXPECT_EQ(std::this_thread::get_id(), home);
          seen[static_cast<std::size_t>(thread)].push_back(i);
          if (++total == kThreads * kEach) loop.Stop();
        });
      }
    });
  }
  loop.Run();
  for (std::thread& thread : threads) thread.join();
  for (const auto& one : seen) {
    ASSERT_EQ(one.size(), static_cast<std::size_t>(kEach));
    for (int i = 0; i < kEach; ++i) EXPECT_EQ(one[static_cast<std::size_t>(i)], i);
  }
}

TEST(EventLoop, NeverRunsAPostInsideAnother) {
  EventLoop loop;
  std::string order;
  loop.Post([&] {
    loop.Post([&] {
      order += "b";
      loop.Stop();
    });
    order += "a";
  });
  EXPECT_EQ(order, "") << "nor inside Post itself";
  loop.Run();
  EXPECT_EQ(order, "ab");
}

TEST(EventLoop, DropsWhatIsPostedAfterTheLastRun) {
  auto held = std::make_shared<int>(0);
  {
    EventLoop loop;
    loop.Post([&] { loop.Stop(); });
    loop.Run();
    loop.Post([held] { ++*held; });
  }
  EXPECT_EQ(*held, 0);
  EXPECT_EQ(held.use_count(), 1) << "it was not leaked";
}

TEST(EventLoop, MayRunAgainAfterAStop) {
  EventLoop loop;
  int runs = 0;
  for (int i = 0; i < 3; ++i) {
    loop.Post([&] {
      ++runs;
      loop.Stop();
    });
    loop.Run();
  }
  EXPECT_EQ(runs, 3);
}

// What it would leave is memory: LeakSanitizer convicts.
TEST(EventLoop, AStopThatCameWhileNothingRanKeepsNothingFromBeingFreed) {
  EventLoop loop;
  HandlePtr timer = loop.After(1h, [] { FAIL(); });
  loop.Stop();
  timer.reset();
}

TEST(EventLoop, TimersFireInOrderAndNotBeforeTheirTime) {
  EventLoop loop;
  std::string order;
  const auto start = std::chrono::steady_clock::now();
  const HandlePtr late = loop.After(30ms, [&] {
    EXPECT_GE(std::chrono::steady_clock::now() - start, 29ms);
    order += "late";
    loop.Stop();
  });
  const HandlePtr soon = loop.After(10ms, [&] {
    EXPECT_GE(std::chrono::steady_clock::now() - start, 9ms);
    order += "soon ";
  });
  const HandlePtr now = loop.After(-5ms, [&] { order += "now "; });
  EXPECT_EQ(order, "") << "never inside the call";
  loop.Run();
  EXPECT_EQ(order, "now soon late");
}

TEST(EventLoop, ATimerSetLateInALongTurnIsNotEarly) {
  EventLoop loop;
  HandlePtr timer;
  loop.Post([&] {
    const auto end = std::chrono::steady_clock::now() + 30ms;
    while (std::chrono::steady_clock::now() < end) {
    }
    timer = loop.After(20ms, [&, set = std::chrono::steady_clock::now()] {
      EXPECT_GE(std::chrono::steady_clock::now() - set, 19ms);
      loop.Stop();
    });
  });
  loop.Run();
}

TEST(EventLoop, ADestroyedTimerDoesNotFire) {
  EventLoop loop;
  int fired = 0;
  HandlePtr gone = loop.After(0ms, [&] { ++fired; });
  gone.reset();
  // Due in the same turn, and destroyed by the one before it.
  HandlePtr second;
  const HandlePtr first = loop.After(1ms, [&] { second.reset(); });
  second = loop.After(1ms, [&] { ++fired; });
  const HandlePtr end = loop.After(10ms, [&] { loop.Stop(); });
  loop.Run();
  EXPECT_EQ(fired, 0);
}

TEST(EventLoop, ATimerMayDestroyItselfAndItsCaptures) {
  EventLoop loop;
  auto held = std::make_shared<int>(0);
  HandlePtr timer;
  timer = loop.After(0ms, [&timer, &loop, held] {
    timer.reset();
    ++*held;  // still there: the callback was copied out
    loop.Stop();
  });
  loop.Run();
  EXPECT_EQ(*held, 1);
}

TEST(EventLoop, ATimerMayReplaceItself) {
  EventLoop loop;
  HandlePtr timer;
  int fired = 0;
  std::function<void()> again = [&] {
    if (++fired == 3) return loop.Stop();
    timer = loop.After(0ms, again);
  };
  timer = loop.After(0ms, again);
  loop.Run();
  EXPECT_EQ(fired, 3);
}

struct Pipe {
  Pipe() { EXPECT_EQ(pipe(ends.data()), 0); }
  ~Pipe() {
    for (const int end : ends) close(end);
  }
  std::array<int, 2> ends{};
};

TEST(EventLoop, SaysWhenADescriptorIsReadableAndStopsWhenDestroyed) {
  EventLoop loop;
  Pipe one;
  int seen = 0;
  HandlePtr watch;
  watch = loop.WatchReadable(one.ends[0], false, [&] {
    char byte = 0;
    EXPECT_EQ(read(one.ends[0], &byte, 1), 1);
    ++seen;
    if (byte == 'b') watch.reset();  // inside its own callback
    if (byte == 'a') loop.Post([&] { EXPECT_EQ(write(one.ends[1], "bc", 2), 2); });
  });
  EXPECT_EQ(write(one.ends[1], "a", 1), 1);
  const HandlePtr end = loop.After(50ms, [&] { loop.Stop(); });
  loop.Run();
  EXPECT_EQ(seen, 2) << "'c' arrives after the watch has gone";
}

TEST(EventLoop, SaysWhenTheOtherEndHasGone) {
  EventLoop loop;
  Pipe one;
  int seen = 0;
  HandlePtr watch;
  watch = loop.WatchReadable(one.ends[0], false, [&] {
    ++seen;
    watch.reset();
    loop.Stop();
  });
  close(one.ends[1]);
  one.ends[1] = dup(one.ends[0]);
  loop.Run();
  EXPECT_EQ(seen, 1);
}

// Urgent data on a TCP connection raises POLLPRI, as a change of /proc/self/mountinfo does.
TEST(EventLoop, WithPriorityOrdinaryBytesSayNothing) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length), 0);
  const int sender = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(connect(sender, reinterpret_cast<sockaddr*>(&address), length), 0);
  const int receiver = accept(listener, nullptr, nullptr);
  {
    EventLoop loop;
    int seen = 0;
    HandlePtr watch = loop.WatchReadable(receiver, true, [&] {
      ++seen;
      loop.Stop();
    });
    ASSERT_EQ(send(sender, "x", 1, 0), 1);
    const HandlePtr ordinary = loop.After(50ms, [&] {
      EXPECT_EQ(seen, 0);
      EXPECT_EQ(send(sender, "!", 1, MSG_OOB), 1);
    });
    loop.Run();
    EXPECT_GE(seen, 1);
    watch.reset();
  }
  for (const int fd : {listener, sender, receiver}) close(fd);
}

TEST(EventLoop, SaysEachArrivalOfASignalUntilDestroyed) {
  EventLoop loop;
  int seen = 0;
  HandlePtr watch;
  const HandlePtr other = loop.OnSignal(SIGUSR1, [] {});  // keeps the signal from ending the test
  watch = loop.OnSignal(SIGUSR1, [&] {
    if (++seen == 2) watch.reset();
    raise(SIGUSR1);
  });
  raise(SIGUSR1);
  const HandlePtr end = loop.After(30ms, [&] { loop.Stop(); });
  loop.Run();
  EXPECT_EQ(seen, 2);
}

}  // namespace
}  // namespace tegodrop
