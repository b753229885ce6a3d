#include "daemon/cli/verify/collect.h"

#include <cerrno>
#include <filesystem>
#include <set>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/disk/layout.h"
#include "daemon/model/artifact.h"

namespace tegodrop {
namespace {

constexpr std::string_view kTraceEnding = ".trace.json";
constexpr int kDeepest = 32;

bool IsTrace(std::string_view name) { return name.size() > kTraceEnding.size() && name.ends_with(kTraceEnding); }

std::string OutputOf(std::string_view trace) {
  return std::string(trace.substr(0, trace.size() - kTraceEnding.size()));
}

// The delivery's file whose companion this is ("app.apk" of "app.apk.sha256"); empty: it is none.
std::string CompanionOf(std::string_view name) {
  for (const std::string_view ending : {".sha256", ".provenance.json", ".intoto.jsonl"}) {
    if (name.ends_with(ending) && KindOfName(name.substr(0, name.size() - ending.size()))) {
      return std::string(name.substr(0, name.size() - ending.size()));
    }
  }
  return "";
}

class Collector {
 public:
  explicit Collector(FileSystem& fs) : fs_(fs) {}

  void Add(std::string path) {
    // Where a link leads that somebody has named.
    std::error_code error;
    if (const auto led = std::filesystem::canonical(path, error); !error) path = led.string();
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    const Result<Fd> folder = fs_.OpenFolder(path);
    if (folder) {
      found_ = false;
      Enter(folder->get(), path, 0);
      if (!found_) empty_.push_back("there is no delivery in " + Printable(path));
      return;
    }
    const std::size_t slash = path.rfind('/');
    const std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    const std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
    const std::string companion = CompanionOf(name);
    if (IsTrace(name)) {
      places_.insert({parent, name, OutputOf(name)});
    } else if (KindOfName(name)) {
      places_.insert({parent, TraceName(name), name});
    } else if (!companion.empty()) {
      places_.insert({parent, TraceName(companion), companion});
    } else if (folder.error().sys == ENOTDIR) {
      troubles_.push_back(Printable(path) + " is no trace, no protected file and no folder");
    } else {
      troubles_.push_back(folder.error().message);
    }
  }

  Collected Take() {
    Collected collected;
    for (const Place& place : places_) collected.places.push_back(place);
    collected.troubles = std::move(troubles_);
    collected.empty = std::move(empty_);
    collected.notes = std::move(notes_);
    return collected;
  }

 private:
  struct Seen {
    std::set<std::string> folders;
    std::set<std::string> files;
  };

  // What stands in a folder, dot files aside.
  Seen Look(int dir, const std::string& path) {
    Seen seen;
    std::vector<std::string> unknown;
    const Status listed = fs_.List(dir, [&](std::string_view name, EntryType type) {
      if (name.starts_with('.')) return true;
      if (type == EntryType::kFolder) seen.folders.emplace(name);
      if (type == EntryType::kRegular) seen.files.emplace(name);
      if (type == EntryType::kUnknown || type == EntryType::kOther) unknown.emplace_back(name);
      return true;
    });
    if (!listed) troubles_.push_back(listed.error().message);
    // Some file systems do not say in their listings.
    for (const std::string& name : unknown) {
      const Result<FileStat> stat = fs_.StatAt(dir, name);
      if (stat && stat->IsRegular()) {
        seen.files.insert(name);
      } else if (stat && stat->IsFolder()) {
        seen.folders.insert(name);
      } else if (IsTrace(name) || KindOfName(name)) {
        notes_.push_back(Printable(path + "/" + name) + " is passed over: it is a link, or no file");
      }
    }
    return seen;
  }

  void Enter(int dir, const std::string& path, int depth) {
    const Seen seen = Look(dir, path);
    std::set<std::string> traced;
    for (const std::string& name : seen.files) {
      if (!IsTrace(name)) continue;
      traced.insert(OutputOf(name));
      places_.insert({path, name, OutputOf(name)});
    }
    bool delivers = !traced.empty();
    found_ = found_ || delivers;
    for (const std::string& name : seen.files) {
      if (IsTrace(name) || !KindOfName(name)) continue;
      delivers = found_ = true;
      if (!traced.contains(name)) places_.insert({path, "", name});
    }
    for (const std::string& name : seen.folders) {
      if (IsPassedOverFolder(name)) continue;
      const std::string inside = path + "/" + name;
      if (name == kOutputQuarantine && !delivers && seen.folders.contains(std::string(kOutputStaging))) {
        notes_.push_back(Printable(inside) + " is passed over: it holds what failed its checks and was not delivered");
      } else if (depth == kDeepest) {
        troubles_.push_back(Printable(inside) + " is more than 32 folders deep");
      } else if (const Result<Fd> opened = fs_.OpenFolderAt(dir, name); opened) {
        Enter(opened->get(), inside, depth + 1);
      } else {
        troubles_.push_back(opened.error().message);
      }
    }
  }

  FileSystem& fs_;
  bool found_ = false;  // in the folder that is being looked through
  std::set<Place> places_;
  std::vector<std::string> troubles_;
  std::vector<std::string> empty_;
  std::vector<std::string> notes_;
};

}  // namespace

Collected Collect(FileSystem& fs, const std::vector<std::string>& paths) {
  Collector collector(fs);
  for (const std::string& path : paths) collector.Add(path);
  return collector.Take();
}

}  // namespace tegodrop
