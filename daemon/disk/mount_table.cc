#include "daemon/disk/mount_table.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

namespace tegodrop {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kMostLinks = 40;  // as the kernel follows

// "\040" is a space (proc(5)).
std::string Unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int code = 0;
    if (text[i] == '\\' && i + 3 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 4, code, 8).ptr == text.data() + i + 4) {
      out += static_cast<char>(code);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

// "36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/root rw,errors=continue"
std::optional<Mount> ParseLine(const std::string& line) {
  std::istringstream words(line);
  std::string word;
  std::vector<std::string> fields;
  while (words >> word) fields.push_back(word);
  const auto dash = std::find(fields.begin(), fields.end(), "-");
  if (fields.size() < 6 || fields.end() - dash < 3) return std::nullopt;
  Mount mount;
  mount.point = Unescape(fields[4]);
  mount.type = dash[1];
  mount.options = fields[5];
  if (fields.end() - dash > 3) mount.options += "," + dash[3];
  return mount;
}

bool LiesBelow(std::string_view path, std::string_view point) {
  if (point == "/") return true;
  return path.starts_with(point) && (path.size() == point.size() || path[point.size()] == '/');
}

std::string ReadLink(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = readlink(path.c_str(), target.data(), target.size());
  return size <= 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(size));
}

std::vector<std::string> StepsOf(const std::string& path) {
  std::vector<std::string> steps;
  std::istringstream parts(path);
  for (std::string step; std::getline(parts, step, '/');) {
    if (!step.empty() && step != ".") steps.push_back(step);
  }
  return steps;
}

std::optional<milliseconds> OptionOf(const Mount& mount, std::string_view name) {
  std::istringstream options(mount.options);
  std::optional<milliseconds> found;
  for (std::string option; std::getline(options, option, ',');) {
    if (!option.starts_with(name) || option.size() <= name.size() || option[name.size()] != '=') continue;
    int value = 0;
    const char* begin = option.data() + name.size() + 1;
    if (std::from_chars(begin, option.data() + option.size(), value).ec == std::errc()) found = seconds(value);
  }
  return found;
}

}  // namespace

MountTable MountTable::Parse(std::string_view text) {
  MountTable table;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (auto mount = ParseLine(line)) table.mounts_.push_back(std::move(*mount));
  }
  return table;
}

const Mount* MountTable::Of(std::string_view path) const {
  const Mount* best = nullptr;
  for (const Mount& mount : mounts_) {
    // Of two at one point the later hides the earlier.
    if (LiesBelow(path, mount.point) && (best == nullptr || mount.point.size() >= best->point.size())) best = &mount;
  }
  return best;
}

PathMount FindMount(const MountTable& table, const std::string& path,
                    const std::function<std::string(const std::string&)>& read_link) {
  const auto answer = [&](std::string at, bool may_be_local) {
    const Mount* mount = table.Of(at);
    PathMount found{std::move(at), mount == nullptr ? Mount{} : *mount, false};
    found.local = may_be_local && mount != nullptr && IsLocalType(mount->type);
    return found;
  };
  std::vector<std::string> left = StepsOf(path);
  std::reverse(left.begin(), left.end());
  std::string at;
  for (int links = 0; !left.empty();) {
    const std::string step = std::move(left.back());
    left.pop_back();
    if (step == "..") {
      at.resize(at.empty() ? 0 : at.rfind('/'));
      continue;
    }
    std::string next = at;
    next.append("/").append(step);
    const Mount* mount = table.Of(next);
    if (mount == nullptr || !IsLocalType(mount->type)) {
      while (!left.empty()) {
        next.append("/").append(left.back());
        left.pop_back();
      }
      return answer(std::move(next), false);
    }
    const std::string target = read_link(next);
    if (target.empty()) {
      at = std::move(next);
      continue;
    }
    if (++links > kMostLinks) return answer(std::move(next), true);
    if (target[0] == '/') at.clear();
    const std::vector<std::string> steps = StepsOf(target);
    left.insert(left.end(), steps.rbegin(), steps.rend());
  }
  return answer(at.empty() ? "/" : std::move(at), true);
}

Result<PathMount> FindMount(const std::string& path) {
  std::ifstream file("/proc/self/mountinfo");
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) return Fail(ErrorKind::kLocalDisk, "cannot read /proc/self/mountinfo");
  return FindMount(MountTable::Parse(text.str()), path, ReadLink);
}

bool IsLocalType(std::string_view type) {
  constexpr std::array<std::string_view, 19> kLocal{
      "ext2",  "ext3",   "ext4",    "xfs",      "btrfs", "f2fs",  "bcachefs", "zfs",  "jfs",  "tmpfs",
      "ramfs", "rootfs", "overlay", "devtmpfs", "proc",  "sysfs", "squashfs", "vfat", "erofs"};
  return std::find(kLocal.begin(), kLocal.end(), type) != kLocal.end();
}

milliseconds AttributeCacheOf(const Mount& mount) {
  if (IsLocalType(mount.type)) return milliseconds(0);
  const bool nfs = mount.type.starts_with("nfs");
  for (const std::string_view name : {"acregmax", "acdirmax", "actimeo"}) {
    if (const auto said = OptionOf(mount, name)) return *said;
  }
  if (nfs) return mount.options.find("noac") != std::string::npos ? milliseconds(0) : milliseconds(seconds(60));
  if (mount.type == "cifs" || mount.type == "smb3") return seconds(1);
  return seconds(20);
}

}  // namespace tegodrop
