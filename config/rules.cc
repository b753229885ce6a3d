#include "config/rules.h"

#include <optional>
#include <utility>

#include "config/value.h"
#include "daemon/base/units.h"

namespace tegodrop {
namespace {

// A folder of the config and the key that names it.
struct Named {
  std::string key;  // "folders[0].path"
  const std::string& path;
};

bool Inside(const std::string& inner, const std::string& outer) {
  if (outer == "/") return inner != "/";
  return inner.size() > outer.size() && inner.starts_with(outer) && inner[outer.size()] == '/';
}

class Rules {
 public:
  Rules(const Settings& settings, const KeyPlaces& places, std::vector<PlacedFault>& faults)
      : settings_(settings), places_(places), faults_(faults) {}

  void Check() {
    for (std::size_t i = 0; i < settings_.folders.size(); ++i) {
      CheckName(i);
      CheckDropFolder(i);
      CheckOutput(i);
      CheckStateDir(i);
    }
    CheckPolling();
    if (Given("portal.proxy_token_file") && settings_.portal.proxy_token_file && !settings_.portal.proxy &&
        !places_.bad.contains("portal.proxy")) {
      Fault("portal.proxy_token_file", "'portal.proxy_token_file' is set without 'portal.proxy'; set both or neither");
    }
  }

 private:
  static std::string Key(std::size_t folder, std::string_view name) {
    return "folders[" + std::to_string(folder) + "]." + std::string(name);
  }
  bool Given(const std::string& key) const { return places_.good.contains(key); }
  int Line(const std::string& key) const { return places_.good.at(key).line; }
  void Fault(const std::string& key, std::string message) {
    faults_.push_back({places_.good.at(key), std::move(message)});
  }

  void CheckName(std::size_t i) {
    if (!Given(Key(i, "name"))) return;
    for (std::size_t j = 0; j < i; ++j) {
      if (!Given(Key(j, "name")) || settings_.folders[i].name != settings_.folders[j].name) continue;
      return Fault(Key(i, "name"), "the name " + Shown(settings_.folders[i].name) + " is taken by the folder on line " +
                                       std::to_string(Line(Key(j, "name"))) + "; each folder needs a name of its own");
    }
  }

  // Against the other drop folders: same, or one inside the other (said of the inner one).
  void CheckDropFolder(std::size_t i) {
    const std::string mine = Key(i, "path");
    if (!Given(mine)) return;
    const std::string& path = settings_.folders[i].path;
    for (std::size_t j = 0; j < settings_.folders.size(); ++j) {
      const std::string theirs = Key(j, "path");
      if (j == i || !Given(theirs)) continue;
      const std::string& other = settings_.folders[j].path;
      if (j < i && path == other) {
        return Fault(mine, "the drop folder " + Shown(path) + " is also that on line " + std::to_string(Line(theirs)) +
                               "; each drop folder stands in one entry only");
      }
      if (Inside(path, other)) {
        return Fault(mine, "the drop folder " + Shown(path) + " lies inside the drop folder " + Shown(other) +
                               "; choose folders beside each other");
      }
    }
  }

  // Outputs may be shared, but stand apart from every drop folder; said of the inner one, of the output where both are
  // the same.
  void CheckOutput(std::size_t i) {
    const std::string mine = Key(i, "output");
    if (!Given(mine)) return;
    const std::string& output = settings_.folders[i].output;
    for (std::size_t j = 0; j < settings_.folders.size(); ++j) {
      const std::string drop_key = Key(j, "path");
      if (!Given(drop_key)) continue;
      const std::string& drop = settings_.folders[j].path;
      if (output == drop || Inside(output, drop)) {
        return Fault(mine, "the output folder " + Shown(output) + (output == drop ? " is also" : " lies inside") +
                               " the drop folder " + Shown(drop) + "; choose one outside every drop folder");
      }
      if (Inside(drop, output) && drop_inside_output_.insert(drop_key).second) {
        Fault(drop_key, "the drop folder " + Shown(drop) + " lies inside the output folder " + Shown(output) +
                            "; choose one outside every output folder");
      }
    }
  }

  // Said of state_dir where the file gives it, else of the folder that clashes with the default.
  void CheckStateDir(std::size_t i) {
    if (places_.bad.contains("state_dir")) return;
    const std::string& state = settings_.state_dir;
    const Named both[] = {{Key(i, "path"), settings_.folders[i].path}, {Key(i, "output"), settings_.folders[i].output}};
    for (const Named& folder : both) {
      if (!Given(folder.key)) continue;
      const bool within = state == folder.path || Inside(state, folder.path);
      if (!within && !Inside(folder.path, state)) continue;
      const std::string what = folder.key.ends_with(".path") ? "drop folder " : "output folder ";
      if (!Given("state_dir")) {
        Fault(folder.key, "the " + what + Shown(folder.path) + " and 'state_dir' (" + Shown(state) +
                              ", its default) lie inside each other; keep them apart");
      } else if (!state_faulted_) {
        state_faulted_ = true;
        Fault("state_dir", "'state_dir' " + Shown(state) + " and the " + what + Shown(folder.path) + " on line " +
                               std::to_string(Line(folder.key)) + " lie inside each other; keep them apart");
      }
    }
  }

  void CheckPolling() {
    const PollingSettings& polling = settings_.polling;
    if (!Given("polling.alarm_after") || places_.bad.contains("polling.deadline")) return;
    if (polling.alarm_after <= polling.deadline) return;
    Fault("polling.alarm_after", "'polling.alarm_after' (" + FormatDuration(polling.alarm_after) +
                                     ") is longer than 'polling.deadline' (" + FormatDuration(polling.deadline) +
                                     (Given("polling.deadline") ? "" : ", its default") +
                                     "); allowed is at most the deadline");
  }

  const Settings& settings_;
  const KeyPlaces& places_;
  std::vector<PlacedFault>& faults_;
  std::set<std::string> drop_inside_output_;
  bool state_faulted_ = false;
};

}  // namespace

void CheckRules(const Settings& settings, const KeyPlaces& places, std::vector<PlacedFault>& faults) {
  Rules(settings, places, faults).Check();
}

}  // namespace tegodrop
