// What the tests of this room share: a loop that ends with the request, bodies that wait, fail and remember.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/loop/event_loop.h"
#include "daemon/net/curl_transfer.h"
#include "tests/unit/net/scripted_server.h"

namespace tegodrop::testing {

using std::chrono::milliseconds;

class NetTest : public ::testing::Test {
 protected:
  NetTest() { UseSettings({std::nullopt, std::nullopt, Secret(), "tegodrop/test"}); }

  void UseSettings(NetSettings settings) {
    auto made = MakeCurlTransfer(loop_, std::move(settings));
    ASSERT_TRUE(made) << made.error().message;
    transfer_ = std::move(*made);
  }

  // Runs the loop until Stop, or fails the test after a time that no test needs.
  void RunLoop() {
    const HandlePtr watchdog = loop_.After(std::chrono::seconds(60), [this] {
      ADD_FAILURE() << "nothing ended the loop";
      loop_.Stop();
    });
    loop_.Run();
  }

  Result<HttpAnswer> Ask(HttpRequest request) {
    std::optional<Result<HttpAnswer>> result;
    const HandlePtr handle = transfer_->Start(std::move(request), [&](Result<HttpAnswer> answer) {
      EXPECT_FALSE(result) << "done ran twice";
      result = std::move(answer);
      loop_.Stop();
    });
    EXPECT_FALSE(result) << "done ran inside Start";
    RunLoop();
    if (!result) return Fail(ErrorKind::kBug, "done never ran");
    return std::move(*result);
  }

  EventLoop loop_;
  std::unique_ptr<Transfer> transfer_;
};

inline HttpRequest Get(const std::string& url) {
  HttpRequest request;
  request.url = Secret(url);
  return request;
}

inline HttpRequest Post(const std::string& url, std::string body) {
  HttpRequest request = Get(url);
  request.method = "POST";
  request.body = std::move(body);
  return request;
}

inline HttpRequest Put(const std::string& url, std::shared_ptr<BodySource> source, std::uint64_t size) {
  HttpRequest request = Get(url);
  request.method = "PUT";
  request.source = std::move(source);
  request.source_size = size;
  return request;
}

inline HttpRequest Download(const std::string& url, std::shared_ptr<BodySink> sink, std::uint64_t limit) {
  HttpRequest request = Get(url);
  request.sink = std::move(sink);
  request.sink_limit = limit;
  return request;
}

// Bytes that are nowhere the same for long, so that a lost or doubled piece shows.
inline std::string Pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>((i * 31 + (i >> 8U) * 7) & 0x7fU);
  return out;
}

// Gives `data` in pieces. `before` is asked ahead of each piece: kWait and kFail are handed on.
class TestSource final : public BodySource {
 public:
  explicit TestSource(std::string data, std::size_t piece = SIZE_MAX) : data_(std::move(data)), piece_(piece) {}
  FlowState Read(char* to, std::size_t room, std::size_t* given) override {
    ++reads;
    if (before) {
      if (const FlowState state = before(); state != FlowState::kGo) return state;
    }
    *given = std::min({room, piece_, data_.size() - at_});
    std::memcpy(to, data_.data() + at_, *given);
    at_ += *given;
    return FlowState::kGo;
  }
  void OnReady(std::function<void()> fn) override { resume = std::move(fn); }
  Error error() const override { return MakeError(ErrorKind::kLocalDisk, "the file went away"); }

  std::function<FlowState()> before;
  std::function<void()> resume;
  int reads = 0;
  std::size_t given() const { return at_; }

 private:
  std::string data_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

class TestSink final : public BodySink {
 public:
  Status Begin(int status, const std::vector<std::pair<std::string, std::string>>& headers) override {
    EXPECT_EQ(begun, 0) << "Begin ran twice";
    EXPECT_TRUE(bytes.empty());
    begun = status;
    begin_headers = headers;
    return begin_result;
  }
  FlowState Write(const char* data, std::size_t size) override {
    EXPECT_NE(begun, 0) << "Write ran before Begin";
    if (before) {
      if (const FlowState state = before(std::string_view(data, size)); state != FlowState::kGo) return state;
    }
    bytes.append(data, size);
    return FlowState::kGo;
  }
  void OnReady(std::function<void()> fn) override { resume = std::move(fn); }
  Error error() const override { return MakeError(ErrorKind::kLocalDisk, "the disk is full"); }

  std::function<FlowState(std::string_view)> before;
  std::function<void()> resume;
  Status begin_result;
  int begun = 0;
  std::vector<std::pair<std::string, std::string>> begin_headers;
  std::string bytes;
};

}  // namespace tegodrop::testing
