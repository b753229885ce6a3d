// libcurl's multi handle on the event loop: its sockets, its timer, and when what may be done to it.
//
// Two rules of libcurl shape this. Nothing may be called on the multi handle inside one of its callbacks; what wants to
// goes through Later. And everything that a request's end sets off (its `done`, which may start and cancel others, or
// destroy the Transfer) happens when libcurl is through with the turn.
#pragma once

#include <curl/curl.h>
#include <uv.h>

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "daemon/loop/event_loop.h"

namespace tegodrop {

// Who an easy handle belongs to. Kept alive by the CurlLoop from Add until Finished or Remove.
class CurlClient {
 public:
  virtual ~CurlClient() = default;
  // libcurl is through with the easy handle, which is already out of the multi handle. Outside libcurl's callbacks.
  virtual void Finished(CURLcode code) = 0;
};

class CurlLoop final : public std::enable_shared_from_this<CurlLoop> {
 public:
  explicit CurlLoop(EventLoop& loop);
  ~CurlLoop();
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  // Closes every connection and drops what waits; no client hears anything any more. What libuv still holds then are
  // closing handles, which one further turn of the loop (EventLoop's destructor makes one) runs down.
  void Close();

  // Inside one of libcurl's callbacks: Add, Remove and Unpause are forbidden.
  bool busy() const { return depth_ > 0; }
  // Runs `fn` outside libcurl's callbacks: when libcurl is through, or on the loop's next turn; never inside this call.
  void Later(std::function<void()> fn);

  // The client's Finished will run, unless it is removed before. It never runs inside this call.
  CURLMcode Add(CURL* easy, std::shared_ptr<CurlClient> client);
  // Does nothing for a handle that is not, or no longer, in.
  void Remove(CURL* easy);
  // curl_easy_pause: `still` is CURLPAUSE_SEND, CURLPAUSE_RECV, both or CURLPAUSE_CONT. Calls the write callback.
  CURLcode Unpause(CURL* easy, int still);

  // For CURLOPT_CLOSESOCKETFUNCTION with the CurlLoop as its data.
  static int CloseSocket(void* self, curl_socket_t fd);

  EventLoop& loop() { return loop_; }
  // The loop's clock, in milliseconds.
  std::int64_t Now() { return static_cast<std::int64_t>(uv_now(loop_.uv())); }

 private:
  struct Socket;
  class Inside;

  static int OnSocket(CURL* easy, curl_socket_t fd, int what, void* self, void* socket);
  static int OnTimer(CURLM* multi, long timeout_ms, void* self);
  static void OnPoll(uv_poll_t* poll, int status, int events);
  int Watch(curl_socket_t fd, int what, Socket* socket);
  void Unwatch(Socket* socket);
  bool Poll(Socket* socket);
  void PollAgain(curl_socket_t fd);

  void Act(curl_socket_t fd, int flags);
  void Settle();
  void DispatchFinished();
  void RunLater();
  void Kick();

  EventLoop& loop_;
  CURLM* multi_;
  int depth_ = 0;
  bool close_wanted_ = false;
  HandlePtr timer_;  // libcurl's; none while no request is active
  HandlePtr kick_;   // for Later, outside of a turn
  std::unordered_map<CURL*, std::shared_ptr<CurlClient>> clients_;
  std::unordered_map<curl_socket_t, Socket*> sockets_;  // those that libcurl waits for
  std::vector<std::function<void()>> later_;
};

}  // namespace tegodrop
