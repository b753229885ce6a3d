// Keys as openssl makes them, anew in each test.
#pragma once

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <string>

namespace tegodrop::testing {

using TestKey = std::shared_ptr<EVP_PKEY>;

inline TestKey Ed25519() { return {EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free}; }
inline TestKey OnCurve(const char* curve) { return {EVP_EC_gen(curve), EVP_PKEY_free}; }
inline TestKey Rsa() { return {EVP_RSA_gen(2048), EVP_PKEY_free}; }

inline std::string TextOf(const std::shared_ptr<BIO>& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}
inline std::shared_ptr<BIO> NewBio() { return {BIO_new(BIO_s_mem()), BIO_free}; }

// With a password where one is given.
inline std::string PrivatePem(const TestKey& key, const char* password = nullptr) {
  const auto bio = NewBio();
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), password == nullptr ? nullptr : EVP_aes_256_cbc(), password,
                                password == nullptr ? 0 : static_cast<int>(std::string(password).size()), nullptr,
                                nullptr);
  return TextOf(bio);
}

inline std::string PublicPem(const TestKey& key) {
  const auto bio = NewBio();
  PEM_write_bio_PUBKEY(bio.get(), key.get());
  return TextOf(bio);
}

}  // namespace tegodrop::testing
