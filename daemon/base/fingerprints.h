// The fingerprints of what was hashed in this life, by its SHA-256: whoever reads the same bytes again need not hash
// them again. Thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "daemon/base/digest.h"
#include "daemon/base/fingerprint.h"
#include "daemon/base/random.h"

namespace tegodrop {

class Fingerprints {
 public:
  // A mebibyte of tags: of 10,000 artifacts of 30 MB, or of 160 of 2 GB.
  static constexpr std::size_t kMostBlocks = 65'536;

  // Forgets the oldest while there are more than `most_blocks` blocks of all.
  explicit Fingerprints(std::size_t most_blocks = kMostBlocks) : most_blocks_(most_blocks) {}

  void Remember(const std::string& sha256, std::shared_ptr<const Fingerprint> fingerprint);
  // Null: not known, or not any more.
  std::shared_ptr<const Fingerprint> Of(const std::string& sha256) const;

 private:
  const std::size_t most_blocks_;
  mutable std::mutex mutex_;
  // All below is guarded by it.
  std::map<std::string, std::shared_ptr<const Fingerprint>> known_;
  std::deque<std::string> oldest_first_;
  std::size_t blocks_ = 0;
};

// The SHA-256 of what flows past, and its fingerprint by the way.
class RememberedDigest {
 public:
  // `memory` (null: none is made) must outlive it.
  RememberedDigest(Fingerprints* memory, Random& random);
  void Update(const char* data, std::size_t size);
  // 64 lowercase hex digits; what they are the digest of is remembered. Once.
  std::string FinishHex();

 private:
  Fingerprints* const memory_;
  Sha256 digest_;
  std::unique_ptr<FingerprintMaker> maker_;
};

}  // namespace tegodrop
