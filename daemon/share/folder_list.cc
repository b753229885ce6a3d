// What lies in the drop folder, and where it is so configured in the folders inside it.
#include <cerrno>
#include <deque>
#include <utility>

#include "daemon/share/folder_ops.h"

namespace tegodrop {
namespace {

// One entry of a share in trouble is "not yet" and does not make the folder suspect.
bool NotNow(const Error& error) { return error.sys == ENOENT || error.sys == ESTALE || error.sys == EBUSY; }

// A folder that went meanwhile, became something else, or is a link or another mount: those are not entered.
bool NotOurs(const Error& error) {
  return NotNow(error) || error.sys == ENOTDIR || error.sys == ELOOP || error.sys == EXDEV;
}

bool Closed(const Error& error) { return error.sys == EACCES || error.sys == EPERM; }

int DepthOf(const std::string& subfolder) {
  int slashes = 0;
  for (const char c : subfolder) slashes += c == '/' ? 1 : 0;
  return subfolder.empty() ? 0 : slashes + 1;
}

}  // namespace

struct FolderOps::Walk {
  Listing listing;
  std::deque<std::string> inside;  // folders still to be entered, by their paths below the drop folder
};

Result<FolderOps::Place> FolderOps::Enter(const OpenedFolder& folder, const std::string& subfolder) {
  if (subfolder.empty()) return Place{Fd(), folder.fd.get()};
  auto inside = fs_.OpenFolderAt(folder.fd.get(), subfolder);
  if (!inside) return Fail(inside.error());
  const int fd = inside->get();
  return Place{std::move(*inside), fd};
}

Result<FolderOps::Place> FolderOps::EnterWhatIsLeft(const OpenedFolder& folder, const std::string& subfolder) {
  auto place = Enter(folder, subfolder);
  if (!place && (place.error().sys == ENOENT || place.error().sys == ENOTDIR)) return Enter(folder, "");
  return place;
}

Status FolderOps::ListOne(int dir, const std::string& subfolder, Walk& walk) {
  std::vector<std::pair<std::string, EntryKind>> names;
  auto listed = fs_.List(dir, [&](std::string_view name, EntryType type) {
    const bool maybe_folder = type == EntryType::kFolder || type == EntryType::kUnknown;
    if (settings_.recursive && maybe_folder && name != settings_.rooms && !IsPassedOverFolder(name)) {
      walk.inside.push_back(JoinPath(subfolder, name));
    }
    if (type != EntryType::kRegular && type != EntryType::kUnknown) return true;
    const bool artifact = KindOfName(name).has_value();
    // Of most of what lies in a crowded folder the ending says enough.
    if ((!artifact && !SidecarOf(name)) || IsPassedOver(name)) return true;
    names.emplace_back(name, artifact ? EntryKind::kArtifact : EntryKind::kSidecar);
    return true;
  });
  if (!listed) return listed;
  for (const auto& [name, kind] : names) {
    auto stat = fs_.StatAt(dir, name);
    if (!stat) {
      if (NotNow(stat.error())) continue;
      if (!Closed(stat.error())) return Fail(stat.error());
      // One that nobody may look at, as on a server with access lists, keeps no other file.
      if (walk.listing.trouble.empty()) {
        walk.listing.trouble = JoinPath(subfolder, name) + " is not taken: " + stat.error().message +
                               "; give the service's user the right to read and move it";
      }
      continue;
    }
    if (stat->IsRegular()) walk.listing.files.push_back({JoinPath(subfolder, name), kind, *stat});
  }
  return {};
}

Status FolderOps::ListInside(int top, const std::string& subfolder, const BeforeListing& before, Walk& walk) {
  Listing& listing = walk.listing;
  if (DepthOf(subfolder) > kDeepest) {
    if (listing.trouble.empty()) {
      listing.trouble = subfolder + " is not entered: it lies more than " + std::to_string(kDeepest) +
                        " folders deep; move it up, and what is in it is taken";
    }
    return {};
  }
  auto dir = fs_.OpenFolderAt(top, subfolder);
  if (!dir && NotOurs(dir.error())) return {};
  if (!dir && Closed(dir.error())) {
    if (listing.trouble.empty()) {
      listing.trouble = "what lies in " + subfolder + " is not taken: " + dir.error().message +
                        "; give the service's user the right to read, write and enter it";
    }
    return {};
  }
  if (!dir) return Fail(dir.error());
  if (auto apart = CheckIsNoOutput(dir->get(), JoinPath(settings_.path, subfolder)); !apart) {
    if (listing.trouble.empty()) listing.trouble = apart.error().message;
    return {};
  }
  // Before it is read, so that nothing falls between.
  if (before) {
    auto watched = before(dir->get(), subfolder);
    if (!watched && listing.watch_trouble.empty()) listing.watch_trouble = watched.error().message;
  }
  auto listed = ListOne(dir->get(), subfolder, walk);
  if (!listed && NotNow(listed.error())) return {};
  return listed;
}

Result<Listing> FolderOps::List(const BeforeListing& before) {
  const MonoMs begin = clock_.Mono();
  auto folder = Opened();
  if (!folder) return Fail(folder.error());
  if (auto there = StillThere(**folder); !there) return Fail(there.error());
  const int top = (*folder)->fd.get();
  Walk walk;
  if (auto apart = CheckIsNoOutput(top, settings_.path); !apart) {
    if (apart.error().kind != ErrorKind::kCorrupt) return Fail(apart.error());
    // What was taken from it goes on.
    walk.listing.trouble = apart.error().message;
    return std::move(walk.listing);
  }
  if (auto listed = ListOne(top, "", walk); !listed) return Fail(listed.error());
  while (!walk.inside.empty()) {
    const std::string subfolder = std::move(walk.inside.front());
    walk.inside.pop_front();
    if (auto listed = ListInside(top, subfolder, before, walk); !listed) return Fail(listed.error());
  }
  walk.listing.took = std::chrono::milliseconds(clock_.Mono() - begin);
  return std::move(walk.listing);
}

}  // namespace tegodrop
