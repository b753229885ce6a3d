// The APK signing block: between the last entry and the central directory, where APK Signature Scheme v2 and later keep
// their signatures. Read for its form and for who they say they are by; whether one is valid is apksigner's to say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/archive/file_window.h"
#include "daemon/base/result.h"

namespace tegodrop {

struct SigningBlock {
  bool present = false;
  // Without a block: bytes between the last entry and the central directory that are more than a data descriptor.
  std::uint64_t unexplained = 0;
  std::vector<std::string> schemes;  // "v2", "v3", "v3.1"
  // SHA-256 of the signers' certificates (SignersOfApkScheme) by all of these schemes: an old device takes an old one,
  // a new device the newest. Empty without a scheme, and where those of one cannot be read: a signature of another form
  // than known here is no damage of the file.
  std::vector<std::string> signers;
  std::string signers_fault;  // one sentence why they cannot be read, else empty
};

// kCorrupt where there is a block and its lengths do not fit, kLocalDisk where the file cannot be read.
Result<SigningBlock> ReadSigningBlock(FileWindow& file, std::uint64_t entries_end, std::uint64_t directory_offset);

}  // namespace tegodrop
