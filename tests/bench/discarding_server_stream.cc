#include "tests/bench/discarding_server_stream.h"

#include <openssl/err.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace tegodrop::bench {
namespace {

constexpr std::uint64_t kMostAtOnce = std::uint64_t{1} << 20;

class Plain : public Stream {
 public:
  explicit Plain(int socket) : socket_(socket) {}
  ~Plain() override { close(socket_); }
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain&) = delete;

  size_t Read(char* to, size_t size) override { return Receive(to, size, 0); }

  // MSG_TRUNC: the kernel drops the bytes without copying them.
  size_t Skip(std::uint64_t size) override { return Receive(nullptr, std::min(size, kMostAtOnce), MSG_TRUNC); }

  bool Write(std::string_view bytes, bool more_follow) override {
    while (!bytes.empty()) {
      const ssize_t sent = send(socket_, bytes.data(), bytes.size(), more_follow ? MSG_MORE : 0);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  bool WriteFile(const Object& file, std::uint64_t first, std::uint64_t size) override {
    auto offset = static_cast<off_t>(first);
    while (size > 0) {
      const ssize_t sent = sendfile(socket_, file.fd, &offset, std::min(size, kMostAtOnce));
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return false;
      size -= static_cast<std::uint64_t>(sent);
    }
    return true;
  }

 private:
  size_t Receive(char* to, size_t size, int flags) {
    ssize_t got = 0;
    do {
      got = recv(socket_, to, size, flags);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? 0 : static_cast<size_t>(got);
  }

  int socket_;
};

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

class Tls : public Stream {
 public:
  Tls(int socket, SSL_CTX* context) : socket_(socket), ssl_(SSL_new(context)) {}
  ~Tls() override {
    if (ssl_) SSL_shutdown(ssl_.get());
    ssl_.reset();
    close(socket_);
  }
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  bool ShakeHands() { return ssl_ && SSL_set_fd(ssl_.get(), socket_) == 1 && SSL_accept(ssl_.get()) == 1; }

  size_t Read(char* to, size_t size) override {
    ERR_clear_error();
    size_t got = 0;
    return SSL_read_ex(ssl_.get(), to, size, &got) == 1 ? got : 0;
  }

  size_t Skip(std::uint64_t size) override {
    return Read(skipped_.data(), std::min<std::uint64_t>(size, skipped_.size()));
  }

  bool Write(std::string_view bytes, bool) override {
    size_t sent = 0;
    ERR_clear_error();
    return bytes.empty() || SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent) == 1;
  }

  bool WriteFile(const Object& file, std::uint64_t first, std::uint64_t size) override {
    while (size > 0) {
      const std::uint64_t now = std::min(size, kMostAtOnce);
      if (!Write({file.bytes + first, now}, true)) return false;
      first += now;
      size -= now;
    }
    return true;
  }

 private:
  int socket_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  std::vector<char> skipped_ = std::vector<char>(SSL3_RT_MAX_PLAIN_LENGTH);
};

}  // namespace

std::unique_ptr<Stream> PlainStream(int socket) { return std::make_unique<Plain>(socket); }

std::unique_ptr<Stream> TlsStream(int socket, SSL_CTX* context) {
  auto out = std::make_unique<Tls>(socket, context);
  if (!out->ShakeHands()) return nullptr;
  return out;
}

SSL_CTX* MakeTlsContext(const std::string& cert, const std::string& key, std::string* error) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (context == nullptr || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
      SSL_CTX_use_certificate_chain_file(context, cert.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    *error = cert + ", " + key + ": no certificate with its key";
    return nullptr;
  }
  SSL_CTX_clear_options(context, SSL_OP_ENABLE_KTLS);
  // Several records with one call.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, size_t{256} << 10);
  return context;
}

}  // namespace tegodrop::bench
