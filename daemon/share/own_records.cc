#include "daemon/share/own_records.h"

#include <cerrno>

#include "daemon/disk/layout.h"
#include "daemon/disk/whole_file.h"
#include "daemon/share/room.h"

namespace tegodrop {

Result<bool> NamesJob(FileSystem& fs, int dir, const std::string& name, const std::string& job) {
  auto text = ReadWhole(fs, dir, name, 1 << 20);
  // A quote inside of a value is escaped in JSON: no file name can play this.
  if (text) return text->find("\"job\": \"" + job + "\"") != std::string::npos;
  const Error& error = text.error();
  const bool none = error.sys == ENOENT || error.sys == ENAMETOOLONG || error.kind == ErrorKind::kCorrupt;
  if (none) return false;
  return Fail(error);
}

Status RemoveOwnReceipts(FileSystem& fs, int receipts, const std::vector<std::string>& ids, const std::string& job) {
  for (const std::string& id : ids) {
    if (!IsPlainName(id)) continue;
    auto ours = NamesJob(fs, receipts, ReceiptName(id), job);
    if (!ours) return Fail(ours.error());
    if (!*ours) continue;
    auto gone = fs.RemoveAt(receipts, ReceiptName(id));
    if (!gone && gone.error().sys != ENOENT) return gone;
  }
  return fs.SyncFolder(receipts);
}

}  // namespace tegodrop
