#include "daemon/net/curl_loop.h"

#include <unistd.h>

#include <utility>

namespace tegodrop {
namespace {

// Idle connections kept: a few hosts with a few connections each.
constexpr long kMaxIdle = 16;

}  // namespace

// On the heap until libuv's close callback, which may come after the CurlLoop is gone.
struct CurlLoop::Socket {
  uv_poll_t uv{};
  CurlLoop* owner = nullptr;
  curl_socket_t fd = CURL_SOCKET_BAD;
  int events = 0;  // UV_READABLE, UV_WRITABLE
};

class CurlLoop::Inside {
 public:
  explicit Inside(CurlLoop& loop) : loop_(loop) { ++loop_.depth_; }
  ~Inside() { --loop_.depth_; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  CurlLoop& loop_;
};

CurlLoop::CurlLoop(EventLoop& loop) : loop_(loop), multi_(curl_multi_init()) {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlLoop::OnSocket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlLoop::OnTimer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kMaxIdle);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);  // no HTTP/2 streams to share
}

CurlLoop::~CurlLoop() { Close(); }

void CurlLoop::Close() {
  if (multi_ == nullptr) return;
  if (busy()) {  // from inside a callback: libcurl still stands on the multi handle
    close_wanted_ = true;
    return;
  }
  {
    const Inside inside(*this);
    for (auto& [easy, client] : clients_) curl_multi_remove_handle(multi_, easy);
    curl_multi_cleanup(std::exchange(multi_, nullptr));
  }
  while (!sockets_.empty()) Unwatch(sockets_.begin()->second);
  timer_.reset();
  kick_.reset();
  // Out of the members first: what they hold may reach back here while it goes.
  const auto clients = std::move(clients_);
  const auto later = std::move(later_);
  clients_.clear();
  later_.clear();
}

void CurlLoop::Later(std::function<void()> fn) {
  later_.push_back(std::move(fn));
  if (!busy()) Kick();
}

void CurlLoop::Kick() {
  if (kick_ != nullptr) return;
  kick_ = loop_.After(std::chrono::milliseconds(0), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->kick_.reset();
    self->Settle();
  });
}

CURLMcode CurlLoop::Add(CURL* easy, std::shared_ptr<CurlClient> client) {
  if (multi_ == nullptr) return CURLM_BAD_HANDLE;
  const Inside inside(*this);
  const CURLMcode code = curl_multi_add_handle(multi_, easy);
  if (code == CURLM_OK) clients_[easy] = std::move(client);
  return code;
}

void CurlLoop::Remove(CURL* easy) {
  const auto found = clients_.find(easy);
  if (found == clients_.end()) return;
  const auto client = std::move(found->second);
  clients_.erase(found);
  const Inside inside(*this);
  curl_multi_remove_handle(multi_, easy);
}

CURLcode CurlLoop::Unpause(CURL* easy, int still) {
  if (clients_.count(easy) == 0) return CURLE_OK;
  const Inside inside(*this);
  return curl_easy_pause(easy, still);
}

// -- sockets

int CurlLoop::OnSocket(CURL*, curl_socket_t fd, int what, void* self, void* socket) {
  return static_cast<CurlLoop*>(self)->Watch(fd, what, static_cast<Socket*>(socket));
}

int CurlLoop::Watch(curl_socket_t fd, int what, Socket* socket) {
  if (what == CURL_POLL_REMOVE) {
    if (socket != nullptr) Unwatch(socket);
    return 0;
  }
  if (socket == nullptr) {
    socket = new Socket;
    socket->owner = this;
    socket->fd = fd;
    socket->uv.data = socket;
    if (uv_poll_init(loop_.uv(), &socket->uv, fd) != 0) {
      delete socket;  // libuv holds nothing of a handle that it did not take
      return -1;
    }
    sockets_[fd] = socket;
    curl_multi_assign(multi_, fd, socket);
  }
  socket->events = ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) | ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
  return Poll(socket) ? 0 : -1;
}

bool CurlLoop::Poll(Socket* socket) { return uv_poll_start(&socket->uv, socket->events, &CurlLoop::OnPoll) == 0; }

// At once and not when the handle's close callback runs: libcurl closes the descriptor next, and the number may come
// back as another socket in the same turn.
void CurlLoop::Unwatch(Socket* socket) {
  uv_poll_stop(&socket->uv);
  sockets_.erase(socket->fd);
  if (multi_ != nullptr) curl_multi_assign(multi_, socket->fd, nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&socket->uv),
           [](uv_handle_t* handle) { delete static_cast<Socket*>(handle->data); });
}

// libcurl says CURL_POLL_REMOVE before it closes a socket that it waits for; should it ever not, epoll would keep an
// entry for a descriptor that is gone.
int CurlLoop::CloseSocket(void* self, curl_socket_t fd) {
  auto* that = static_cast<CurlLoop*>(self);
  if (const auto found = that->sockets_.find(fd); found != that->sockets_.end()) that->Unwatch(found->second);
  return close(fd);
}

void CurlLoop::OnPoll(uv_poll_t* poll, int status, int events) {
  const Socket* socket = static_cast<Socket*>(poll->data);
  // An error must reach libcurl, or it would wait for ever; libuv names no event with it. But beside the events that
  // libcurl waits for: with ERR alone it gives the request up without reading the answer that may lie in front of a
  // reset, and with an event that it does not wait for it does nothing.
  if (status < 0) events = socket->events;
  int flags = (status < 0 ? CURL_CSELECT_ERR : 0) | ((events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
              ((events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0);
  // Likewise a look for an early answer before each send: a server that refuses and closes makes the next send fail,
  // and libcurl does not read after that.
  if ((flags & CURL_CSELECT_OUT) != 0 && (socket->events & UV_READABLE) != 0) flags |= CURL_CSELECT_IN;
  socket->owner->Act(socket->fd, flags);
}

// libuv stops a poll that it reports in error; where libcurl still wants the socket it must go on.
void CurlLoop::PollAgain(curl_socket_t fd) {
  const auto found = sockets_.find(fd);
  if (found == sockets_.end()) return;
  if (uv_is_active(reinterpret_cast<uv_handle_t*>(&found->second->uv)) == 0) Poll(found->second);
}

// -- the turn

int CurlLoop::OnTimer(CURLM*, long timeout_ms, void* self) {
  auto* that = static_cast<CurlLoop*>(self);
  if (timeout_ms < 0) {
    that->timer_.reset();
    return 0;
  }
  // 0 stays 0 and is not made 1 ms, which would put 1 ms into every step of every request. It does not recur into
  // libcurl: the timer fires on the loop's next turn.
  that->timer_ =
      that->loop_.After(std::chrono::milliseconds(timeout_ms), [that] { that->Act(CURL_SOCKET_TIMEOUT, 0); });
  return 0;
}

void CurlLoop::Act(curl_socket_t fd, int flags) {
  const auto self = shared_from_this();  // a `done` may destroy the Transfer, which owns this
  if (multi_ == nullptr) return;
  {
    const Inside inside(*this);
    int running = 0;
    curl_multi_socket_action(multi_, fd, flags, &running);
  }
  if (fd != CURL_SOCKET_TIMEOUT) PollAgain(fd);
  Settle();
}

void CurlLoop::Settle() {
  const auto self = shared_from_this();
  DispatchFinished();
  RunLater();
  if (close_wanted_) Close();
}

void CurlLoop::DispatchFinished() {
  if (multi_ == nullptr) return;
  // All out first: what the first one sets off may cancel the second, or close the multi handle.
  std::vector<std::pair<std::shared_ptr<CurlClient>, CURLcode>> finished;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;  // `message` is gone with the next call
    const auto found = clients_.find(easy);
    if (found == clients_.end()) continue;
    finished.emplace_back(found->second, code);
    Remove(easy);
  }
  for (auto& [client, code] : finished) client->Finished(code);
}

void CurlLoop::RunLater() {
  // What comes meanwhile waits for the loop's next turn, so that a sink that is at once ready again starves nobody.
  const auto due = std::exchange(later_, {});
  for (const auto& fn : due) fn();
  if (!later_.empty()) Kick();
}

}  // namespace tegodrop
