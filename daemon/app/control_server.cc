#include "daemon/app/control_server.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace tegodrop {
namespace {

// So many may wait for their turn at being told that there are too many.
constexpr int kOverfull = 4;
// Blocks of 4 KiB; whoever sends more loses the answer.
constexpr int kMostLeftOver = 64;
constexpr std::chrono::milliseconds kAcceptAgain{1000};

}  // namespace

ControlServer::ControlServer(EventLoop& loop, Log& log, Fd listening, MayCommand may_command, Serve serve,
                             ControlLimits limits)
    : loop_(loop),
      log_(log),
      listening_(std::move(listening)),
      may_command_(std::move(may_command)),
      serve_(std::move(serve)),
      limits_(limits) {
  StartAccepting();
}

void ControlServer::StartAccepting() {
  accepting_.reset();
  accepting_ = loop_.WatchReadable(listening_.get(), false, [this] { Accept(); });
}

ControlServer::~ControlServer() = default;

void ControlServer::Accept() {
  Fd fd(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd.valid()) {
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
    // Out of descriptors, say: the waiting client would raise this again at once, and again.
    accepting_ = loop_.After(kAcceptAgain, [this] { StartAccepting(); });
    return;
  }
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool known = getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  // Beyond this they are closed without a word.
  if (clients_.size() >= static_cast<std::size_t>(limits_.clients + kOverfull)) return;
  const int number = ++last_number_;
  auto& client = *(clients_[number] = std::make_unique<Client>());
  client.fd = std::move(fd);
  client.uid = peer.uid;
  if (!known || !may_command_(peer.uid)) {
    log_.Warning("control.refused", "a user who may not command was refused",
                 {{"uid", static_cast<std::int64_t>(peer.uid)}, {"pid", static_cast<std::int64_t>(peer.pid)}});
    return Tell(number, "only root and the user that the daemon runs as may command it", true);
  }
  if (clients_.size() > static_cast<std::size_t>(limits_.clients)) {
    return Tell(number, "too many commands at once: try again in a moment");
  }
  Limit(number, client);
  client.watch = loop_.WatchReadable(client.fd.get(), false, [this, number] { Read(number); });
}

void ControlServer::Limit(int number, Client& client) {
  client.timer = loop_.After(limits_.patience, [this, number] {
    const auto late = std::move(clients_[number]);
    clients_.erase(number);
  });
}

void ControlServer::Read(int number) {
  Client& client = *clients_.at(number);
  char block[4096];
  const ssize_t count = recv(client.fd.get(), block, sizeof block, 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {
    const auto gone = std::move(clients_[number]);
    clients_.erase(number);
    return;
  }
  client.read.append(block, static_cast<std::size_t>(count));
  const std::size_t end = client.read.find('\n');
  if (end != std::string::npos) return Request(number, client, std::string_view(client.read).substr(0, end));
  if (client.read.size() >= kLargestRequest) Tell(number, "the request is too large");
}

void ControlServer::Request(int number, Client& client, std::string_view line) {
  Result<OperatorRequest> request = ReadRequest(line);
  if (!request) return Tell(number, "the request cannot be read: " + request.error().message);
  client.watch.reset();
  client.timer.reset();
  client.read.clear();
  serve_(std::move(*request), [this, number](const OperatorAnswer& answer) { Answer(number, answer); });
}

void ControlServer::Tell(int number, const std::string& error, bool refused) {
  OperatorAnswer answer;
  answer.error = error;
  answer.refused = refused;
  Answer(number, answer);
}

void ControlServer::Answer(int number, const OperatorAnswer& answer) {
  const auto found = clients_.find(number);
  if (found == clients_.end()) return;
  Client& client = *found->second;
  client.answer = WriteAnswer(answer);
  Limit(number, client);
  client.watch.reset();
  client.watch = loop_.WatchWritable(client.fd.get(), [this, number] { Write(number); });
}

void ControlServer::Write(int number) {
  Client& client = *clients_.at(number);
  const std::string_view left = std::string_view(client.answer).substr(client.sent);
  const ssize_t count = send(client.fd.get(), left.data(), left.size(), MSG_NOSIGNAL);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count > 0) client.sent += static_cast<std::size_t>(count);
  if (count > 0 && client.sent < client.answer.size()) return;
  // What it has sent beyond its request is read, or the close would throw the answer away.
  char block[4096];
  for (int i = 0; i < kMostLeftOver && recv(client.fd.get(), block, sizeof block, 0) > 0; ++i) {
  }
  const auto done = std::move(clients_[number]);
  clients_.erase(number);
}

}  // namespace tegodrop
