#include "config/value.h"

#include <linux/limits.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/base/units.h"

namespace tegodrop {
namespace {

using Kind = YamlNode::Kind;

// A value, or what is wrong with it (never empty where there is no value).
struct Parsed {
  std::optional<KeyValue> value;
  std::string wrong;
};

Parsed Good(KeyValue value) { return {std::move(value), ""}; }
Parsed Bad(std::string wrong) { return {std::nullopt, std::move(wrong)}; }

// The short name by which a fault calls the key: "settle", "polling.interval".
std::string Label(const KeySpec& spec) {
  return "'" + std::string(spec.parent() == "folders[]." ? spec.name() : spec.path) + "'";
}

Parsed NotAllowed(const KeySpec& spec, std::string_view text) {
  return Bad("is " + Shown(text) + "; allowed is " + AllowedFor(spec));
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

Parsed ReadText(const KeySpec& spec, std::string text) {
  if (HasControl(text)) return Bad("holds a line break or another control character; allowed is one line of text");
  if (spec.check != nullptr) {
    if (std::string wrong = spec.check(text); !wrong.empty()) {
      return Bad((wrong.starts_with('\'') ? "is wrong: " : "") + wrong);
    }
  }
  return Good(std::move(text));
}

Parsed ReadPath(const std::string& text, const std::string& folder) {
  if (text.empty()) return Bad("is empty; allowed is a path");
  if (HasControl(text)) return Bad("holds a control character; allowed is a path on one line");
  if (text.starts_with("~")) return Bad("begins with '~', which nobody expands here; write the path out");
  if (text.front() != '/' && folder.empty()) {
    return Bad("is relative, and the config file's own folder is not known; write it from '/' on");
  }
  std::string path = NormalPath(text.front() == '/' ? text : folder + "/" + text);
  if (path.size() >= PATH_MAX) return Bad("is longer than " + std::to_string(PATH_MAX - 1) + " bytes");
  return Good(std::move(path));
}

Parsed ReadInteger(const KeySpec& spec, const YamlNode& node) {
  std::int64_t number = 0;
  const std::string& text = node.text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  // 010 is eight to some readers of YAML and ten to others.
  const bool octal = text.size() > 1 && (text[0] == '0' || text.starts_with("-0"));
  if (!whole || octal || !node.plain || number < spec.least || number > spec.most) return NotAllowed(spec, text);
  return Good(number);
}

Parsed ReadDuration(const KeySpec& spec, const std::string& text) {
  const auto duration = ParseDuration(text);
  if (!duration || duration->count() < spec.least || duration->count() > spec.most) return NotAllowed(spec, text);
  return Good(static_cast<std::int64_t>(duration->count()));
}

Parsed ReadSize(const KeySpec& spec, const std::string& text) {
  const auto size = ParseSize(text);
  if (!size || *size < static_cast<std::uint64_t>(spec.least) || *size > static_cast<std::uint64_t>(spec.most)) {
    return NotAllowed(spec, text);
  }
  return Good(static_cast<std::int64_t>(*size));
}

Parsed ReadChoice(const KeySpec& spec, const std::string& text) {
  if (std::find(spec.choices.begin(), spec.choices.end(), text) != spec.choices.end()) return Good(text);
  const std::string near = Nearest(text, {spec.choices.begin(), spec.choices.end()});
  return Bad("is " + Shown(text) + (near.empty() ? "" : "; did you mean " + near + "?") + "; allowed is " +
             AllowedFor(spec));
}

// Always read as the octal digits that stand there: 0640 without quotes is 416 to some readers of YAML, 640 to others.
Parsed ReadMode(const KeySpec& spec, const std::string& text) {
  const bool octal = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '7'; });
  if (text.size() != 4 || text[0] != '0' || !octal || text[1] < '4') return NotAllowed(spec, text);
  std::int64_t mode = 0;
  std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  return Good(mode);
}

Parsed ReadScalar(const KeySpec& spec, const YamlNode& node, const std::string& folder) {
  const std::string& text = node.text;
  if (text == spec.null_word && !spec.null_word.empty() && spec.null_word != "null") return Good(std::monostate());
  switch (spec.type) {
    case KeyType::kText:
    case KeyType::kPath:
      if (node.plain && (text == "true" || text == "false")) {
        return Bad("is the flag " + text + "; allowed is " + AllowedFor(spec) + " (between quotes where it is meant)");
      }
      return spec.type == KeyType::kText ? ReadText(spec, text) : ReadPath(text, folder);
    case KeyType::kFlag:
      if (node.plain && (text == "true" || text == "false")) return Good(text == "true");
      return NotAllowed(spec, text);
    case KeyType::kInteger:
      return ReadInteger(spec, node);
    case KeyType::kDuration:
      return ReadDuration(spec, text);
    case KeyType::kSize:
      return ReadSize(spec, text);
    case KeyType::kChoice:
      return ReadChoice(spec, text);
    case KeyType::kMode:
      return ReadMode(spec, text);
    case KeyType::kList: {
      if (!spec.one_text) return NotAllowed(spec, text);
      Parsed parsed = ReadText(spec, text);
      if (parsed.value) parsed.value = std::vector{std::get<std::string>(*parsed.value)};
      return parsed;
    }
  }
  return NotAllowed(spec, text);
}

std::optional<KeyValue> ReadList(const KeySpec& spec, const YamlNode& node, Position key_at, ValueContext& context) {
  std::vector<std::string> list;
  bool good = true;
  if (node.items.size() < static_cast<std::size_t>(spec.least)) {
    context.faults.push_back({key_at, Label(spec) + " is an empty list; allowed is " + AllowedFor(spec)});
    good = false;
  }
  for (const YamlNode& item : node.items) {
    if (item.kind == Kind::kBroken) {
      good = false;
      continue;
    }
    Parsed parsed = item.kind == Kind::kScalar ? ReadText(spec, item.text)
                                               : Bad("holds something that is no text; allowed is " + AllowedFor(spec));
    if (parsed.value) {
      list.push_back(std::get<std::string>(std::move(*parsed.value)));
    } else {
      context.faults.push_back({item.at, Label(spec) + " " + parsed.wrong});
      good = false;
    }
  }
  return good ? std::optional<KeyValue>(std::move(list)) : std::nullopt;
}

}  // namespace

std::optional<KeyValue> ReadValue(const KeySpec& spec, const YamlNode& node, Position key_at, ValueContext& context) {
  std::string wrong;
  switch (node.kind) {
    case Kind::kBroken:
      return std::nullopt;
    case Kind::kNull:
      if (spec.null_word == "null") return std::optional<KeyValue>(std::in_place);
      wrong = "has no value; allowed is " + AllowedFor(spec) + (spec.required ? "" : "; or leave the key out");
      break;
    case Kind::kMap:
      wrong = "is a mapping; allowed is " + AllowedFor(spec);
      break;
    case Kind::kList:
      if (spec.type == KeyType::kList) return ReadList(spec, node, key_at, context);
      wrong = "is a list; allowed is " + AllowedFor(spec);
      break;
    case Kind::kScalar: {
      Parsed parsed = ReadScalar(spec, node, context.folder);
      if (parsed.value) return std::move(parsed.value);
      wrong = std::move(parsed.wrong);
      break;
    }
  }
  context.faults.push_back({key_at, Label(spec) + " " + wrong});
  return std::nullopt;
}

std::string NormalPath(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string normal;
  for (const std::string_view part : parts) normal.append("/").append(part);
  return normal.empty() ? "/" : normal;
}

std::string Shown(std::string_view text) {
  constexpr std::size_t kMost = 60;
  if (text.size() <= kMost) return "'" + Printable(text) + "'";
  std::size_t cut = kMost;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
  return "'" + Printable(text.substr(0, cut)) + "...'";
}

}  // namespace tegodrop
