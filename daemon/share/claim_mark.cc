#include "daemon/share/claim_mark.h"

#include <cerrno>
#include <string_view>
#include <utility>

#include "daemon/base/digest.h"
#include "daemon/disk/layout.h"

namespace tegodrop {

ClaimMark::ClaimMark(FileSystem& fs, int claimed, const std::string& job, const std::string& path)
    : fs_(fs), claimed_(claimed), prefix_(ClaimMarkPrefix(Sha256Hex(path))), name_(prefix_ + job) {}

Status ClaimMark::LookForOthers() {
  std::string other;
  auto listed = fs_.List(claimed_, [&](std::string_view name, EntryType) {
    if (name.starts_with(prefix_) && name != name_) other = name;
    return other.empty();
  });
  if (!listed) return listed;
  if (other.empty()) return {};
  const std::string job = other.substr(prefix_.size());
  // A claim's folder is made before its mark and goes with it: one alone was left by a death, and says nothing.
  auto claim = fs_.StatAt(claimed_, job);
  if (!claim && claim.error().sys == ENOENT) {
    auto gone = fs_.RemoveAt(claimed_, other);
    if (!gone && gone.error().sys != ENOENT) return gone;
    return LookForOthers();
  }
  if (!claim) return Fail(claim.error());
  Error error =
      MakeError(ErrorKind::kLocalDisk,
                "another host is taking it as job " + job +
                    "; where that host does not come back, 'status' says so after an hour, and 'tegodrop retry " + job +
                    "' undoes its claim");
  error.sys = EBUSY;
  return Fail(std::move(error));
}

Status ClaimMark::Set(bool begun) {
  auto made = fs_.CreateAt(claimed_, name_, 0660);
  if (!made && made.error().sys != EEXIST) return Fail(made.error());
  if (begun) return {};
  auto alone = LookForOthers();
  if (!alone) (void)Clear();
  return alone;
}

Status ClaimMark::Clear() {
  auto gone = fs_.RemoveAt(claimed_, name_);
  if (!gone && gone.error().sys != ENOENT) return gone;
  return {};
}

}  // namespace tegodrop
