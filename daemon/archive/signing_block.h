// The APK signing block: between the last entry and the central directory, where APK Signature Scheme v2 and later keep
// their signatures. Read for its form alone; whether a signature is valid is apksigner's to say.
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
};

// kCorrupt where there is a block and its lengths do not fit, kLocalDisk where the file cannot be read.
Result<SigningBlock> ReadSigningBlock(FileWindow& file, std::uint64_t entries_end, std::uint64_t directory_offset);

}  // namespace tegodrop
