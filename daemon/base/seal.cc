#include "daemon/base/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include "daemon/base/digest.h"

namespace tegodrop {
namespace {

// The layout: one byte of version, the salt, the nonce, the sealed bytes, the tag. The salt makes the key fresh for
// each text, so that no nonce is ever used twice with one key.
constexpr unsigned char kVersion = 1;
constexpr std::size_t kSalt = 16;
constexpr std::size_t kNonce = 12;
constexpr std::size_t kTag = 16;
constexpr std::size_t kHead = 1 + kSalt + kNonce;
constexpr std::string_view kPurpose = "tegodrop sealed text 1";

using Key = std::array<unsigned char, 32>;

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

struct FreeContext {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

bool DeriveKey(const Secret& secret, std::string_view salt, Key& key) {
  const std::unique_ptr<EVP_PKEY_CTX, FreeContext> context(EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr));
  const std::string_view input = secret.Reveal();
  std::size_t size = key.size();
  return context != nullptr && EVP_PKEY_derive_init(context.get()) == 1 &&
         EVP_PKEY_CTX_set_hkdf_md(context.get(), EVP_sha256()) == 1 &&
         EVP_PKEY_CTX_set1_hkdf_salt(context.get(), Bytes(salt), static_cast<int>(salt.size())) == 1 &&
         EVP_PKEY_CTX_set1_hkdf_key(context.get(), Bytes(input), static_cast<int>(input.size())) == 1 &&
         EVP_PKEY_CTX_add1_hkdf_info(context.get(), Bytes(kPurpose), static_cast<int>(kPurpose.size())) == 1 &&
         EVP_PKEY_derive(context.get(), key.data(), &size) == 1 && size == key.size();
}

void AppendRandom(std::string& to, std::size_t count, Random& random) {
  while (count > 0) {
    const std::uint64_t bits = random.Next();
    const std::size_t take = std::min(count, sizeof bits);
    to.append(reinterpret_cast<const char*>(&bits), take);
    count -= take;
  }
}

}  // namespace

std::string Seal(const Secret& secret, std::string_view bound_to, const Secret& text, Random& random) {
  std::string out(1, static_cast<char>(kVersion));
  AppendRandom(out, kSalt + kNonce, random);
  const std::string_view plain = text.Reveal();
  out.resize(kHead + plain.size() + kTag);
  Key key{};
  int size = 0;
  const std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context(EVP_CIPHER_CTX_new());
  const bool sealed =
      context != nullptr && DeriveKey(secret, std::string_view(out).substr(1, kSalt), key) &&
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), Bytes(out) + 1 + kSalt) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &size, Bytes(bound_to), static_cast<int>(bound_to.size())) == 1 &&
      EVP_EncryptUpdate(context.get(), Bytes(out) + kHead, &size, Bytes(plain), static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(context.get(), Bytes(out) + kHead + plain.size(), &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTag, Bytes(out) + kHead + plain.size()) == 1;
  OPENSSL_cleanse(key.data(), key.size());
  // Out of memory: what cannot be sealed is not kept, and Unseal says so.
  return sealed ? Base64(out) : std::string();
}

std::optional<Secret> Unseal(const Secret& secret, std::string_view bound_to, std::string_view sealed) {
  std::optional<std::string> bytes = FromBase64(sealed);
  if (!bytes || bytes->size() < kHead + kTag || static_cast<unsigned char>(bytes->front()) != kVersion) {
    return std::nullopt;
  }
  const std::size_t length = bytes->size() - kHead - kTag;
  std::string plain(length, '\0');
  Key key{};
  int size = 0;
  const std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context(EVP_CIPHER_CTX_new());
  const bool opened =
      context != nullptr && DeriveKey(secret, std::string_view(*bytes).substr(1, kSalt), key) &&
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), Bytes(*bytes) + 1 + kSalt) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &size, Bytes(bound_to), static_cast<int>(bound_to.size())) == 1 &&
      EVP_DecryptUpdate(context.get(), Bytes(plain), &size, Bytes(*bytes) + kHead, static_cast<int>(length)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTag, Bytes(*bytes) + kHead + length) == 1 &&
      EVP_DecryptFinal_ex(context.get(), Bytes(plain) + length, &size) == 1;
  OPENSSL_cleanse(key.data(), key.size());
  Secret text(std::move(plain));
  if (!opened) return std::nullopt;
  return text;
}

}  // namespace tegodrop
