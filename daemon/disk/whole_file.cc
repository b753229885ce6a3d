#include "daemon/disk/whole_file.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <utility>
#include <vector>

#include "daemon/base/digest.h"

namespace tegodrop {
namespace {

Status Fill(FileSystem& fs, Fd file, std::string_view content, mode_t mode, std::optional<gid_t> group) {
  if (group) {
    if (auto status = fs.SetModeAndGroup(file.get(), mode, *group); !status) return status;
  }
  if (auto status = fs.WriteAt(file.get(), content.data(), content.size(), 0); !status) return status;
  if (auto status = fs.Sync(file.get()); !status) return status;
  return fs.Close(std::move(file));
}

// `move`: puts it from its temporary name to its own.
Status WriteThenMove(FileSystem& fs, int temp_dir, const std::string& temp_name, int dir, std::string_view content,
                     mode_t mode, std::optional<gid_t> group, const std::function<Status()>& move) {
  // What a death left under the same temporary name is nobody's; and durably gone, because nobody looks for it again.
  auto removed = fs.RemoveAt(temp_dir, temp_name);
  if (removed) removed = fs.SyncFolder(temp_dir);
  if (!removed && removed.error().sys != ENOENT) return removed;
  auto file = fs.CreateAt(temp_dir, temp_name, mode);
  if (!file) return Fail(file.error());
  Status status = Fill(fs, std::move(*file), content, mode, group);
  if (status) status = move();
  if (!status) {
    // Durably: nobody may look for it again.
    if (fs.RemoveAt(temp_dir, temp_name)) (void)fs.SyncFolder(temp_dir);
    // What is there may be our own, written just before a death: who takes it for that counts on it.
    if (status.error().sys != EEXIST) return status;
    if (auto synced = fs.SyncFolder(dir); !synced) return synced;
    return status;
  }
  return fs.SyncFolder(dir);
}

}  // namespace

Status WriteWhole(FileSystem& fs, int temp_dir, const std::string& temp_name, int dir, const std::string& name,
                  std::string_view content, mode_t mode, std::optional<gid_t> group) {
  return WriteThenMove(fs, temp_dir, temp_name, dir, content, mode, group,
                       [&] { return fs.MoveAt(temp_dir, temp_name, dir, name); });
}

Status ReplaceWhole(FileSystem& fs, int dir, const std::string& temp_name, const std::string& name,
                    std::string_view content, mode_t mode, std::optional<gid_t> group) {
  return WriteThenMove(fs, dir, temp_name, dir, content, mode, group,
                       [&] { return fs.RenameAt(dir, temp_name, dir, name); });
}

Result<std::string> ReadWhole(FileSystem& fs, int dir, const std::string& name, std::size_t limit) {
  auto file = fs.OpenFileAt(dir, name);
  if (!file) return Fail(file.error());
  auto stat = fs.Stat(file->get());
  if (!stat) return Fail(stat.error());
  if (!stat->IsRegular()) return Fail(ErrorKind::kCorrupt, name + " is not a regular file");
  std::string content(limit + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    auto count = fs.ReadAt(file->get(), content.data() + size, content.size() - size, size);
    if (!count) return Fail(count.error());
    if (*count == 0) break;
    size += *count;
  }
  if (size > limit) return Fail(ErrorKind::kCorrupt, name + " is larger than " + std::to_string(limit) + " bytes");
  content.resize(size);
  return content;
}

Status ReadEach(FileSystem& fs, int fd, std::uint64_t size, const std::function<void(const char*, std::size_t)>& each) {
  // 256 KiB: larger blocks gain nothing (measured), and memory stays small whatever the file's size.
  std::vector<char> block(256 * 1024);
  std::uint64_t at = 0;
  while (at < size) {
    const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), size - at));
    auto count = fs.ReadAt(fd, block.data(), want, at);
    if (!count) return Fail(count.error());
    if (*count == 0) return Fail(ErrorKind::kCorrupt, "the file became shorter while it was read");
    each(block.data(), *count);
    at += *count;
  }
  return {};
}

Result<std::string> HashFile(FileSystem& fs, int fd, std::uint64_t size) {
  Sha256 digest;
  auto read = ReadEach(fs, fd, size, [&](const char* data, std::size_t count) { digest.Update(data, count); });
  if (!read) return Fail(std::move(read.error()));
  return digest.FinishHex();
}

}  // namespace tegodrop
