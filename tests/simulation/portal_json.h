// The JSON of the portal's model: written member by member, read strictly.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tegodrop::simulation {

// Only names and texts without anything to escape are written.
class JsonOut {
 public:
  JsonOut& Text(std::string_view name, std::string_view value) {
    return Member(name, "\"" + std::string(value) + "\"");
  }
  JsonOut& Number(std::string_view name, std::int64_t value) { return Member(name, std::to_string(value)); }
  JsonOut& Flag(std::string_view name, bool value) { return Member(name, value ? "true" : "false"); }
  JsonOut& Null(std::string_view name) { return Member(name, "null"); }
  JsonOut& Texts(std::string_view name, const std::vector<std::string>& values) {
    std::string list = "[";
    for (const std::string& value : values) list += (list.size() == 1 ? "\"" : ",\"") + value + "\"";
    return Member(name, list + "]");
  }
  std::string Take() { return "{" + text_ + "}"; }

 private:
  JsonOut& Member(std::string_view name, const std::string& value) {
    text_ += (text_.empty() ? "\"" : ",\"") + std::string(name) + "\":" + value;
    return *this;
  }
  std::string text_;
};

// A request's body: all that is asked for must be there, of its type, and nothing but what is allowed.
class JsonIn {
 public:
  JsonIn(const std::string& body, std::initializer_list<std::string_view> allowed) {
    document_.Parse(body.data(), body.size());
    if (document_.HasParseError() || !document_.IsObject()) {
      fault_ = "the body is no JSON object";
      document_.SetObject();
    }
    for (const auto& member : document_.GetObject()) {
      const std::string_view name(member.name.GetString(), member.name.GetStringLength());
      bool known = false;
      for (const std::string_view one : allowed) known = known || one == name;
      if (!known) fault_ = "a field that its page does not have: " + std::string(name);
    }
  }
  std::string Text(const char* name) {
    const auto found = document_.FindMember(name);
    if (found != document_.MemberEnd() && found->value.IsString()) {
      return {found->value.GetString(), found->value.GetStringLength()};
    }
    fault_ = std::string("no text ") + name;
    return {};
  }
  std::int64_t Number(const char* name) {
    const auto found = document_.FindMember(name);
    if (found != document_.MemberEnd() && found->value.IsInt64()) return found->value.GetInt64();
    fault_ = std::string("no integer ") + name;
    return 0;
  }
  std::vector<std::pair<std::int64_t, std::string>> Parts(const char* name) {
    std::vector<std::pair<std::int64_t, std::string>> parts;
    const auto found = document_.FindMember(name);
    if (found == document_.MemberEnd() || !found->value.IsArray()) {
      fault_ = std::string("no list ") + name;
      return parts;
    }
    for (const auto& part : found->value.GetArray()) {
      const bool whole = part.IsObject() && part.MemberCount() == 2 && part.HasMember("PartNumber") &&
                         part.HasMember("ETag") && part["PartNumber"].IsInt64() && part["ETag"].IsString();
      if (!whole) fault_ = "a part that is none";
      if (whole) parts.emplace_back(part["PartNumber"].GetInt64(), part["ETag"].GetString());
    }
    return parts;
  }
  const std::string& fault() const { return fault_; }

 private:
  rapidjson::Document document_;
  std::string fault_;
};

}  // namespace tegodrop::simulation
