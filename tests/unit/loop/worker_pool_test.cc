#include "daemon/loop/worker_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <future>
#include <latch>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

namespace tegodrop {
namespace {

TEST(WorkerPool, WorksOnAWorkerAndAnswersOnTheLoop) {
  EventLoop loop;
  WorkerPool pool(loop, 2, "test");
  const std::thread::id home = std::this_thread::get_id();
  std::thread::id worked;
  bool done = false;
  const HandlePtr task = pool.Submit([&] { worked = std::this_thread::get_id(); },
                                     [&] {
                                       EXPECT_EQ(std::this_thread::get_id(), home);
                                       done = true;
                                       loop.Stop();
                                     });
  EXPECT_FALSE(done);
  loop.Run();
  EXPECT_TRUE(done);
  EXPECT_NE(worked, home);
}

TEST(WorkerPool, OneThreadKeepsTheOrder) {
  EventLoop loop;
  WorkerPool pool(loop, 1, "test");
  std::vector<int> worked;
  std::vector<int> answered;
  std::vector<HandlePtr> tasks;
  for (int i = 0; i < 100; ++i) {
    tasks.push_back(pool.Submit([&worked, i] { worked.push_back(i); },
                                [&, i] {
                                  answered.push_back(i);
                                  if (i == 99) loop.Stop();
                                }));
  }
  loop.Run();
  ASSERT_EQ(worked.size(), 100U);
  EXPECT_TRUE(std::is_sorted(worked.begin(), worked.end()));
  EXPECT_EQ(answered, worked);
}

TEST(WorkerPool, ThreadsWorkAtTheSameTime) {
  EventLoop loop;
  WorkerPool pool(loop, 3, "test");
  std::latch meet(3);  // passed only when all three are inside
  int answered = 0;
  std::vector<HandlePtr> tasks;
  for (int i = 0; i < 3; ++i) {
    tasks.push_back(pool.Submit([&] { meet.arrive_and_wait(); },
                                [&] {
                                  if (++answered == 3) loop.Stop();
                                }));
  }
  loop.Run();
  EXPECT_EQ(answered, 3);
}

TEST(WorkerPool, TasksInLineFollowEachOtherOnWhateverThreads) {
  EventLoop loop;
  WorkerPool pool(loop, 3, "test");
  const int here = 0;
  const int there = 0;
  std::atomic<bool> inside = false;
  std::vector<int> worked;  // by one at a time, or the order is lost
  int answered = 0;
  std::vector<HandlePtr> tasks;
  for (int i = 0; i < 300; ++i) {
    tasks.push_back(pool.SubmitInLine(
        &here,
        [&, i] {
          EXPECT_FALSE(inside.exchange(true));
          worked.push_back(i);
          inside = false;
        },
        [&] {
          if (++answered == 300) loop.Stop();
        }));
    tasks.push_back(pool.SubmitInLine(
        &there, [] {}, [] {}));
    tasks.push_back(pool.Submit([] {}, [] {}));
  }
  loop.Run();
  ASSERT_EQ(worked.size(), 300U);
  EXPECT_TRUE(std::is_sorted(worked.begin(), worked.end()));
}

TEST(WorkerPool, ALineThatWaitsHoldsUpNobodyElse) {
  EventLoop loop;
  WorkerPool pool(loop, 2, "test");
  const int line = 0;
  std::promise<void> release;
  bool second = false;
  std::vector<HandlePtr> tasks;
  tasks.push_back(pool.SubmitInLine(
      &line, [&] { release.get_future().wait(); }, [] {}));
  for (int i = 0; i < 3; ++i)
    tasks.push_back(pool.SubmitInLine(
        &line, [&] { second = true; }, [] {}));
  // Dropped before its turn: those behind it come all the same.
  tasks.erase(tasks.begin() + 1);
  tasks.push_back(pool.Submit(
      [&] {
        EXPECT_FALSE(second);
        release.set_value();
      },
      [] {}));
  tasks.push_back(pool.SubmitInLine(
      &line, [] {}, [&] { loop.Stop(); }));
  loop.Run();
  EXPECT_TRUE(second);
}

TEST(WorkerPool, WhatHasNotBegunIsDroppedWithItsHandle) {
  EventLoop loop;
  WorkerPool pool(loop, 1, "test");
  std::promise<void> release;
  std::atomic<bool> worked = false;
  bool answered = false;
  const HandlePtr first = pool.Submit([&] { release.get_future().wait(); }, [] {});
  HandlePtr dropped = pool.Submit([&] { worked = true; }, [&] { answered = true; });
  const HandlePtr last = pool.Submit([] {}, [&] { loop.Stop(); });
  dropped.reset();
  release.set_value();
  loop.Run();
  EXPECT_FALSE(worked);
  EXPECT_FALSE(answered);
}

TEST(WorkerPool, WhatHasBegunRunsToItsEndWithoutAnAnswer) {
  EventLoop loop;
  WorkerPool pool(loop, 1, "test");
  std::promise<void> begun;
  std::promise<void> release;
  std::atomic<bool> ended = false;
  bool answered = false;
  HandlePtr task = pool.Submit(
      [&] {
        begun.set_value();
        release.get_future().wait();
        ended = true;
      },
      [&] { answered = true; });
  begun.get_future().wait();
  task.reset();
  release.set_value();
  const HandlePtr last = pool.Submit([] {}, [&] { loop.Stop(); });
  loop.Run();
  EXPECT_TRUE(ended);
  EXPECT_FALSE(answered);
}

TEST(WorkerPool, AnAnswerThatWaitsOnTheLoopIsDroppedWithItsHandle) {
  EventLoop loop;
  WorkerPool pool(loop, 1, "test");
  bool answered = false;
  HandlePtr second;
  const HandlePtr first = pool.Submit([] {}, [&] { second.reset(); });
  second = pool.Submit([] {}, [&] { answered = true; });
  std::promise<void> worked;
  const HandlePtr third = pool.Submit([&] { worked.set_value(); }, [&] { loop.Stop(); });
  worked.get_future().wait();  // the first two have answered to the loop, which has not run yet
  loop.Run();
  EXPECT_FALSE(answered);
}

TEST(WorkerPool, AnAnswerMayDestroyItsOwnHandleAndSubmitTheNext) {
  EventLoop loop;
  WorkerPool pool(loop, 2, "test");
  HandlePtr task;
  int steps = 0;
  std::function<void()> next = [&] {
    task.reset();
    if (++steps == 5) return loop.Stop();
    task = pool.Submit([] {}, next);
  };
  task = pool.Submit([] {}, next);
  loop.Run();
  EXPECT_EQ(steps, 5);
}

TEST(WorkerPool, ItsEndWaitsForWhatRunsAndNobodyIsAnswered) {
  EventLoop loop;
  std::promise<void> begun;
  std::promise<void> release;
  std::atomic<bool> ended = false;
  std::atomic<bool> dropped_ran = false;
  bool answered = false;
  {
    WorkerPool pool(loop, 1, "test");
    HandlePtr running = pool.Submit(
        [&] {
          begun.set_value();
          release.get_future().wait();
          ended = true;
        },
        [&] { answered = true; });
    HandlePtr waiting = pool.Submit([&] { dropped_ran = true; }, [&] { answered = true; });
    begun.get_future().wait();
    running.reset();
    waiting.reset();
    release.set_value();
  }
  EXPECT_TRUE(ended);
  EXPECT_FALSE(dropped_ran);
  loop.Post([&] { loop.Stop(); });
  loop.Run();
  EXPECT_FALSE(answered);
}

TEST(WorkerPool, WhatTheWorkHeldGoesOnTheWorker) {
  struct Held {
    std::thread::id* gone_on;
    ~Held() { *gone_on = std::this_thread::get_id(); }
  };
  EventLoop loop;
  WorkerPool pool(loop, 1, "test");
  std::thread::id worked_on;
  std::thread::id gone_on;
  auto held = std::make_shared<Held>(Held{&gone_on});
  gone_on = {};
  const HandlePtr task = pool.Submit([held = std::move(held), &worked_on] { worked_on = std::this_thread::get_id(); },
                                     [&] { loop.Stop(); });
  loop.Run();
  EXPECT_EQ(gone_on, worked_on) << "closing a file may block: never on the loop";
}

TEST(WorkerPool, WorkersTakeNoSignalsAndCarryTheirName) {
  EventLoop loop;
  WorkerPool pool(loop, 1, "readers");
  bool blocked = false;
  char name[16] = "";
  const HandlePtr task = pool.Submit(
      [&] {
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        blocked = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGHUP) == 1;
        // The name is given by the maker, perhaps only after this has begun.
        do {
          pthread_getname_np(pthread_self(), name, sizeof name);
        } while (std::string_view(name) != "readers");
      },
      [&] { loop.Stop(); });
  loop.Run();
  EXPECT_TRUE(blocked);
  sigset_t own;
  pthread_sigmask(SIG_SETMASK, nullptr, &own);
  EXPECT_EQ(sigismember(&own, SIGTERM), 0) << "the loop's thread takes them";
}

TEST(RunTask, HandsTheValueFromTheWorkerToTheLoop) {
  EventLoop loop;
  WorkerPool pool(loop, 1, "test");
  std::unique_ptr<int> got;
  const HandlePtr task = RunTask<std::unique_ptr<int>>(
      pool, [] { return std::make_unique<int>(7); },
      [&](std::unique_ptr<int> value) {
        got = std::move(value);
        loop.Stop();
      });
  loop.Run();
  ASSERT_NE(got, nullptr);
  EXPECT_EQ(*got, 7);
}

}  // namespace
}  // namespace tegodrop
