// The two ways in which bytes come and go: plain TCP, and TLS 1.3 by OpenSSL without the kernel's help. Blocking.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tests/bench/discarding_server_store.h"

namespace tegodrop::bench {

class Stream {
 public:
  virtual ~Stream() = default;
  // How many bytes came, at most `size`; 0: no more will.
  virtual size_t Read(char* to, size_t size) = 0;
  // The same for bytes that nobody looks at.
  virtual size_t Skip(std::uint64_t size) = 0;
  // False: the peer has gone.
  virtual bool Write(std::string_view bytes, bool more_follow) = 0;
  virtual bool WriteFile(const Object& file, std::uint64_t first, std::uint64_t size) = 0;
};

// Both own `socket`. The second is null where the handshake fails.
std::unique_ptr<Stream> PlainStream(int socket);
std::unique_ptr<Stream> TlsStream(int socket, SSL_CTX* context);

// Of a certificate and its key, PEM files; null, with what is wrong, where they cannot be used.
SSL_CTX* MakeTlsContext(const std::string& cert, const std::string& key, std::string* error);

}  // namespace tegodrop::bench
