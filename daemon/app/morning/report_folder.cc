#include "daemon/app/morning/report_folder.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <optional>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/disk/mount_table.h"
#include "daemon/disk/whole_file.h"
#include "daemon/report/html.h"
#include "daemon/report/json.h"

namespace tegodrop {
namespace {

// For whoever may enter the folder: a report names files and reasons, and nothing secret.
constexpr mode_t kMode = 0644;

std::string TempOf(const std::string& name) { return "." + name + ".tmp"; }

}  // namespace

Result<Fd> OpenReportFolder(FileSystem& fs, const std::string& path) {
  const auto refuse = [&](const std::string& type) {
    return Fail(ErrorKind::kRejected,
                Printable(path) + " lies on a share (" + type + "): name a local folder, and copy from there");
  };
  // Without touching it; what is mounted only when it is touched is seen after that.
  if (const auto mount = FindMount(path); mount && !mount->local) return refuse(mount->mount.type);
  Result<Fd> dir = fs.OpenFolder(path);
  if (!dir) return dir;
  const Result<FsType> type = fs.TypeOf(dir->get());
  if (!type) return Fail(type.error());
  if (!type->local) return refuse(type->name);
  return dir;
}

Result<std::optional<WallMs>> ReportTime(FileSystem& fs, const std::string& folder, const std::string& name) {
  const Result<Fd> dir = OpenReportFolder(fs, folder);
  if (!dir) return Fail(dir.error());
  const Result<FileStat> there = fs.StatAt(dir->get(), name + ".html");
  if (there) return std::optional<WallMs>(there->mtime_ns / 1'000'000);
  if (there.error().sys == ENOENT) return std::optional<WallMs>();
  return Fail(there.error());
}

Status PutReport(FileSystem& fs, const std::string& folder, const std::string& name, const Report& report) {
  const Result<Fd> dir = OpenReportFolder(fs, folder);
  if (!dir) return Fail(dir.error());
  // The page is last: where it is, the report is whole.
  const std::string json = name + ".json";
  Status put = ReplaceWhole(fs, dir->get(), TempOf(json), json, ReportJson(report), kMode, std::nullopt);
  if (!put) return put;
  const std::string page = name + ".html";
  put = WriteWhole(fs, dir->get(), TempOf(page), dir->get(), page, ReportHtml(report), kMode, std::nullopt);
  if (!put && put.error().sys == EEXIST) return {};
  return put;
}

std::string InFileName(const std::string& host) {
  std::string name = host.substr(0, 64);
  std::replace_if(
      name.begin(), name.end(),
      [](unsigned char c) { return std::isalnum(c) == 0 && c != '.' && c != '-' && c != '_'; }, '_');
  return name.empty() ? "host" : name;
}

}  // namespace tegodrop
