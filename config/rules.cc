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

// A path as the config has it, and where it leads.
struct Place {
  std::string written;
  std::string path;
  std::string shown() const {
    return Shown(written) + (path == written ? "" : " (which leads to " + Shown(path) + ")");
  }
};

bool Inside(const std::string& inner, const std::string& outer) {
  if (outer == "/") return inner != "/";
  return inner.size() > outer.size() && inner.starts_with(outer) && inner[outer.size()] == '/';
}

// A link may be replaced by what it stands for, so that both count.
bool Same(const Place& a, const Place& b) { return a.path == b.path || a.written == b.written; }
bool Inside(const Place& inner, const Place& outer) {
  return Inside(inner.path, outer.path) || Inside(inner.written, outer.written);
}

class Rules {
 public:
  Rules(const Settings& settings, const KeyPlaces& places, const WhereItLeads& leads, std::vector<PlacedFault>& faults)
      : settings_(settings), places_(places), leads_(leads), faults_(faults) {}

  void Check() {
    for (std::size_t i = 0; i < settings_.folders.size(); ++i) {
      CheckName(i);
      CheckDropFolder(i);
      CheckOutput(i);
      CheckStateDir(i);
      CheckSigning(i);
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
  // Each is asked for once: the answer costs a look at the table of mounts.
  Place At(const std::string& path) {
    if (!leads_) return {path, path};
    const auto [known, fresh] = led_.try_emplace(path);
    if (fresh) known->second = leads_(path);
    return {path, known->second};
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
    const Place drop = At(settings_.folders[i].path);
    for (std::size_t j = 0; j < settings_.folders.size(); ++j) {
      const std::string theirs = Key(j, "path");
      if (j == i || !Given(theirs)) continue;
      const Place other = At(settings_.folders[j].path);
      if (j < i && Same(drop, other)) {
        return Fault(mine, "the drop folder " + drop.shown() + " is also that on line " + std::to_string(Line(theirs)) +
                               "; each drop folder stands in one entry only");
      }
      if (Inside(drop, other)) {
        return Fault(mine, "the drop folder " + drop.shown() + " lies inside the drop folder " + other.shown() +
                               "; choose folders beside each other");
      }
    }
  }

  // Outputs may be shared, but stand apart from every drop folder; said of the inner one, of the output where both are
  // the same.
  void CheckOutput(std::size_t i) {
    const std::string mine = Key(i, "output");
    if (!Given(mine)) return;
    const Place output = At(settings_.folders[i].output);
    for (std::size_t j = 0; j < settings_.folders.size(); ++j) {
      const std::string drop_key = Key(j, "path");
      if (!Given(drop_key)) continue;
      const Place drop = At(settings_.folders[j].path);
      const bool same = Same(output, drop);
      if (same || Inside(output, drop)) {
        return Fault(mine, "the output folder " + output.shown() + (same ? " is also" : " lies inside") +
                               " the drop folder " + drop.shown() + "; choose one outside every drop folder");
      }
      if (Inside(drop, output) && drop_inside_output_.insert(drop_key).second) {
        Fault(drop_key, "the drop folder " + drop.shown() + " lies inside the output folder " + output.shown() +
                            "; choose one outside every output folder");
      }
    }
  }

  // Said of state_dir where the file gives it, else of the folder that clashes with the default.
  void CheckStateDir(std::size_t i) {
    if (places_.bad.contains("state_dir")) return;
    const Place state = At(settings_.state_dir);
    const Named both[] = {{Key(i, "path"), settings_.folders[i].path}, {Key(i, "output"), settings_.folders[i].output}};
    for (const Named& folder : both) {
      if (!Given(folder.key)) continue;
      const Place at = At(folder.path);
      const bool within = Same(state, at) || Inside(state, at);
      if (!within && !Inside(at, state)) continue;
      const std::string what = folder.key.ends_with(".path") ? "drop folder " : "output folder ";
      if (!Given("state_dir")) {
        Fault(folder.key, "the " + what + at.shown() + " and 'state_dir' (" + state.shown() +
                              ", its default) lie inside each other; keep them apart");
      } else if (!state_faulted_) {
        state_faulted_ = true;
        Fault("state_dir", "'state_dir' " + state.shown() + " and the " + what + at.shown() + " on line " +
                               std::to_string(Line(folder.key)) + " lie inside each other; keep them apart");
      }
    }
  }

  // An artifact's sidecar may still ask for one of allow_keys.
  void CheckSigning(std::size_t i) {
    const FolderSettings& folder = settings_.folders[i];
    const std::string mine = Key(i, "require_signed");
    const bool never = folder.signing_key == "none" && folder.allow_keys.empty();
    if (!Given(mine) || !Given(Key(i, "signing_key")) || places_.bad.contains(Key(i, "allow_keys"))) return;
    if (!never || folder.require_signed != RequireSigned::kYes) return;
    Fault(mine, "'require_signed: true' refuses every build of 'signing_key: none' on line " +
                    std::to_string(Line(Key(i, "signing_key"))) +
                    "; name a key, or set require_signed to auto or false");
  }

  void CheckPolling() {
    CheckAlarm();
    CheckCeiling();
  }

  void CheckAlarm() {
    const PollingSettings& polling = settings_.polling;
    if (!Given("polling.alarm_after") || places_.bad.contains("polling.deadline")) return;
    if (polling.alarm_after <= polling.deadline) return;
    Fault("polling.alarm_after", "'polling.alarm_after' (" + FormatDuration(polling.alarm_after) +
                                     ") is longer than 'polling.deadline' (" + FormatDuration(polling.deadline) +
                                     (Given("polling.deadline") ? "" : ", its default") +
                                     "); allowed is at most the deadline");
  }

  void CheckCeiling() {
    const PollingSettings& polling = settings_.polling;
    if (!Given("polling.ceiling") || places_.bad.contains("polling.interval")) return;
    if (polling.ceiling >= polling.interval) return;
    Fault("polling.ceiling", "'polling.ceiling' (" + FormatDuration(polling.ceiling) +
                                 ") is shorter than 'polling.interval' (" + FormatDuration(polling.interval) +
                                 (Given("polling.interval") ? "" : ", its default") +
                                 "); allowed is at least the interval");
  }

  const Settings& settings_;
  const KeyPlaces& places_;
  const WhereItLeads& leads_;
  std::map<std::string, std::string> led_;
  std::vector<PlacedFault>& faults_;
  std::set<std::string> drop_inside_output_;
  bool state_faulted_ = false;
};

}  // namespace

void CheckRules(const Settings& settings, const KeyPlaces& places, const WhereItLeads& leads,
                std::vector<PlacedFault>& faults) {
  Rules(settings, places, leads, faults).Check();
}

}  // namespace tegodrop
