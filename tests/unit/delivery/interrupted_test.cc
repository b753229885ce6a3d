// The way back, dropped after every single step of the loop and begun again: one delivery, and nobody is called who is
// gone.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/unit/delivery/delivery_world.h"

namespace tegodrop::testing {
namespace {

class InterruptedTest : public DeliveryTest {
 protected:
  // One turn of everything; answers the portal and the store as soon as they are asked. False when nothing moves.
  bool Turn() {
    if (!portal.downloads.waiting.empty() && portal.downloads.answers.empty()) OfferUrl();
    for (const auto& call : transfer.calls) {
      if (call->live && served_ != call.get()) {
        served_ = call.get();
        Serve(kProtected);
      }
    }
    return queue.RunOne();
  }

 private:
  const FakeTransfer::Call* served_ = nullptr;
};

TEST_F(InterruptedTest, DroppedAtAnyTurnAndBegunAgainGivesOneDelivery) {
  bool ended = false;
  int cut = 0;
  for (; !ended; ++cut) {
    SCOPED_TRACE("dropped after turn " + std::to_string(cut));
    ASSERT_LT(cut, 1000);
    FakeJobRecord job(queue, BuiltJob());
    output.Empty();
    HandlePtr handle = Start(job);
    for (int turn = 0; turn < cut && !answer; ++turn) Turn();
    ended = answer.has_value();
    handle.reset();
    answer.reset();
    // What was under way runs to its end without anybody to answer to.
    queue.RunAll();
    EXPECT_FALSE(answer.has_value());
    portal.downloads.waiting.clear();
    portal.downloads.answers.clear();
    for (int tries = 0; job.job().state != JobState::kPublished; ++tries) {
      ASSERT_LT(tries, 3);
      handle = Start(job);
      while (!answer && Turn()) {
      }
      ASSERT_TRUE(answer.has_value());
      EXPECT_TRUE(*answer) << answer->error().message;
    }
    EXPECT_EQ(output.times_published, 1);
    EXPECT_EQ(output.published.size(), 3U);
    EXPECT_EQ(output.published[job.job().output.protected_name], kProtected);
    for (const auto& [name, content] : output.staged) ADD_FAILURE() << name << " is left in staging";
  }
  EXPECT_GT(cut, 10);
}

// The same, the handle dropped by the answer itself.
TEST_F(InterruptedTest, HandleMayGoInsideItsOwnAnswer) {
  HandlePtr handle;
  bool answered = false;
  const auto drop = [&](const Status&) {
    handle.reset();
    answered = true;
  };
  handle = deliverer.Start(record, nullptr, drop);
  while (!answered && Turn()) {
  }
  EXPECT_TRUE(answered);
  missing = PosixError("cannot open folder", "/srv/protected", ENOENT);
  FakeJobRecord away(queue, BuiltJob());
  answered = false;
  handle = deliverer.Start(away, nullptr, drop);
  clock.Step(std::chrono::milliseconds(0));
  EXPECT_TRUE(answered);
}

}  // namespace
}  // namespace tegodrop::testing
