#include "tests/bench/discarding_server_digest.h"

#include <cstdlib>

namespace tegodrop::bench {

Md5::Md5() : context_(EVP_MD_CTX_new()) {
  // Where OpenSSL refuses MD5 there is nothing that this server could answer.
  if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_md5(), nullptr) != 1) std::abort();
}

void Md5::Update(const void* bytes, size_t size) { EVP_DigestUpdate(context_.get(), bytes, size); }

std::string Md5::Etag() {
  constexpr char kDigits[] = "0123456789abcdef";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_DigestFinal_ex(context_.get(), digest, &size);
  std::string out = "\"";
  for (unsigned i = 0; i < size; ++i) {
    out += kDigits[digest[i] >> 4];
    out += kDigits[digest[i] & 15];
  }
  return out + '"';
}

}  // namespace tegodrop::bench
