#include "tests/portal/listener.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "tests/portal/exchange.h"

namespace tegodrop::sim {
namespace {

constexpr size_t kConnectionMemory = size_t{256} * 1024;
constexpr size_t kAnswerBlock = size_t{128} * 1024;

struct ConnectionState {
  bool counted = false;
};

void OnConnection(void*, MHD_Connection*, void** state, MHD_ConnectionNotificationCode code) {
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    *state = new ConnectionState;
  } else {
    delete static_cast<ConnectionState*>(std::exchange(*state, nullptr));
  }
}

// The only place where the library shows the request's target as it was sent.
void* OnTarget(void* listener, const char* target, MHD_Connection*) {
  auto* self = static_cast<Listener*>(listener);
  return new Exchange(self->world(), self->base_url(), target);
}

void OnCompleted(void*, MHD_Connection*, void** state, MHD_RequestTerminationCode code) {
  std::unique_ptr<Exchange> exchange(static_cast<Exchange*>(std::exchange(*state, nullptr)));
  if (exchange && code == MHD_REQUEST_TERMINATED_COMPLETED_OK) exchange->Sent();
}

MHD_Result CollectHeader(void* out, MHD_ValueKind, const char* name, const char* value) {
  static_cast<HeaderList*>(out)->emplace_back(name, value == nullptr ? "" : value);
  return MHD_YES;
}

Exchange::Next Begin(Exchange* exchange, MHD_Connection* connection, const char* method) {
  HeaderList headers;
  MHD_get_connection_values(connection, MHD_HEADER_KIND, CollectHeader, &headers);
  int socket = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  auto* state = static_cast<ConnectionState*>(
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context);
  return exchange->Begin(method, std::move(headers), socket, &state->counted);
}

ssize_t ReadAnswer(void* exchange, uint64_t position, char* out, size_t size) {
  int64_t count = static_cast<Exchange*>(exchange)->ReadAnswer(static_cast<int64_t>(position), out, size);
  return count < 0 ? MHD_CONTENT_READER_END_WITH_ERROR : count;
}

MHD_Result SendAnswer(MHD_Connection* connection, Exchange* exchange) {
  const Reply& reply = exchange->reply();
  MHD_Response* response = reply.size() == 0
                               ? MHD_create_response_from_buffer(0, nullptr, MHD_RESPMEM_PERSISTENT)
                               : MHD_create_response_from_callback(static_cast<uint64_t>(reply.size()), kAnswerBlock,
                                                                   ReadAnswer, exchange, nullptr);
  if (response == nullptr) return MHD_NO;
  for (const auto& [name, value] : reply.headers) MHD_add_response_header(response, name.c_str(), value.c_str());
  MHD_Result result = MHD_queue_response(connection, static_cast<unsigned>(reply.status), response);
  MHD_destroy_response(response);
  return result;
}

MHD_Result OnRequest(void*, MHD_Connection* connection, const char*, const char* method, const char*, const char* piece,
                     size_t* size, void** state) {
  auto* exchange = static_cast<Exchange*>(*state);
  Exchange::Next next;
  if (!exchange->begun()) {
    next = Begin(exchange, connection, method);
  } else if (*size > 0) {
    next = exchange->Body({piece, *size});
    *size = 0;
  } else {
    next = exchange->End();
  }
  switch (next) {
    case Exchange::Next::kReadOn:
      return MHD_YES;
    case Exchange::Next::kAnswer:
      return SendAnswer(connection, exchange);
    case Exchange::Next::kClose:
      return MHD_NO;
  }
  return MHD_NO;
}

// A socket that listens on loopback, or -1; sets `port` to the one it got.
int ListenOn(int* port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  socklen_t length = sizeof address;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(*port));
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, generic, length) != 0 || listen(fd, SOMAXCONN) != 0 || getsockname(fd, generic, &length) != 0) {
    const int saved = errno;
    close(fd);
    errno = saved;
    return -1;
  }
  *port = ntohs(address.sin_port);
  return fd;
}

std::vector<MHD_OptionItem> TlsOptions(const TlsIdentity* tls) {
  std::vector<MHD_OptionItem> options;
  if (tls != nullptr) {
    options.push_back({MHD_OPTION_HTTPS_MEM_KEY, 0, const_cast<char*>(tls->key_pem.c_str())});
    options.push_back({MHD_OPTION_HTTPS_MEM_CERT, 0, const_cast<char*>(tls->cert_pem.c_str())});
  }
  options.push_back({MHD_OPTION_END, 0, nullptr});
  return options;
}

}  // namespace

std::unique_ptr<Listener> Listener::Open(World* world, int port, const TlsIdentity* tls, std::string* error) {
  int fd = ListenOn(&port);
  if (fd < 0) {
    *error = "127.0.0.1:" + std::to_string(port) + ": " + std::strerror(errno);
    return nullptr;
  }
  const std::string scheme = tls == nullptr ? "http" : "https";
  std::unique_ptr<Listener> self(new Listener(world, scheme + "://127.0.0.1:" + std::to_string(port)));
  unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC;
  if (tls != nullptr) flags |= MHD_USE_TLS;
  self->daemon_ = MHD_start_daemon(flags, 0, nullptr, nullptr, OnRequest, self.get(),      //
                                   MHD_OPTION_LISTEN_SOCKET, fd,                           //
                                   MHD_OPTION_CONNECTION_MEMORY_LIMIT, kConnectionMemory,  //
                                   MHD_OPTION_CONNECTION_LIMIT, 4096U,                     //
                                   MHD_OPTION_NOTIFY_CONNECTION, OnConnection, nullptr,    //
                                   MHD_OPTION_NOTIFY_COMPLETED, OnCompleted, nullptr,      //
                                   MHD_OPTION_URI_LOG_CALLBACK, OnTarget, self.get(),      //
                                   MHD_OPTION_ARRAY, TlsOptions(tls).data(), MHD_OPTION_END);
  if (self->daemon_ != nullptr) return self;
  // Whether the library has closed the socket by now it does not say: closing it again could hit another file.
  *error = "the HTTP library does not start";
  return nullptr;
}

Listener::~Listener() {
  if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
}

}  // namespace tegodrop::sim
