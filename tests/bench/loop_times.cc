#include "tests/bench/loop_times.h"

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>

namespace tegodrop::bench {
namespace {

constexpr std::size_t kExpected = 1 << 20;  // so that no callback pays for the growing

// Of the one loop that is watched; null: nothing is measured.
LoopTimes* g_times = nullptr;

std::int64_t Now(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

class Timed {
 public:
  Timed() : begun_(Now(CLOCK_MONOTONIC)), cpu_(Now(CLOCK_THREAD_CPUTIME_ID)) {}
  ~Timed() {
    if (g_times == nullptr) return;
    const std::int64_t cpu = Now(CLOCK_THREAD_CPUTIME_ID) - cpu_;
    g_times->callbacks.push_back(Now(CLOCK_MONOTONIC) - begun_);
    g_times->callbacks_cpu.push_back(cpu);
  }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  const std::int64_t begun_;
  const std::int64_t cpu_;
};

// Whose callback runs for a handle. A handle is started, and so entered anew, before libuv calls for it.
template <typename UvHandle, typename Callback>
std::unordered_map<const UvHandle*, Callback>& Callbacks() {
  static std::unordered_map<const UvHandle*, Callback> callbacks;
  return callbacks;
}

void OnPoll(uv_poll_t* handle, int status, int events) {
  const Timed timed;
  Callbacks<uv_poll_t, uv_poll_cb>()[handle](handle, status, events);
}

void OnTimer(uv_timer_t* handle) {
  const Timed timed;
  Callbacks<uv_timer_t, uv_timer_cb>()[handle](handle);
}

void OnAsync(uv_async_t* handle) {
  const Timed timed;
  Callbacks<uv_async_t, uv_async_cb>()[handle](handle);
}

void Must(int code) {
  if (code != 0) std::abort();
}

std::string JsonOf(const char* name, const std::vector<std::int64_t>& times) {
  char text[200];
  std::snprintf(text, sizeof text, "\"%s\": {\"count\": %zu, \"p50\": %.9f, \"p99\": %.9f, \"max\": %.9f}", name,
                times.size(), SecondsAt(times, 50), SecondsAt(times, 99), SecondsAt(times, 100));
  return text;
}

}  // namespace

std::string LoopTimes::Json() const {
  return "{" + JsonOf("callback", callbacks) + ", " + JsonOf("callback_cpu", callbacks_cpu) + ", " +
         JsonOf("turn", turns) + "}";
}

double SecondsAt(std::vector<std::int64_t> times, int percent) {
  if (times.empty()) return 0;
  const std::size_t rank = (times.size() * static_cast<std::size_t>(percent) + 99) / 100;  // rounded up
  const auto at = times.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(times.begin(), at, times.end());
  return static_cast<double>(*at) / 1e9;
}

LoopWatch::LoopWatch(EventLoop& loop) : loop_(loop.uv()), prepare_(new uv_prepare_t{}) {
  if (g_times != nullptr) std::abort();
  Must(uv_loop_configure(loop_, UV_METRICS_IDLE_TIME));
  Must(uv_prepare_init(loop_, prepare_));
  prepare_->data = this;
  Must(uv_prepare_start(prepare_, [](uv_prepare_t* handle) { static_cast<LoopWatch*>(handle->data)->Turn(); }));
  uv_unref(reinterpret_cast<uv_handle_t*>(prepare_));
  for (auto* times : {&times_.callbacks, &times_.callbacks_cpu, &times_.turns}) times->reserve(kExpected);
  g_times = &times_;
}

LoopWatch::~LoopWatch() {
  g_times = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(prepare_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_prepare_t*>(handle); });
}

// From one look before the loop waits to the next: all that it did, and its waiting, which libuv counts.
void LoopWatch::Turn() {
  const std::int64_t now = Now(CLOCK_MONOTONIC);
  const auto idle = static_cast<std::int64_t>(uv_metrics_idle_time(loop_));
  if (turned_ != 0) times_.turns.push_back(now - turned_ - (idle - idle_));
  turned_ = now;
  idle_ = idle;
}

extern "C" {
int __real_uv_poll_start(uv_poll_t* handle, int events, uv_poll_cb callback);
int __real_uv_timer_start(uv_timer_t* handle, uv_timer_cb callback, std::uint64_t timeout, std::uint64_t repeat);
int __real_uv_async_init(uv_loop_t* loop, uv_async_t* handle, uv_async_cb callback);

int __wrap_uv_poll_start(uv_poll_t* handle, int events, uv_poll_cb callback) {
  Callbacks<uv_poll_t, uv_poll_cb>()[handle] = callback;
  return __real_uv_poll_start(handle, events, OnPoll);
}

int __wrap_uv_timer_start(uv_timer_t* handle, uv_timer_cb callback, std::uint64_t timeout, std::uint64_t repeat) {
  Callbacks<uv_timer_t, uv_timer_cb>()[handle] = callback;
  return __real_uv_timer_start(handle, OnTimer, timeout, repeat);
}

int __wrap_uv_async_init(uv_loop_t* loop, uv_async_t* handle, uv_async_cb callback) {
  Callbacks<uv_async_t, uv_async_cb>()[handle] = callback;
  return __real_uv_async_init(loop, handle, OnAsync);
}
}

}  // namespace tegodrop::bench
