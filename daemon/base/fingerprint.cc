#include "daemon/base/fingerprint.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace tegodrop {

struct BlockTags::Context {
  // OpenSSL fails here only when memory is exhausted or its default provider is missing: nothing can be trusted then.
  Context() : mac(EVP_MAC_fetch(nullptr, "GMAC", nullptr)), running(EVP_MAC_CTX_new(mac)) {
    if (running == nullptr) throw std::bad_alloc();
  }
  ~Context() {
    EVP_MAC_CTX_free(running);
    EVP_MAC_free(mac);
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  EVP_MAC* mac;
  EVP_MAC_CTX* running;
};

BlockTags::BlockTags(const Fingerprint::Key& key, std::uint64_t block)
    : context_(std::make_unique<Context>()), key_(key), block_(block) {
  Begin();
}

BlockTags::~BlockTags() = default;

// The block's number is its nonce: under one key each block has its own.
void BlockTags::Begin() {
  std::array<unsigned char, 12> nonce{};
  for (std::size_t i = 0; i < sizeof block_; ++i) nonce[i] = static_cast<unsigned char>(block_ >> (8 * i));
  char cipher[] = "AES-128-GCM";
  const std::array<OSSL_PARAM, 3> params = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_IV, nonce.data(), nonce.size()), OSSL_PARAM_construct_end()};
  if (EVP_MAC_init(context_->running, key_.data(), key_.size(), params.data()) != 1) throw std::bad_alloc();
}

void BlockTags::Update(const void* data, std::size_t size) {
  EVP_MAC_update(context_->running, static_cast<const unsigned char*>(data), size);
}

Fingerprint::Tag BlockTags::Finish() {
  Fingerprint::Tag tag{};
  std::size_t length = 0;
  if (EVP_MAC_final(context_->running, tag.data(), &length, tag.size()) != 1) throw std::bad_alloc();
  ++block_;
  Begin();
  return tag;
}

namespace {

Fingerprint::Key NewKey(Random& random) {
  const std::array<std::uint64_t, 2> words = {random.Next(), random.Next()};
  Fingerprint::Key key;
  static_assert(sizeof words == sizeof key);
  std::memcpy(key.data(), words.data(), sizeof key);
  return key;
}

// How much of `size` bytes at `at` belongs to the block there.
std::size_t OfThisBlock(std::uint64_t at, std::size_t size) {
  return static_cast<std::size_t>(std::min<std::uint64_t>(size, Fingerprint::kBlock - at % Fingerprint::kBlock));
}

}  // namespace

FingerprintMaker::FingerprintMaker(Random& random)
    : made_(std::make_shared<Fingerprint>(Fingerprint{NewKey(random), 0, {}})), tags_(made_->key, 0) {}

void FingerprintMaker::Update(const char* data, std::size_t size) {
  while (size > 0) {
    const std::size_t take = OfThisBlock(made_->size, size);
    tags_.Update(data, take);
    made_->size += take;
    data += take;
    size -= take;
    if (made_->size % Fingerprint::kBlock == 0) made_->tags.push_back(tags_.Finish());
  }
}

std::shared_ptr<const Fingerprint> FingerprintMaker::Finish() {
  if (made_->size % Fingerprint::kBlock != 0) made_->tags.push_back(tags_.Finish());
  return made_;
}

FingerprintCheck::FingerprintCheck(std::shared_ptr<const Fingerprint> fingerprint, std::uint64_t offset)
    : fingerprint_(std::move(fingerprint)), at_(offset), tags_(fingerprint_->key, offset / Fingerprint::kBlock) {}

bool FingerprintCheck::Update(const char* data, std::size_t size) {
  while (same_ && size > 0) {
    if (at_ >= fingerprint_->size) return same_ = false;
    const std::size_t take = OfThisBlock(at_, size);
    tags_.Update(data, take);
    const std::uint64_t block = at_ / Fingerprint::kBlock;
    at_ += take;
    data += take;
    size -= take;
    if (at_ % Fingerprint::kBlock != 0 && at_ != fingerprint_->size) continue;
    const Fingerprint::Tag tag = tags_.Finish();
    same_ = CRYPTO_memcmp(tag.data(), fingerprint_->tags[static_cast<std::size_t>(block)].data(), tag.size()) == 0;
  }
  return same_;
}

}  // namespace tegodrop
