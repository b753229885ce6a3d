// The drop folder on its own thread, a real loop and real inotify.
#include "daemon/share/local_drop_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/loop/event_loop.h"
#include "daemon/loop/worker_pool.h"
#include "tests/unit/share_drop/drop_place.h"

namespace tegodrop::testing {
namespace {

using std::chrono::seconds;
using ::testing::AnyOf;
using ::testing::Contains;

struct Seen {
  std::string name;
  Nomination nomination;
  bool operator==(const Seen&) const = default;
};

class LocalDropFolderTest : public ::testing::Test {
 protected:
  LocalDropFolderTest() { Make(true, true); }
  void Make(bool change, bool events, bool recursive = false) {
    folder.reset();
    LocalDropFolderSettings settings;
    settings.ops = {place.path, ".tegodrop", place.spool, change};
    settings.ops.recursive = recursive;
    settings.events = events;
    folder = MakeLocalDropFolder(std::move(settings), loop, readers, place.fs, place.clock, place.random);
  }
  // Runs the loop until `there` holds; the test fails after a long time.
  void RunUntil(const std::function<bool()>& there) {
    bool late = false;
    const HandlePtr deadline = loop.After(seconds(30), [&] {
      late = true;
      loop.Stop();
    });
    wake_ = [&] {
      if (there()) loop.Stop();
    };
    if (!there()) loop.Run();
    wake_ = nullptr;
    EXPECT_FALSE(late) << "nothing came";
  }
  template <typename T, typename Start>
  T Await(Start start) {
    std::optional<T> answer;
    const HandlePtr handle = start([&](T given) {
      answer.emplace(std::move(given));
      loop.Stop();
    });
    EXPECT_FALSE(answer.has_value()) << "answered inside the call";
    loop.Run();
    return std::move(*answer);
  }
  Result<DropFolderFacts> Open(const std::string& id = "") {
    return Await<Result<DropFolderFacts>>([&](auto done) {
      return folder->Open(
          id, "",
          [this](const Hint& hint) {
            seen.push_back({hint.name, hint.nomination});
            if (wake_) wake_();
          },
          std::move(done));
    });
  }
  Result<Listing> List() {
    return Await<Result<Listing>>([&](auto done) { return folder->List(std::move(done)); });
  }
  void ExpectHint(const std::string& name, Nomination nomination) {
    RunUntil([&] { return std::find(seen.begin(), seen.end(), Seen{name, nomination}) != seen.end(); });
    EXPECT_THAT(seen, Contains(Seen{name, nomination}));
    seen.clear();
  }

  DropPlace place{true};
  EventLoop loop;
  WorkerPool readers{loop, 2, "readers"};
  std::unique_ptr<DropFolder> folder;
  std::vector<Seen> seen;
  std::function<void()> wake_;
};

TEST_F(LocalDropFolderTest, EachWayInRaisesItsOwnHint) {
  auto facts = Open();
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_TRUE(facts->watched) << facts->watch_trouble;
  const std::string outside = place.scratch.Write("outside.apk", "content");
  files::copy_file(outside, place.Path("copied.apk"));
  ExpectHint("copied.apk", Nomination::kClosed);
  files::create_hard_link(outside, place.Path("linked.apk"));
  ExpectHint("linked.apk", Nomination::kCreated);
  files::rename(outside, place.Path("moved.apk"));
  ExpectHint("moved.apk", Nomination::kMovedIn);
  ASSERT_EQ(chmod(place.Path("moved.apk").c_str(), 0600), 0);
  ExpectHint("moved.apk", Nomination::kScanned);
  place.Write("copied.apk.commit", "commit");
  ExpectHint("copied.apk.commit", Nomination::kClosed);
  files::remove(place.Path("linked.apk"));
  ExpectHint("linked.apk", Nomination::kScanned);
}

TEST_F(LocalDropFolderTest, NamesThatAreNothingToUsRaiseNone) {
  ASSERT_TRUE(Open());
  for (const char* name : {".a.apk.Xy12", "a.apk.part", "readme.txt", "~a.apk"}) place.Write(name, "x");
  files::create_directory(place.Path("folder.apk"));
  place.Write("last.apk", "x");
  ExpectHint("last.apk", Nomination::kClosed);
  for (const Seen& one : seen) EXPECT_EQ(one.name, "last.apk");
}

TEST_F(LocalDropFolderTest, WhatHappensToTheFolderItselfAsksForAListing) {
  const auto away = place.path + "-away";
  const std::vector<std::function<void()>> events{
      [&] { ASSERT_EQ(chmod(place.path.c_str(), 0775), 0); },
      [&] { files::rename(place.path, away); },
      [&] { files::rename(away, place.path); },
      [&] { files::remove_all(place.path); },
  };
  ASSERT_TRUE(Open());
  for (const auto& event : events) {
    event();
    ExpectHint("", Nomination::kScanned);
  }
  auto listing = List();
  ASSERT_FALSE(listing);
  EXPECT_EQ(listing.error().sys, ENOENT);
}

TEST_F(LocalDropFolderTest, ALostQueueAsksForAListing) {
  ASSERT_TRUE(Open());
  for (int i = 0; i < 9000; ++i) {  // two events each, and the queue holds 16,384
    const std::string name = place.Path("a" + std::to_string(i) + ".apk");
    const int fd = creat(name.c_str(), 0600);
    ASSERT_GE(fd, 0);
    close(fd);
  }
  RunUntil([&] { return !seen.empty() && seen.back() == Seen{"", Nomination::kScanned}; });
  auto listing = List();
  ASSERT_TRUE(listing);
  EXPECT_EQ(listing->files.size(), 9000U);
}

TEST_F(LocalDropFolderTest, AClaimRaisesNothingButThatTheFileIsGone) {
  ASSERT_TRUE(Open());
  place.Write("a.apk", "content");
  ExpectHint("a.apk", Nomination::kClosed);
  auto claimed =
      Await<Result<ClaimOutcome>>([&](auto done) { return folder->Claim(place.RequestFor("a.apk"), std::move(done)); });
  ASSERT_TRUE(claimed);
  EXPECT_EQ(*claimed, ClaimOutcome::kClaimed);
  auto receipt = Await<Status>([&](auto done) { return folder->WriteReceipt("s-1", "{}", std::move(done)); });
  ASSERT_TRUE(receipt);
  auto put = Await<Status>([&](auto done) {
    return folder->PutAway({DropPlace::kJob, "a.apk", {}, Destination::kProcessed, "", false}, std::move(done));
  });
  ASSERT_TRUE(put);
  place.Write("z.apk", "content");
  RunUntil([&] { return !seen.empty() && seen.back() == Seen{"z.apk", Nomination::kClosed}; });
  for (const Seen& one : seen) {
    EXPECT_TRUE(one.name == "z.apk" || one == (Seen{"a.apk", Nomination::kScanned})) << one.name;
  }
}

TEST_F(LocalDropFolderTest, WithoutEventsThereIsNoWatch) {
  Make(true, false);
  auto facts = Open();
  ASSERT_TRUE(facts);
  EXPECT_FALSE(facts->watched);
  EXPECT_EQ(facts->watch_trouble, "");
}

TEST_F(LocalDropFolderTest, FoldersInsideRaiseHintsByTheirPathsWhereverTheyMove) {
  Make(true, true, true);
  files::create_directories(place.Path("team"));
  ASSERT_TRUE(Open());
  ASSERT_TRUE(List());
  seen.clear();
  place.Write("team/a.apk", "x");
  ExpectHint("team/a.apk", Nomination::kClosed);
  // A folder that comes asks for a listing, and is watched from then on, also under its next name.
  files::create_directories(place.Path("team/night"));
  ExpectHint("", Nomination::kScanned);
  ASSERT_TRUE(List());
  seen.clear();
  place.Write("team/night/b.apk", "x");
  ExpectHint("team/night/b.apk", Nomination::kClosed);
  files::rename(place.Path("team/night"), place.Path("day"));
  ExpectHint("", Nomination::kScanned);
  ASSERT_TRUE(List());
  seen.clear();
  place.Write("day/c.apk", "x");
  ExpectHint("day/c.apk", Nomination::kClosed);
  // One that has left is watched no longer.
  files::rename(place.Path("day"), place.scratch.Path("elsewhere"));
  ExpectHint("", Nomination::kScanned);
  ASSERT_TRUE(List());
  seen.clear();
  place.scratch.Write("elsewhere/d.apk", "x");
  place.Write("team/e.apk", "x");
  RunUntil([&] { return std::find(seen.begin(), seen.end(), Seen{"team/e.apk", Nomination::kClosed}) != seen.end(); });
  for (const Seen& one : seen) EXPECT_EQ(one.name, "team/e.apk");
}

TEST_F(LocalDropFolderTest, AHintMayOpenTheFolderAnew) {
  int opened = 0;
  HandlePtr opening;
  std::function<void(const Hint&)> hint = [&](const Hint&) {
    if (opened != 1) return;
    opening = folder->Open("", "", hint, [&](const Result<DropFolderFacts>& facts) {
      EXPECT_TRUE(facts);
      ++opened;
      loop.Stop();
    });
  };
  opening = folder->Open("", "", hint, [&](const Result<DropFolderFacts>&) {
    opened = 1;
    place.Write("a.apk", "x");
  });
  loop.Run();
  EXPECT_EQ(opened, 2);
  opening.reset();
}

TEST_F(LocalDropFolderTest, ADroppedHandleAnswersNothing) {
  ASSERT_TRUE(Open());
  bool answered = false;
  HandlePtr listing = folder->List([&](const Result<Listing>&) { answered = true; });
  listing.reset();
  ASSERT_TRUE(List());
  EXPECT_FALSE(answered);
}

TEST_F(LocalDropFolderTest, LooksGoOnWhileTheFolderIsOpenedAnew) {
  place.Write("a.apk", MakeApk(100'000));
  ASSERT_TRUE(Open());
  InspectRequest request;
  request.name = "a.apk";
  request.expected = place.Stat("a.apk");
  std::vector<HandlePtr> handles;
  int answers = 0;
  const auto count = [&] {
    if (++answers == 60) loop.Stop();
  };
  for (int i = 0; i < 20; ++i) {
    for (int look = 0; look < 2; ++look) {
      handles.push_back(folder->Inspect(request, [&](const Inspection& inspection) {
        EXPECT_THAT(inspection.outcome, AnyOf(Inspection::Outcome::kWhole, Inspection::Outcome::kUnreadable));
        count();
      }));
    }
    handles.push_back(folder->Open(
        "", "", [](const Hint&) {},
        [&](const Result<DropFolderFacts>& facts) {
          EXPECT_TRUE(facts);
          count();
        }));
  }
  loop.Run();
  EXPECT_EQ(answers, 60);
}

TEST_F(LocalDropFolderTest, ALookMayOutliveItsFolder) {
  auto own_readers = std::make_unique<WorkerPool>(loop, 1, "own");
  LocalDropFolderSettings settings;
  settings.ops = {place.path, ".tegodrop", place.spool, true};
  folder = MakeLocalDropFolder(std::move(settings), loop, *own_readers, place.fs, place.clock, place.random);
  place.Write("a.apk", MakeApk(100'000));
  ASSERT_TRUE(Open());
  std::promise<void> begun;
  std::promise<void> gone;
  int opened = 0;
  int reads = 0;
  place.fs.before_call = [&](std::string_view call) {
    if (call == "ReadAt") ++reads;
    if (call != "OpenFileAt" || ++opened > 1) return;
    begun.set_value();
    gone.get_future().wait();
  };
  InspectRequest request;
  request.name = "a.apk";
  request.expected = place.Stat("a.apk");
  HandlePtr look = folder->Inspect(request, [](const Inspection&) { FAIL() << "who asked is gone"; });
  begun.get_future().wait();
  look.reset();
  folder.reset();
  gone.set_value();
  own_readers.reset();  // waits for the look
  EXPECT_GT(reads, 0) << "it went on to its end";
}

}  // namespace
}  // namespace tegodrop::testing
