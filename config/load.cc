#include "config/load.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "config/file.h"
#include "config/keys.h"
#include "config/rules.h"
#include "config/value.h"
#include "config/yaml_tree.h"
#include "daemon/base/text.h"

namespace tegodrop {
namespace {

using Kind = YamlNode::Kind;

// Walks the tree by the key table: `parent` is "" or a section's prefix ("portal.", "folders[]."), `concrete` the same
// with the folder's number.
class Walker {
 public:
  Walker(const std::string& folder, const WhereItLeads& leads, std::vector<PlacedFault>& faults)
      : leads_(leads), faults_(faults), context_{folder, faults} {}

  Settings Walk(const YamlNode* root) {
    if (root != nullptr && root->kind == Kind::kMap) {
      Section(*root, {}, "", "", 0);
    } else if (root == nullptr || root->kind == Kind::kNull) {
      Section({}, {}, "", "", 0);
    } else if (root->kind != Kind::kBroken) {
      faults_.push_back({root->at, "the config is no mapping; it begins with 'portal:' and 'folders:'"});
      return {};
    }
    // A default that nobody wrote contradicts nothing.
    PollingSettings& polling = settings_.polling;
    for (FolderSettings& folder : settings_.folders) {
      if (!folder.provenance) folder.provenance = settings_.provenance;
    }
    if (!places_.good.contains("polling.alarm_after")) {
      polling.alarm_after = std::min(polling.alarm_after, polling.deadline);
    }
    if (!places_.good.contains("polling.ceiling")) polling.ceiling = CeilingFor(polling.interval);
    CheckRules(settings_, places_, leads_, faults_);
    return std::move(settings_);
  }

 private:
  static const KeySpec* FindKey(const std::string& path) {
    const auto& keys = ConfigKeys();
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const KeySpec& key) { return key.path == path; });
    return found == keys.end() ? nullptr : &*found;
  }
  static const SectionSpec* FindSection(const std::string& path) {
    for (const SectionSpec& section : ConfigSections()) {
      if (section.path == path) return &section;
    }
    return nullptr;
  }

  void Section(const YamlNode& map, Position at, const std::string& parent, const std::string& concrete,
               std::size_t folder) {
    std::map<std::string, Position> seen;
    for (std::size_t i = 0; i < map.keys.size(); ++i) {
      const YamlNode& key = map.keys[i];
      const YamlNode& value = map.items[i];
      if (key.kind == Kind::kBroken) continue;
      if (key.kind != Kind::kScalar) {
        faults_.push_back({key.at, "a key here is no plain text; allowed is " + Names(parent)});
        continue;
      }
      if (const auto [first, is_new] = seen.emplace(key.text, key.at); !is_new) {
        faults_.push_back({key.at, "duplicate key " + Shown(key.text) + "; it stands on line " +
                                       std::to_string(first->second.line) + " already, and may stand only once"});
        continue;
      }
      if (const KeySpec* spec = FindKey(parent + key.text)) {
        Store(*spec, value, key.at, concrete + key.text, folder);
      } else if (parent.empty() && key.text == "folders") {
        Folders(value, key.at);
      } else if (parent.empty() && FindSection(key.text) != nullptr) {
        Subsection(key, value);
      } else {
        faults_.push_back({key.at, Unknown(key.text, parent)});
      }
    }
    Missing(seen, at, parent, concrete);
  }

  void Store(const KeySpec& spec, const YamlNode& value, Position at, const std::string& concrete, std::size_t folder) {
    const std::optional<KeyValue> read = ReadValue(spec, value, at, context_);
    if (!read) {
      places_.bad.insert(concrete);
      return;
    }
    spec.bind.store(settings_, folder, *read, spec);
    places_.good.emplace(concrete, at);
  }

  void Subsection(const YamlNode& key, const YamlNode& value) {
    const std::string prefix = key.text + ".";
    if (value.kind == Kind::kMap) {
      Section(value, key.at, prefix, prefix, 0);
    } else if (value.kind == Kind::kNull) {
      // All its keys commented out: the same as leaving the section out.
      Section({}, key.at, prefix, prefix, 0);
    } else if (value.kind != Kind::kBroken) {
      faults_.push_back({key.at, "'" + key.text + "' is no mapping; allowed are the keys " + Names(prefix)});
    }
  }

  void Folders(const YamlNode& list, Position at) {
    if (list.kind == Kind::kBroken) return;
    if (list.kind == Kind::kNull || (list.kind == Kind::kList && list.items.empty())) {
      faults_.push_back({at, "'folders' holds no folder; at least one entry with name, path, output and version"});
      return;
    }
    if (list.kind != Kind::kList) {
      faults_.push_back({at, "'folders' is no list; allowed are entries that begin with '- name: ...'"});
      return;
    }
    for (const YamlNode& item : list.items) {
      if (item.kind == Kind::kBroken) continue;
      if (item.kind != Kind::kMap) {
        faults_.push_back(
            {item.at, "an entry of 'folders' is no mapping; allowed are the keys " + Names("folders[].")});
        continue;
      }
      const std::size_t index = settings_.folders.size();
      settings_.folders.emplace_back();
      Section(item, item.at, "folders[].", "folders[" + std::to_string(index) + "].", index);
    }
  }

  // What `parent` needs and does not have; in the whole file's case the sections too.
  void Missing(const std::map<std::string, Position>& seen, Position at, const std::string& parent,
               const std::string& concrete) {
    for (const KeySpec& spec : ConfigKeys()) {
      if (spec.parent() != parent || !spec.required || seen.contains(std::string(spec.name()))) continue;
      places_.bad.insert(concrete + std::string(spec.name()));
      const std::string what = parent == "folders[]." ? "this folder has no '" + std::string(spec.name()) + "'"
                                                      : "'" + std::string(spec.path) + "' is missing";
      faults_.push_back({at, what + "; it has no default: " + std::string(spec.help)});
    }
    if (!parent.empty()) return;
    if (!seen.contains("portal")) Section({}, {}, "portal.", "portal.", 0);
    if (!seen.contains("folders")) {
      faults_.push_back({{}, "'folders' is missing; at least one entry with name, path, output and version"});
    }
  }

  // What may stand inside `parent`, for a fault.
  static std::vector<std::string> Candidates(const std::string& parent) {
    std::vector<std::string> names;
    if (parent.empty()) {
      for (const SectionSpec& section : ConfigSections()) {
        names.emplace_back(section.path.substr(0, section.path.find('[')));
      }
    }
    for (const KeySpec& spec : ConfigKeys()) {
      if (spec.parent() == parent) names.emplace_back(spec.name());
    }
    return names;
  }
  static std::string Names(const std::string& parent) {
    std::string text;
    for (const std::string& name : Candidates(parent)) text += (text.empty() ? "" : ", ") + name;
    return text;
  }

  static std::string Unknown(const std::string& key, const std::string& parent) {
    const std::string start = "unknown key " + Shown(key);
    if (const std::string near = Nearest(key, Candidates(parent)); !near.empty()) {
      return start + "; did you mean '" + near + "'? Allowed here: " + Names(parent);
    }
    for (const KeySpec& spec : ConfigKeys()) {
      if (spec.name() != key) continue;
      const std::string home(spec.parent().substr(0, spec.parent().find_first_of("[.")));
      return start + " here; it belongs " + (home.empty() ? "to the top level" : "under '" + home + "'");
    }
    return start + "; allowed here: " + Names(parent);
  }

  const WhereItLeads& leads_;
  std::vector<PlacedFault>& faults_;
  ValueContext context_;
  Settings settings_;
  KeyPlaces places_;
};

// Where the first byte stands that belongs to no character; `text` has one.
Position FirstBadByte(std::string_view text) {
  Position at;
  constexpr std::size_t kLongest = 4;  // bytes of a character
  while (!text.empty()) {
    std::size_t length = 1;
    while (length <= kLongest && length <= text.size() && !IsUtf8(text.substr(0, length))) ++length;
    if (length > kLongest || length > text.size()) break;
    at = text.front() == '\n' ? Position{at.line + 1, 1} : Position{at.line, at.column + 1};
    text.remove_prefix(length);
  }
  return at;
}

// The first byte that no config may hold: what YAML's own rules exclude, and what makes yaml-cpp guess another
// encoding.
std::optional<PlacedFault> FindControl(std::string_view text) {
  Position at;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7F) {
      return PlacedFault{at, "a control character stands here; the config is plain UTF-8 text"};
    }
    if (c == '\n') {
      at = {at.line + 1, 1};
    } else if ((byte & 0xC0U) != 0x80U) {
      ++at.column;
    }
  }
  return std::nullopt;
}

// `folder`: absolute, or empty where it is unknown.
ConfigResult Parse(std::string_view yaml, const std::string& file_name, const std::string& folder,
                   const WhereItLeads& leads, std::vector<PlacedFault> faults) {
  std::optional<Settings> settings;
  if (yaml.starts_with("\xEF\xBB\xBF")) yaml.remove_prefix(3);
  if (yaml.size() > kLargestConfig) {
    faults.push_back({{}, "the config is larger than 1 MiB"});
  } else if (!IsUtf8(yaml)) {
    faults.push_back({FirstBadByte(yaml), "the config is not UTF-8 from here on; save it as UTF-8 text"});
  } else if (auto control = FindControl(yaml)) {
    faults.push_back(std::move(*control));
  } else {
    YamlTree tree = ReadYaml(yaml);
    const bool readable = tree.root.has_value() || tree.faults.empty();
    faults.insert(faults.end(), tree.faults.begin(), tree.faults.end());
    if (readable) settings = Walker(folder, leads, faults).Walk(tree.root ? &*tree.root : nullptr);
  }
  std::stable_sort(faults.begin(), faults.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  ConfigResult result;
  if (faults.empty()) result.settings = std::move(settings);
  for (PlacedFault& fault : faults) {
    result.faults.push_back({file_name, fault.at.line, fault.at.column, std::move(fault.message)});
  }
  return result;
}

std::string FolderOf(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }

}  // namespace

std::string ToString(const ConfigFault& fault) {
  return Printable(fault.file) + ":" + std::to_string(fault.line) + ":" + std::to_string(fault.column) + ": " +
         Printable(fault.message);
}

ConfigResult ParseConfig(std::string_view yaml, const std::string& file_name, const WhereItLeads& leads) {
  return Parse(yaml, file_name, file_name.starts_with('/') ? FolderOf(file_name) : "", leads, {});
}

ConfigResult LoadConfig(const std::string& path, const LoadOptions& options) {
  OpenedFile file = OpenSmallFile(path, kLargestConfig);
  ConfigResult result;
  if (!file.error.empty()) {
    std::string message = std::move(file.error);
    if (file.missing) {
      message +=
          "; write one (tegodrop.example.yaml shows every key), or name another with --config FILE or "
          "$TEGODROP_CONFIG";
    }
    result.faults.push_back({path, 1, 1, std::move(message)});
    return result;
  }
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(path, error).string();
  const auto parsed = [&](uid_t us) {
    std::vector<PlacedFault> faults;
    for (std::string& refusal : ConfigFileRefusal(file.attributes, us, path))
      faults.push_back({{}, std::move(refusal)});
    return Parse(file.content, path, error ? "" : FolderOf(absolute), options.leads, std::move(faults));
  };
  if (options.reads_only) {
    struct stat state {};
    result = parsed(file.attributes.st_uid);
    const bool theirs = result.settings && stat(result.settings->state_dir.c_str(), &state) == 0 &&
                        state.st_uid == file.attributes.st_uid;
    if (theirs) return result;
  }
  return parsed(geteuid());
}

std::vector<std::string> ConfigFileRefusal(const struct stat& attributes, uid_t us, const std::string& path) {
  std::vector<std::string> refusals;
  const std::string shown = Printable(path);
  if ((attributes.st_mode & 022U) != 0) {
    refusals.push_back(std::string("the config may be written by ") +
                       ((attributes.st_mode & 02U) != 0 ? "others" : "its group") + "; run: chmod go-w " + shown);
  }
  if (attributes.st_uid != 0 && attributes.st_uid != us) {
    refusals.push_back("the config belongs to user " + std::to_string(attributes.st_uid) +
                       ", who could change it; it must belong to root or to the user that runs tegodrop; run: chown "
                       "root " +
                       shown);
  }
  return refusals;
}

}  // namespace tegodrop
