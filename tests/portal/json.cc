#include "tests/portal/json.h"

#include <rapidjson/error/en.h>

#include <set>
#include <utility>

namespace tegodrop::sim {

bool ParseObject(std::string_view text, rapidjson::Document* out, std::string* error) {
  constexpr unsigned kFlags = rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag;
  out->Parse<kFlags>(text.data(), text.size());
  if (out->HasParseError()) {
    *error = std::string("the body is not JSON in UTF-8: ") + rapidjson::GetParseError_En(out->GetParseError());
    return false;
  }
  if (!out->IsObject()) {
    *error = "the body is not a JSON object";
    return false;
  }
  std::set<std::string_view> names;
  for (const auto& member : std::as_const(*out).GetObject()) {
    if (!names.insert(sim::Text(member.name)).second) {
      *error = "field '" + std::string(sim::Text(member.name)) + "' is there twice";
      return false;
    }
  }
  return true;
}

std::string TextOr(const rapidjson::Value& object, const char* name, std::string_view otherwise) {
  auto found = object.FindMember(name);
  if (found == object.MemberEnd() || !found->value.IsString()) return std::string(otherwise);
  return std::string(sim::Text(found->value));
}

int64_t IntegerOr(const rapidjson::Value& object, const char* name, int64_t otherwise) {
  auto found = object.FindMember(name);
  if (found == object.MemberEnd() || !found->value.IsInt64()) return otherwise;
  return found->value.GetInt64();
}

JsonWriter& JsonWriter::BeginObject() {
  writer_.StartObject();
  return *this;
}

JsonWriter& JsonWriter::EndObject() {
  writer_.EndObject();
  return *this;
}

JsonWriter& JsonWriter::BeginArray() {
  writer_.StartArray();
  return *this;
}

JsonWriter& JsonWriter::EndArray() {
  writer_.EndArray();
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view name) {
  writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  return *this;
}

JsonWriter& JsonWriter::Text(std::string_view value) {
  writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  return *this;
}

JsonWriter& JsonWriter::Integer(int64_t value) {
  writer_.Int64(value);
  return *this;
}

JsonWriter& JsonWriter::Number(double value) {
  writer_.Double(value);
  return *this;
}

JsonWriter& JsonWriter::Bool(bool value) {
  writer_.Bool(value);
  return *this;
}

JsonWriter& JsonWriter::Null() {
  writer_.Null();
  return *this;
}

JsonWriter& JsonWriter::TextOrNull(const std::optional<std::string>& value) { return value ? Text(*value) : Null(); }

}  // namespace tegodrop::sim
