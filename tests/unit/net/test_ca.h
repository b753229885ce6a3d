// A certificate authority of the test's own, made when it is needed.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace tegodrop::testing {

class TestCa {
 public:
  explicit TestCa(const char* name = "test authority");
  ~TestCa();
  TestCa(const TestCa&) = delete;
  TestCa& operator=(const TestCa&) = delete;

  // The authority's certificate.
  std::string Pem() const;
  // What a server needs to show a certificate of this authority for "DNS:a.example" or "IP:127.0.0.1". The caller frees
  // it with SSL_CTX_free.
  SSL_CTX* ServerContext(const std::string& alternative_name) const;

 private:
  EVP_PKEY* key_;
  X509* certificate_;
};

}  // namespace tegodrop::testing
