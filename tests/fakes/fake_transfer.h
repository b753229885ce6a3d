// HTTP without a network: requests stay open until the test feeds and answers them.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/net/transfer.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {

class FakeTransfer final : public Transfer {
 public:
  struct Call {
    HttpRequest request;
    std::function<void(Result<HttpAnswer>)> done;
    bool live = true;  // not cancelled, not answered
    std::string sent;  // what was read from the source so far
    bool source_waits = false;
    bool source_failed = false;
  };

  explicit FakeTransfer(TaskQueue& queue) : queue_(queue) {}

  HandlePtr Start(HttpRequest request, std::function<void(Result<HttpAnswer>)> done) override {
    auto call = std::make_shared<Call>();
    call->request = std::move(request);
    call->done = std::move(done);
    calls.push_back(call);
    if (call->request.source) {
      // Weak: the source must not keep its own request alive.
      call->request.source->OnReady([this, weak = std::weak_ptr<Call>(call)] {
        if (auto strong = weak.lock()) Send(*strong);
      });
    }
    return std::make_unique<CallHandle>(call);
  }

  // Reads from the source until it waits, fails, has given all, or `most` bytes were sent in total.
  void Send(Call& call, std::uint64_t most = UINT64_MAX) {
    char buffer[4096];
    call.source_waits = false;
    while (call.live && call.sent.size() < call.request.source_size && call.sent.size() < most) {
      std::size_t given = 0;
      const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(sizeof buffer, most - call.sent.size()));
      const FlowState state = call.request.source->Read(buffer, room, &given);
      if (state == FlowState::kWait) {
        call.source_waits = true;
        return;
      }
      if (state == FlowState::kFail) {
        call.source_failed = true;
        return Answer(call, Fail(call.request.source->error()));
      }
      call.sent.append(buffer, given);
    }
  }

  // Gives the answer on the loop's next turn, unless the request is cancelled before.
  void Answer(Call& call, Result<HttpAnswer> answer) {
    for (auto& one : calls) {
      if (one.get() != &call) continue;
      queue_.Post([one, answer = std::move(answer)]() mutable {
        if (!one->live) return;
        one->live = false;
        const auto done = std::move(one->done);
        done(std::move(answer));
      });
    }
  }
  void AnswerStatus(Call& call, int status, std::string body = "",
                    std::vector<std::pair<std::string, std::string>> headers = {}) {
    HttpAnswer answer;
    answer.status = status;
    answer.body = std::move(body);
    answer.headers = std::move(headers);
    Answer(call, std::move(answer));
  }

  std::vector<std::shared_ptr<Call>> calls;

 private:
  class CallHandle final : public Handle {
   public:
    explicit CallHandle(std::shared_ptr<Call> call) : call_(std::move(call)) {}
    ~CallHandle() override { call_->live = false; }

   private:
    std::shared_ptr<Call> call_;
  };

  TaskQueue& queue_;
};

}  // namespace tegodrop::testing
