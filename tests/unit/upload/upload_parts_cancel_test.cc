// The handle of an upload in parts destroyed at every turn of the loop, and the same under real threads.
#include <gtest/gtest.h>

#include <memory>

#include "daemon/loop/event_loop.h"
#include "daemon/loop/worker_pool.h"
#include "daemon/upload/parts_sender.h"
#include "tests/unit/upload/parts_rig.h"

namespace tegodrop {
namespace {

using std::chrono::seconds;
using testing::From;
using testing::kParts;
using testing::kPartSize;
using testing::PartsGrant;
using testing::PartsRig;
using testing::Rig;
using S = JobState;

// One turn of an upload that meets a taken identity, parts that fail, and a full disk at its end; false when nothing is
// left to do.
bool Turn(PartsRig& rig) {
  if (rig.queue.RunOne()) return true;
  for (std::size_t i = 0; i < rig.transfer.calls.size(); ++i) {
    if (!rig.transfer.calls[i]->live) continue;
    auto& call = *rig.transfer.calls[i];
    const auto [upload, number] = PartsRig::PartOf(call);
    rig.transfer.Send(call);
    if (call.sent.size() < call.request.source_size) continue;
    if (number == 2 && rig.TriesOf(2) == 1) {
      rig.transfer.AnswerStatus(call, 503);
    } else {
      const std::string etag = "\"etag-" + std::to_string(number) + "\"";
      rig.store[upload][number] = {call.sent, etag};
      rig.transfer.AnswerStatus(call, 200, "", {{"etag", etag}});
    }
    return true;
  }
  if (rig.portal.completed.size() == 1 && rig.portal.completions.answers.empty() && rig.done_calls == 0 &&
      !rig.portal.completions.waiting.empty()) {
    rig.record.fail_next = MakeError(ErrorKind::kLocalDisk, "full");
    rig.portal.completions.answers.push_back(Status{});
    rig.portal.Pump();
    return true;
  }
  if (rig.done_calls != 0 || rig.clock.pending() == 0) return false;
  rig.clock.Step(seconds(1));
  return true;
}

void Drain(PartsRig& rig) {
  rig.queue.RunAll();
  rig.clock.Step(std::chrono::minutes(20));
  rig.queue.RunAll();
}

TEST(UploadPartsCancel, IsSafeAtEveryTurnAndLeavesARowToGoOnFrom) {
  int turns = 0;
  bool finished = false;
  std::size_t resumed = 0;
  std::size_t unknown = 0;
  for (; !finished; ++turns) {
    ASSERT_LT(turns, 400);
    PartsRig rig;
    rig.portal.uploads.answers = {PartsGrant("up-0", 100), PartsGrant("up-1", 101)};
    rig.record.fail_next = MakeError(ErrorKind::kRejected, kIdentityTaken);
    rig.Start();
    for (int i = 0; i < turns && Turn(rig); ++i) {
    }
    finished = rig.done_calls == 1;
    if (finished) {
      EXPECT_TRUE(rig.result->has_value()) << rig.error().message;
      break;
    }
    rig.handle.reset();
    for (const auto& call : rig.transfer.calls) EXPECT_FALSE(call->live) << turns;
    EXPECT_EQ(rig.clock.pending(), 0U) << turns;
    Drain(rig);
    EXPECT_EQ(rig.done_calls, 0) << turns;
    const Job row = rig.row();
    const std::size_t completes = rig.portal.completed.size();
    if (row.last_chunk_left != 0) {
      EXPECT_TRUE(row.state == S::kCompleting || row.state == S::kSubmitted);
      ++unknown;
      continue;
    }
    EXPECT_EQ(completes, 0U) << "Complete never leaves without its row";
    // A restart: at most what was on its way is sent again, and one object comes of it.
    PartsRig next(From(row));
    next.portal.uploads.answers.push_back(PartsGrant("up-2", 102));
    next.portal.completions.answers.push_back(Status{});
    next.Start();
    next.Serve();
    ASSERT_EQ(next.done_calls, 1) << turns;
    EXPECT_TRUE(next.result->has_value()) << next.error().message;
    EXPECT_EQ(next.portal.completed.size(), 1U);
    EXPECT_EQ(next.portal.completed[0].size(), static_cast<std::size_t>(kParts));
    if (row.multipart) {
      ++resumed;
      EXPECT_TRUE(next.portal.upload_requests.empty());
      EXPECT_EQ(next.transfer.calls.size(), static_cast<std::size_t>(kParts) - row.multipart->parts.size());
    }
    for (const OpenUpload& left : next.row().aborts) {
      EXPECT_NE(left.upload_id, next.portal.completed_uploads[0].upload_id);
    }
  }
  EXPECT_GT(turns, 40) << "the upload has more steps than that";
  EXPECT_GT(resumed, 15U);
  EXPECT_GT(unknown, 2U);
}

TEST(UploadPartsCancel, WhileARecordIsUnderWayThatEndsByItself) {
  PartsRig rig;
  rig.held = {2, 3, 4, 5, 6};
  rig.StartAndServe();
  auto live = rig.LiveParts();
  ASSERT_EQ(live.size(), 4U);
  rig.transfer.Send(*live[0]);
  rig.store["up-1"][2] = {live[0]->sent, "\"x\""};
  rig.transfer.AnswerStatus(*live[0], 200, "", {{"etag", "\"x\""}});
  rig.queue.RunOne();  // the answer; its record is asked for
  rig.handle.reset();
  Drain(rig);
  EXPECT_EQ(rig.RecordedParts(), (std::set{1, 2})) << "a Save cannot be cancelled";
  EXPECT_EQ(rig.done_calls, 0);
}

TEST(UploadPartsCancel, WhatEndsTheUploadWhileARecordIsUnderWayWaitsForIt) {
  PartsRig rig;
  rig.held = {2, 3, 4, 5, 6};
  rig.StartAndServe();
  auto live = rig.LiveParts();
  rig.transfer.Send(*live[0]);
  rig.store["up-1"][2] = {live[0]->sent, "\"x\""};
  rig.transfer.AnswerStatus(*live[0], 200, "", {{"etag", "\"x\""}});
  rig.transfer.AnswerStatus(*live[1], 403);
  rig.queue.RunOne();
  rig.queue.RunOne();
  EXPECT_TRUE(rig.LiveParts().empty()) << "nothing is sent any more";
  EXPECT_EQ(rig.done_calls, 0) << "one Save at a time";
  rig.queue.RunAll();
  EXPECT_EQ(rig.done_calls, 1);
  EXPECT_EQ(rig.error().kind, ErrorKind::kExpired);
  const std::size_t saves = rig.record.saved.size();
  ASSERT_GE(saves, 2U);
  EXPECT_EQ(rig.record.saved[saves - 2].multipart->parts.size(), 2U);
  EXPECT_EQ(rig.row().state, S::kClaimed);
}

// -- real threads

// A store on a real loop: takes some bytes of each part at each turn.
class LoopTransfer final : public Transfer {
 public:
  explicit LoopTransfer(EventLoop& loop) : loop_(loop) {}

  HandlePtr Start(HttpRequest request, std::function<void(Result<HttpAnswer>)> done) override {
    auto call = std::make_shared<Call>();
    call->request = std::move(request);
    call->done = std::move(done);
    call->request.source->OnReady([this, weak = std::weak_ptr<Call>(call)] { Later(weak); });
    Later(call);
    return std::make_unique<CallHandle>(call);
  }
  std::uint64_t taken = 0;
  std::uint64_t stop_at = UINT64_MAX;  // bytes; then `stopped` runs
  std::function<void()> stopped;

 private:
  struct Call {
    HttpRequest request;
    std::function<void(Result<HttpAnswer>)> done;
    std::uint64_t sent = 0;
    bool live = true;
  };
  class CallHandle final : public Handle {
   public:
    explicit CallHandle(std::shared_ptr<Call> call) : call_(std::move(call)) {}
    ~CallHandle() override { call_->live = false; }

   private:
    std::shared_ptr<Call> call_;
  };
  void Later(std::weak_ptr<Call> weak) {
    loop_.Post([this, weak = std::move(weak)] {
      if (const auto call = weak.lock()) Go(call);
    });
  }
  void Go(const std::shared_ptr<Call>& call) {
    char buffer[10'000];
    std::size_t given = 0;
    while (call->live && call->sent < call->request.source_size) {
      const auto room = std::min<std::uint64_t>(sizeof buffer, call->request.source_size - call->sent);
      if (call->request.source->Read(buffer, static_cast<std::size_t>(room), &given) != FlowState::kGo) return;
      call->sent += given;
      taken += given;
      if (taken >= stop_at && stopped) return std::exchange(stopped, nullptr)();
    }
    if (!std::exchange(call->live, false)) return;
    HttpAnswer answer;
    answer.status = 200;
    answer.headers.emplace_back("etag", "\"e\"");
    const auto done = std::move(call->done);
    done(std::move(answer));
  }

  EventLoop& loop_;
};

struct Threads {
  explicit Threads(std::uint64_t chunk_size) {
    what.job = "job";
    what.file_name = "app.apk";
    what.file = std::make_shared<const Fd>(file.Open());
    what.opened = *fs.Stat(what.file->get());
    what.sha256 = Sha256Hex(content);
    what.chunk_size = chunk_size;
    for (std::uint64_t at = 0; at < content.size(); at += chunk_size) what.urls.emplace_back(std::string("https://x/"));
    what.expires_at = SystemWall() + 3'600'000;
    what.most_at_once = 4;
  }
  WallMs SystemWall() const { return clock.Wall(); }
  std::unique_ptr<PartsSender> Make() {
    PartsSender::Events events;
    events.record = [this](std::vector<UploadedPart> parts, std::function<void(Status)> then) {
      EXPECT_FALSE(recording) << "one at a time";
      recording = true;
      loop.Post([this, parts = std::move(parts), then = std::move(then)] {
        recording = false;
        recorded = parts;
        then({});
      });
    };
    events.done = [this](Status status) {
      ++done_calls;
      result = std::move(status);
      sender.reset();
      loop.Stop();
    };
    return std::make_unique<PartsSender>(UploadWorld{portal, transfer, loop, pool, fs, clock, random, log},
                                         std::move(what), std::move(events));
  }

  const std::string content = testing::RandomBytes(3 * 1024 * 1024 + 5);
  testing::ScratchFile file{content};
  testing::WatchedFileSystem fs;
  testing::TaskQueue queue;
  testing::FakePortal portal{queue};
  testing::SteppedClock clock;
  testing::SeededRandom random;
  testing::RecordedLog log;
  EventLoop loop;
  WorkerPool pool{loop, 2, "send"};
  LoopTransfer transfer{loop};
  PartsToSend what;
  std::vector<UploadedPart> recorded;
  bool recording = false;
  int done_calls = 0;
  std::optional<Status> result;
  std::unique_ptr<PartsSender> sender;
};

TEST(UploadPartsThreads, ReadAndHashBesideTheSending) {
  for (const std::uint64_t chunk_size : {300'000U, 77'777U, 4'000'000U}) {
    Threads world(chunk_size);
    world.sender = world.Make();
    world.sender->Begin();
    world.loop.Run();
    ASSERT_EQ(world.done_calls, 1);
    EXPECT_TRUE(world.result->has_value()) << world.result->error().message;
    EXPECT_EQ(world.transfer.taken, world.content.size());
    for (const UploadedPart& part : world.recorded) {
      const auto at = static_cast<std::size_t>(part.number - 1) * chunk_size;
      EXPECT_EQ(part.sha256, Sha256Hex(world.content.substr(at, chunk_size))) << part.number;
    }
  }
}

TEST(UploadPartsThreads, MayGoAtAnyMomentWhileWorkersRead) {
  for (const std::uint64_t at : {1U, 10'000U, 300'000U, 1'000'000U, 3'000'000U}) {
    Threads world(300'000);
    world.transfer.stop_at = at;
    world.transfer.stopped = [&] {
      world.sender.reset();
      world.loop.Stop();
    };
    world.sender = world.Make();
    world.sender->Begin();
    world.loop.Run();
    EXPECT_EQ(world.done_calls, 0);
  }
}

}  // namespace
}  // namespace tegodrop
