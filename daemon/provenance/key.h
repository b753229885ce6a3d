// The keys of signed provenance: Ed25519, or ECDSA over P-256 (with SHA-256) and P-384 (with SHA-384). By OpenSSL.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "daemon/base/result.h"
#include "daemon/base/secret.h"

namespace tegodrop {

// SHA-256 of the public key (DER of its SubjectPublicKeyInfo), 64 lowercase hex digits, as
//   openssl pkey -pubin -in KEY.pub -outform DER | sha256sum
// says it: what an envelope calls the key by.
using KeyId = std::string;

class SigningKey {
 public:
  // A private key without a password, as `openssl genpkey` writes it. kCorrupt, in words that follow a name ("holds no
  // private key …") and with nothing of the key in them.
  static Result<SigningKey> FromPem(const Secret& pem);

  const KeyId& id() const { return id_; }
  // kBug where OpenSSL would not. ECDSA gives another signature each time.
  Result<std::string> Sign(std::string_view message) const;

 private:
  SigningKey(std::shared_ptr<void> key, KeyId id) : key_(std::move(key)), id_(std::move(id)) {}

  std::shared_ptr<void> key_;  // an EVP_PKEY
  KeyId id_;
};

class VerifyingKey {
 public:
  // A public key, or a certificate with one. kCorrupt as above.
  static Result<VerifyingKey> FromPem(std::string_view pem);

  const KeyId& id() const { return id_; }
  bool Verifies(std::string_view message, std::string_view signature) const;

 private:
  VerifyingKey(std::shared_ptr<void> key, KeyId id) : key_(std::move(key)), id_(std::move(id)) {}

  std::shared_ptr<void> key_;  // an EVP_PKEY
  KeyId id_;
};

}  // namespace tegodrop
