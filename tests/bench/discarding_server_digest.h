// MD5, as ETags of single objects are made of it.
#pragma once

#include <openssl/evp.h>

#include <cstddef>
#include <memory>
#include <string>

namespace tegodrop::bench {

class Md5 {
 public:
  Md5();
  void Update(const void* bytes, size_t size);
  // In hexadecimal digits and quotes; ends the digest.
  std::string Etag();

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace tegodrop::bench
