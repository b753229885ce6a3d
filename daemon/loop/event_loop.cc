#include "daemon/loop/event_loop.h"

#include <cstdlib>
#include <type_traits>
#include <utility>

namespace tegodrop {
namespace {

// A libuv handle that lives until its close callback, while the owner's Handle may go at any time, also inside its own
// callback.
template <typename UvHandle>
struct Watch {
  UvHandle uv{};
  std::function<void()> fn;
  bool once = false;
};

template <typename UvHandle>
class WatchHandle final : public Handle {
 public:
  explicit WatchHandle(Watch<UvHandle>* watch) : watch_(watch) {}
  ~WatchHandle() override {
    uv_close(reinterpret_cast<uv_handle_t*>(&watch_->uv),
             [](uv_handle_t* handle) { delete static_cast<Watch<UvHandle>*>(handle->data); });
  }

 private:
  Watch<UvHandle>* watch_;
};

template <typename UvHandle>
Watch<UvHandle>* NewWatch(std::function<void()> fn) {
  auto* watch = new Watch<UvHandle>;
  watch->fn = std::move(fn);
  watch->uv.data = watch;
  return watch;
}

// The function is copied out first: it may destroy the Handle.
template <typename UvHandle>
void Fire(UvHandle* handle) {
  const std::function<void()> fn = static_cast<Watch<UvHandle>*>(handle->data)->fn;
  fn();
}

// libuv fails to start a handle only when the kernel is out of descriptors or memory: the loop cannot go on without it.
void Must(int code) {
  if (code != 0) std::abort();
}

}  // namespace

EventLoop::EventLoop() {
  Must(uv_loop_init(&loop_));
  async_.data = this;
  Must(uv_async_init(&loop_, &async_, [](uv_async_t* async) { static_cast<EventLoop*>(async->data)->Drain(); }));
}

EventLoop::~EventLoop() {
  uv_close(reinterpret_cast<uv_handle_t*>(&async_), nullptr);
  // Close callbacks free what is left. More than once: a Stop that came while nothing ran is used up by the first.
  while (uv_loop_alive(&loop_) != 0) uv_run(&loop_, UV_RUN_DEFAULT);
  uv_loop_close(&loop_);
}

void EventLoop::Run() { uv_run(&loop_, UV_RUN_DEFAULT); }

void EventLoop::Stop() { uv_stop(&loop_); }

void EventLoop::Post(std::function<void()> fn) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(fn));
  }
  uv_async_send(&async_);
}

void EventLoop::Drain() {
  std::vector<std::function<void()>> due;
  {
    const std::lock_guard lock(mutex_);
    due.swap(posted_);
  }
  for (const auto& fn : due) fn();
}

HandlePtr EventLoop::After(std::chrono::milliseconds delay, std::function<void()> fn) {
  auto* watch = NewWatch<uv_timer_t>(std::move(fn));
  Must(uv_timer_init(&loop_, &watch->uv));
  // The loop's time is from the start of this turn: without an update a timer set late in a long turn would fire early.
  uv_update_time(&loop_);
  Must(uv_timer_start(&watch->uv, Fire<uv_timer_t>, static_cast<std::uint64_t>(delay.count() < 0 ? 0 : delay.count()),
                      0));
  return std::make_unique<WatchHandle<uv_timer_t>>(watch);
}

HandlePtr EventLoop::WatchDescriptor(int fd, int events, std::function<void()> fn) {
  auto* watch = NewWatch<uv_poll_t>(std::move(fn));
  Must(uv_poll_init(&loop_, &watch->uv, fd));
  Must(uv_poll_start(&watch->uv, events, [](uv_poll_t* handle, int, int) { Fire(handle); }));
  return std::make_unique<WatchHandle<uv_poll_t>>(watch);
}

HandlePtr EventLoop::WatchReadable(int fd, bool priority, std::function<void()> fn) {
  return WatchDescriptor(fd, priority ? UV_PRIORITIZED : UV_READABLE, std::move(fn));
}

HandlePtr EventLoop::WatchWritable(int fd, std::function<void()> fn) {
  return WatchDescriptor(fd, UV_WRITABLE, std::move(fn));
}

HandlePtr EventLoop::OnSignal(int signal_number, std::function<void()> fn) {
  auto* watch = NewWatch<uv_signal_t>(std::move(fn));
  Must(uv_signal_init(&loop_, &watch->uv));
  Must(uv_signal_start(
      &watch->uv, [](uv_signal_t* handle, int) { Fire(handle); }, signal_number));
  return std::make_unique<WatchHandle<uv_signal_t>>(watch);
}

}  // namespace tegodrop
