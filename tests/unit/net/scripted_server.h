// A server that does to each connection what the test says, byte for byte. Each connection has a thread of its own with
// blocking sockets, because what is tested runs on the test's own thread.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace tegodrop::testing {

class ScriptedServer;

// The server's end of one connection.
class Peer {
 public:
  Peer(ScriptedServer& server, int fd, SSL* ssl) : server_(server), fd_(fd), ssl_(ssl) {}
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // Up to and with the empty line; "" where the connection ended before. Goes into the server's requests().
  std::string ReadHead();
  // Exactly `size` bytes, or fewer where the connection ended.
  std::string ReadBody(std::size_t size);
  // Reads the head and the body that its Content-Length promises; returns both, "" where the connection ended before.
  // Goes into the server's requests() as one.
  std::string ReadRequest();
  void Send(std::string_view text);
  // Until the other side closes; what comes is thrown away.
  void WaitForClose();
  ScriptedServer& server() { return server_; }
  // Neither reads nor sends until the server is destroyed.
  void Hold();
  // The connection ends with a reset when the serving function returns, which it must do next. Without this it ends
  // with a FIN, or with a reset where bytes were left unread.
  void Reset();
  // Sends a FIN now; reading goes on.
  void Finish();

 private:
  // False at the end.
  bool Fill();
  std::string TakeHead();
  ScriptedServer& server_;
  int fd_;
  SSL* ssl_;
  std::string buffer_;
};

class ScriptedServer {
 public:
  // `serve` is called for each connection, from 0 on. With `tls`, each connection begins with a hand-shake.
  explicit ScriptedServer(std::function<void(Peer&, int)> serve, SSL_CTX* tls = nullptr);
  // Ends what still runs.
  ~ScriptedServer();

  int port() const { return port_; }
  std::string Url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  int connections() const { return connections_; }
  // What was read, in order of arrival.
  std::vector<std::string> requests() const;
  // The last of them, "" where there is none.
  std::string request() const;

  // Until every connection so far has ended on this side.
  void WaitUntilAllAreClosed();
  // Lets one WaitForTick go on, now or when it comes.
  void Tick();
  void WaitForTick();

 private:
  void Accept();
  void Serve(int fd, int index);
  void Record(std::string request);
  friend class Peer;

  std::function<void(Peer&, int)> serve_;
  SSL_CTX* tls_;
  int listener_;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable change_;
  std::vector<std::string> requests_;  // guarded by mutex_
  std::vector<int> open_;              // guarded by mutex_
  std::vector<std::thread> threads_;   // guarded by mutex_
  int ticks_ = 0;                      // guarded by mutex_
  bool stopping_ = false;              // guarded by mutex_
  std::thread acceptor_;
};

// "HTTP/1.1 200 OK" with that body and its length.
std::string Ok(std::string_view body);

}  // namespace tegodrop::testing
