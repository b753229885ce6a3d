#include <algorithm>

#include "tests/portal/api.h"
#include "tests/portal/text.h"

namespace tegodrop::sim {
namespace {

std::string Quoted(std::string_view name) { return "field '" + Shown(name) + "'"; }

bool EndingFits(std::string_view file_name, std::string_view platform) {
  const std::string lower = LowerCase(file_name);
  if (platform == "ios") return lower.ends_with(".ipa");
  return lower.ends_with(".apk") || lower.ends_with(".aab");
}

bool IsPlainName(std::string_view name) {
  constexpr size_t kLongest = 255;
  // An ending alone names nothing.
  return name.size() > 4 && name.rfind('.') != 0 && name.size() <= kLongest &&
         std::none_of(name.begin(), name.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; });
}

}  // namespace

const rapidjson::Value* Fields::Find(const char* name, bool required) {
  known_.push_back(name);
  auto found = object_.FindMember(name);
  if (found != object_.MemberEnd()) return &found->value;
  if (required) Note("field_missing", Quoted(name) + " is missing");
  return nullptr;
}

void Fields::Note(std::string_view rule, std::string_view text) {
  faults_.push_back({std::string(rule), std::string(text)});
}

std::optional<std::string> Fields::Text(const char* name, bool required) {
  const rapidjson::Value* value = Find(name, required);
  if (value == nullptr) return std::nullopt;
  if (!value->IsString()) {
    Note("field_type", Quoted(name) + " is not a text");
    return std::nullopt;
  }
  return std::string(sim::Text(*value));
}

std::optional<int64_t> Fields::Integer(const char* name, bool required, int64_t minimum, int64_t maximum) {
  const rapidjson::Value* value = Find(name, required);
  if (value == nullptr) return std::nullopt;
  if (!value->IsInt64()) {
    Note("field_type", Quoted(name) + " is not an integer");
    return std::nullopt;
  }
  if (value->GetInt64() < minimum || value->GetInt64() > maximum) {
    Note("field_value", Quoted(name) + " is not from " + std::to_string(minimum) + " to " + std::to_string(maximum));
    return std::nullopt;
  }
  return value->GetInt64();
}

std::optional<bool> Fields::Boolean(const char* name) {
  const rapidjson::Value* value = Find(name, false);
  if (value == nullptr) return std::nullopt;
  if (value->IsBool()) return value->GetBool();
  Note("field_type", Quoted(name) + " is neither true nor false");
  return std::nullopt;
}

std::optional<std::string> Fields::TextOrNull(const char* name) {
  auto found = object_.FindMember(name);
  if (found == object_.MemberEnd() || !found->value.IsNull()) return Text(name, false);
  known_.push_back(name);
  return std::nullopt;
}

std::string Fields::Filled(const char* name) {
  std::optional<std::string> value = Text(name, true);
  if (value && value->empty()) Note("field_value", Quoted(name) + " is empty");
  return value.value_or("");
}

Identity Fields::Build() {
  Identity identity;
  identity.version = Word("version", {"development", "staging", "production"});
  identity.platform = Word("platform", {"android", "ios"});
  identity.start_time = Integer("start_time", true, 0, INT64_MAX).value_or(0);
  identity.file_name = FileName(identity.platform);
  return identity;
}

const rapidjson::Value* Fields::Array(const char* name) {
  const rapidjson::Value* value = Find(name, true);
  if (value == nullptr || value->IsArray()) return value;
  Note("field_type", Quoted(name) + " is not an array");
  return nullptr;
}

std::string Fields::Word(const char* name, std::initializer_list<std::string_view> allowed) {
  std::optional<std::string> value = Text(name, true);
  if (!value) return "";
  if (std::find(allowed.begin(), allowed.end(), *value) == allowed.end()) {
    Note("field_value", Quoted(name) + " has a value that is not on the page");
  }
  return *value;
}

std::string Fields::FileName(const std::string& platform) {
  const size_t before = faults_.size();
  std::string name = FileName();
  const bool only_path = only_path_ && faults_.size() == before + 1;
  if (!name.empty() && (faults_.size() == before || only_path) && !EndingFits(name, platform)) {
    faults_.resize(before);
    only_path_ = false;
    Note("file_name", "field 'file_name' has not the ending of its platform");
  }
  return name;
}

std::string Fields::FileName() {
  std::optional<std::string> value = Text("file_name", true);
  if (!value) return "";
  const std::string name(BaseName(*value));
  if (!IsPlainName(name)) {
    Note("file_name", "field 'file_name' names no file");
  } else if (name != *value) {
    only_path_ = faults_.empty();
    Note("file_name_path", "field 'file_name' has a path");
  }
  return name;
}

std::optional<Reply> Fields::Finish(const Call& call) {
  for (const auto& member : object_.GetObject()) {
    std::string_view name = sim::Text(member.name);
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    Note("field_unknown", Quoted(name) + " is not on the page");
  }
  for (const Fault& fault : faults_) call.world.Convict(fault.rule, std::string(call.endpoint) + ": " + fault.text);
  if (faults_.empty() || (only_path_ && faults_.size() == 1)) return std::nullopt;
  return call.Refuse(400, faults_.front().text);
}

}  // namespace tegodrop::sim
