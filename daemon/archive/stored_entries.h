// The CRC of entries that are stored as they are, told without inflating. Internal.
#pragma once

#include <cstdint>
#include <vector>

#include "daemon/archive/directory.h"
#include "daemon/archive/file_window.h"
#include "daemon/base/block_crcs.h"

namespace tegodrop {

// Which of the entries, by their place in the central directory, are stored and have the CRC that it says, by what was
// taken of the file's bytes: nobody needs to read those again. What it does not say of an entry is for ZipReader to
// find.
std::vector<bool> HeldByCrcs(FileWindow& file, const Directory& directory, const BlockCrcs& crcs);

}  // namespace tegodrop
