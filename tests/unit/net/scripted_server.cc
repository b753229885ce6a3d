#include "tests/unit/net/scripted_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace tegodrop::testing {

bool Peer::Fill() {
  if (fd_ < 0) return false;
  char chunk[65536];
  const auto got =
      ssl_ != nullptr ? static_cast<ssize_t>(SSL_read(ssl_, chunk, sizeof chunk)) : recv(fd_, chunk, sizeof chunk, 0);
  if (got <= 0) return false;
  buffer_.append(chunk, static_cast<std::size_t>(got));
  return true;
}

std::string Peer::TakeHead() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return "";
  }
  std::string head = buffer_.substr(0, end + 4);
  buffer_.erase(0, end + 4);
  return head;
}

std::string Peer::ReadBody(std::size_t size) {
  while (buffer_.size() < size && Fill()) {
  }
  std::string body = buffer_.substr(0, size);
  buffer_.erase(0, body.size());
  return body;
}

std::string Peer::ReadHead() {
  std::string head = TakeHead();
  if (!head.empty()) server_.Record(head);
  return head;
}

std::string Peer::ReadRequest() {
  std::string head = TakeHead();
  if (head.empty()) return head;
  const std::size_t at = head.find("Content-Length: ");
  if (at != std::string::npos) head += ReadBody(std::strtoul(head.c_str() + at + 16, nullptr, 10));
  server_.Record(head);
  return head;
}

void Peer::Send(std::string_view text) {
  while (fd_ >= 0 && !text.empty()) {
    const auto sent = ssl_ != nullptr
                          ? static_cast<ssize_t>(SSL_write(ssl_, text.data(), static_cast<int>(text.size())))
                          : send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void Peer::WaitForClose() {
  while (Fill()) buffer_.clear();
}

void Peer::Hold() {
  std::unique_lock lock(server_.mutex_);
  server_.change_.wait(lock, [this] { return server_.stopping_; });
}

void Peer::Reset() {
  const linger at_once{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fd_ = -1;
}

void Peer::Finish() {
  if (fd_ >= 0) shutdown(fd_, SHUT_WR);
}

ScriptedServer::ScriptedServer(std::function<void(Peer&, int)> serve, SSL_CTX* tls)
    : serve_(std::move(serve)), tls_(tls), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 256) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

ScriptedServer::~ScriptedServer() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  change_.notify_all();
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  threads.swap(threads_);  // nobody adds to it any more
  for (std::thread& thread : threads) thread.join();
  close(listener_);
}

void ScriptedServer::Accept() {
  for (;;) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      close(fd);
      return;
    }
    open_.push_back(fd);
    const int index = connections_++;
    threads_.emplace_back([this, fd, index] { Serve(fd, index); });
  }
}

void ScriptedServer::Serve(int fd, int index) {
  SSL* ssl = tls_ != nullptr ? SSL_new(tls_) : nullptr;
  if (ssl != nullptr) SSL_set_fd(ssl, fd);
  if (ssl == nullptr || SSL_accept(ssl) == 1) {
    Peer peer(*this, fd, ssl);
    serve_(peer, index);
  }
  SSL_free(ssl);
  const std::lock_guard lock(mutex_);
  open_.erase(std::find(open_.begin(), open_.end(), fd));
  close(fd);
  change_.notify_all();
}

void ScriptedServer::WaitUntilAllAreClosed() {
  std::unique_lock lock(mutex_);
  change_.wait(lock, [this] { return open_.empty(); });
}

void ScriptedServer::Tick() {
  {
    const std::lock_guard lock(mutex_);
    ++ticks_;
  }
  change_.notify_all();
}

void ScriptedServer::WaitForTick() {
  std::unique_lock lock(mutex_);
  change_.wait(lock, [this] { return stopping_ || ticks_ > 0; });
  if (ticks_ > 0) --ticks_;
}

void ScriptedServer::Record(std::string request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(std::move(request));
}

std::vector<std::string> ScriptedServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::string ScriptedServer::request() const {
  const std::lock_guard lock(mutex_);
  return requests_.empty() ? "" : requests_.back();
}

std::string Ok(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace tegodrop::testing
