// The world around a Deliverer, and a store that answers the downloads.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "daemon/delivery/deliverer.h"
#include "tests/fakes/fake_job_record.h"
#include "tests/fakes/fake_output_folder.h"
#include "tests/fakes/fake_portal.h"
#include "tests/fakes/fake_transfer.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/stepped_clock.h"
#include "tests/fakes/task_queue.h"
#include "tests/unit/delivery/sample_job.h"

namespace tegodrop::testing {

inline constexpr char kSignedUrl[] = "https://store.example/object?signature=SECRETSIGNATURE";

class DeliveryTest : public ::testing::Test {
 protected:
  HandlePtr Start(JobRecord& of) {
    answer.reset();
    HandlePtr handle = deliverer.Start(
        of, [this](std::uint64_t received, std::uint64_t total) { progress.emplace_back(received, total); },
        [this](Status status) {
          EXPECT_FALSE(answer.has_value()) << "answered twice";
          answer = std::move(status);
        });
    EXPECT_FALSE(answer.has_value()) << "answered inside the call";
    return handle;
  }
  void Settle() {
    queue.RunAll();
    clock.Step(std::chrono::milliseconds(0));
    queue.RunAll();
  }
  void OfferUrl() {
    portal.downloads.answers.emplace_back(Secret(kSignedUrl));
    portal.Pump();
  }
  // The download that is open now.
  FakeTransfer::Call& Open() {
    EXPECT_FALSE(transfer.calls.empty());
    EXPECT_TRUE(transfer.calls.back()->live);
    return *transfer.calls.back();
  }
  // Gives the body in pieces, as fast as the sink takes them; false where the sink gave up.
  bool Feed(FakeTransfer::Call& call, const std::string& body, std::size_t piece = 16 * 1024) {
    BodySink& sink = *call.request.sink;
    for (std::size_t at = 0; at < body.size();) {
      const std::size_t size = std::min(piece, body.size() - at);
      const FlowState state = sink.Write(body.data() + at, size);
      if (state == FlowState::kFail) return false;
      if (state == FlowState::kGo) at += size;
      if (state == FlowState::kWait) queue.RunAll();
    }
    return true;
  }
  // A whole answer with this body; its named length is the body's unless told otherwise.
  void Serve(const std::string& body, std::optional<std::string> length = std::nullopt, const std::string& etag = "") {
    FakeTransfer::Call& call = Open();
    std::vector<std::pair<std::string, std::string>> headers;
    const std::string named = length.value_or(std::to_string(body.size()));
    if (!named.empty()) headers.emplace_back("content-length", named);
    if (!etag.empty()) headers.emplace_back("etag", etag);
    if (auto begun = call.request.sink->Begin(200, headers); !begun) {
      return transfer.Answer(call, Fail(begun.error()));
    }
    if (!Feed(call, body)) return transfer.Answer(call, Fail(call.request.sink->error()));
    transfer.AnswerStatus(call, 200, "", headers);
  }
  // From the start to the open download.
  HandlePtr StartToDownload(JobRecord& of) {
    HandlePtr handle = Start(of);
    OfferUrl();
    Settle();
    return handle;
  }
  void ExpectError(ErrorKind kind) {
    ASSERT_TRUE(answer.has_value()) << "no answer";
    ASSERT_FALSE(*answer);
    EXPECT_EQ(answer->error().kind, kind) << answer->error().message;
    EXPECT_EQ(answer->error().message.find("SECRETSIGNATURE"), std::string::npos);
  }
  void ExpectDone() {
    ASSERT_TRUE(answer.has_value()) << "no answer";
    ASSERT_TRUE(*answer) << answer->error().message;
  }

  TaskQueue queue;
  SteppedClock clock;
  FakePortal portal{queue};
  FakeTransfer transfer{queue};
  RecordedLog log;
  FakeOutputFolder output{queue};
  FakeJobRecord record{queue, BuiltJob()};
  std::optional<Status> tell;    // what whoever must be told before the publication answers; none: nobody must
  std::optional<Error> missing;  // the output folder is away
  Attestor attestor;
  DeliveryWorld world{portal, transfer, clock, clock, log, {"host-a", "0.1.0"}, attestor};
  Deliverer deliverer{world,
                      [this](const Job&) -> Result<OutputFolder*> {
                        if (missing) return Fail(*missing);
                        return &output;
                      },
                      [this](const Job&, std::function<void(Status)> done) -> HandlePtr {
                        if (!tell) return nullptr;
                        EXPECT_TRUE(output.published.empty()) << "told before anything appears";
                        return queue.PostCancellable([this, done = std::move(done)] { done(*tell); });
                      }};
  std::vector<std::pair<std::uint64_t, std::uint64_t>> progress;
  std::optional<Status> answer;
};

}  // namespace tegodrop::testing
