#include "daemon/provenance/key.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <optional>
#include <utility>

#include "daemon/base/digest.h"

namespace tegodrop {
namespace {

using Pkey = std::shared_ptr<EVP_PKEY>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

constexpr char kWanted[] = "an Ed25519 key, or an EC key on P-256 or P-384";

Pkey Owned(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }
EVP_PKEY* KeyOf(const std::shared_ptr<void>& key) { return static_cast<EVP_PKEY*>(key.get()); }

Bio Memory(std::string_view text) { return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free}; }

// Asked for nothing: a key under a password is no key for a service.
int NoPassword(char*, int, int, void*) { return 0; }

// The digest that goes with the key; nullopt for a key of another kind.
std::optional<const EVP_MD*> DigestFor(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return nullptr;
  char group[64] = {};
  std::size_t length = 0;
  if (EVP_PKEY_is_a(key, "EC") != 1) return std::nullopt;
  if (EVP_PKEY_get_group_name(key, group, sizeof group, &length) != 1) return std::nullopt;
  const std::string_view name(group, length);
  if (name == "prime256v1" || name == "P-256") return EVP_sha256();
  if (name == "secp384r1" || name == "P-384") return EVP_sha384();
  return std::nullopt;
}

KeyId IdOf(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return "";
  KeyId id = Sha256Hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return id;
}

}  // namespace

Result<SigningKey> SigningKey::FromPem(const Secret& pem) {
  const Bio bio = Memory(pem.Reveal());
  Pkey key = Owned(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  ERR_clear_error();
  if (!key) {
    return Fail(ErrorKind::kCorrupt, std::string("holds no private key in PEM without a password; it must hold ") +
                                         kWanted + ", as 'openssl genpkey -algorithm ed25519' writes one");
  }
  if (!DigestFor(key.get())) return Fail(ErrorKind::kCorrupt, std::string("holds another kind of key than ") + kWanted);
  KeyId id = IdOf(key.get());
  return SigningKey(std::move(key), std::move(id));
}

Result<std::string> SigningKey::Sign(std::string_view message) const {
  const DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const EVP_MD* digest = DigestFor(KeyOf(key_)).value_or(nullptr);
  const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  std::size_t size = 0;
  std::string signature;
  bool done = EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, KeyOf(key_)) == 1 &&
              EVP_DigestSign(context.get(), nullptr, &size, bytes, message.size()) == 1;
  if (done) {
    signature.resize(size);
    auto* to = reinterpret_cast<unsigned char*>(signature.data());
    done = EVP_DigestSign(context.get(), to, &size, bytes, message.size()) == 1;
    signature.resize(size);
  }
  ERR_clear_error();
  if (!done) return Fail(ErrorKind::kBug, "OpenSSL would not sign with the provenance key");
  return signature;
}

Result<VerifyingKey> VerifyingKey::FromPem(std::string_view pem) {
  const Bio bio = Memory(pem);
  Pkey key = Owned(PEM_read_bio_PUBKEY(bio.get(), nullptr, NoPassword, nullptr));
  if (!key) {
    const Bio again = Memory(pem);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        PEM_read_bio_X509(again.get(), nullptr, NoPassword, nullptr), X509_free);
    if (certificate) key = Owned(X509_get_pubkey(certificate.get()));
  }
  ERR_clear_error();
  if (!key) {
    return Fail(ErrorKind::kCorrupt,
                "holds no public key in PEM, as 'openssl pkey -in KEY -pubout' writes it, and no certificate");
  }
  if (!DigestFor(key.get())) return Fail(ErrorKind::kCorrupt, std::string("holds another kind of key than ") + kWanted);
  KeyId id = IdOf(key.get());
  return VerifyingKey(std::move(key), std::move(id));
}

bool VerifyingKey::Verifies(std::string_view message, std::string_view signature) const {
  const DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const EVP_MD* digest = DigestFor(KeyOf(key_)).value_or(nullptr);
  const bool fits =
      EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, KeyOf(key_)) == 1 &&
      EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                       reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
  ERR_clear_error();
  return fits;
}

}  // namespace tegodrop
