#include "daemon/base/fingerprints.h"

#include <utility>

namespace tegodrop {

void Fingerprints::Remember(const std::string& sha256, std::shared_ptr<const Fingerprint> fingerprint) {
  const std::lock_guard lock(mutex_);
  const std::size_t blocks = fingerprint->tags.size();
  // The same content under another key is as good as the first.
  if (blocks > most_blocks_ || !known_.try_emplace(sha256, std::move(fingerprint)).second) return;
  oldest_first_.push_back(sha256);
  blocks_ += blocks;
  while (blocks_ > most_blocks_) {
    const auto oldest = known_.find(oldest_first_.front());
    blocks_ -= oldest->second->tags.size();
    known_.erase(oldest);
    oldest_first_.pop_front();
  }
}

std::shared_ptr<const Fingerprint> Fingerprints::Of(const std::string& sha256) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(sha256);
  return found == known_.end() ? nullptr : found->second;
}

RememberedDigest::RememberedDigest(Fingerprints* memory, Random& random)
    : memory_(memory), maker_(memory != nullptr ? std::make_unique<FingerprintMaker>(random) : nullptr) {}

void RememberedDigest::Update(const char* data, std::size_t size) {
  digest_.Update(data, size);
  if (maker_) maker_->Update(data, size);
}

std::string RememberedDigest::FinishHex() {
  std::string sha256 = digest_.FinishHex();
  if (maker_) memory_->Remember(sha256, maker_->Finish());
  return sha256;
}

}  // namespace tegodrop
