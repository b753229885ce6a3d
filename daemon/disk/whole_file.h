// Small files that appear whole or not at all, and reading them.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"

namespace tegodrop {

// Writes `content` under `temp_name`, syncs, moves it to `name` without replacing, syncs the folder. EEXIST (in
// Error::sys) where `name` is taken, and the folder is synced then too. The temporary file is gone in every case.
// `group`: given to the file; nullopt keeps the folder's own rule.
Status WriteWhole(FileSystem& fs, int temp_dir, const std::string& temp_name, int dir, const std::string& name,
                  std::string_view content, mode_t mode, std::optional<gid_t> group);

// The same in place of what is there: under its name stands the old content or the new one, whole. `name` and
// `temp_name` stand in `dir`.
Status ReplaceWhole(FileSystem& fs, int dir, const std::string& temp_name, const std::string& name,
                    std::string_view content, mode_t mode, std::optional<gid_t> group);

// A regular file of at most `limit` bytes; kCorrupt for a larger one or for what is no regular file.
Result<std::string> ReadWhole(FileSystem& fs, int dir, const std::string& name, std::size_t limit);

// Hands the first `size` bytes of an open file on, in their order; kCorrupt where it ends before.
Status ReadEach(FileSystem& fs, int fd, std::uint64_t size, const std::function<void(const char*, std::size_t)>& each);

// The SHA-256 of the first `size` bytes of an open file as 64 hex digits; kCorrupt where the file ends before.
Result<std::string> HashFile(FileSystem& fs, int fd, std::uint64_t size);

}  // namespace tegodrop
