// JSON both ways: a strict reader for what clients send and a writer for answers. RapidJSON is used nowhere else but in
// files that include this one.
#pragma once

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tegodrop::sim {

// Parses `text` as one JSON object in valid UTF-8 without duplicate names at its top. On failure false, with `error`
// saying why.
bool ParseObject(std::string_view text, rapidjson::Document* out, std::string* error);

inline std::string_view Text(const rapidjson::Value& value) { return {value.GetString(), value.GetStringLength()}; }

// Member `name` as text or a default; `object` must be an object.
std::string TextOr(const rapidjson::Value& object, const char* name, std::string_view otherwise);
int64_t IntegerOr(const rapidjson::Value& object, const char* name, int64_t otherwise);

// Writes one JSON object: Key-value pairs in order, nested by Begin/End.
class JsonWriter {
 public:
  JsonWriter() : writer_(buffer_) {}

  JsonWriter& BeginObject();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  JsonWriter& EndArray();
  JsonWriter& Key(std::string_view name);
  JsonWriter& Text(std::string_view value);
  JsonWriter& Integer(int64_t value);
  JsonWriter& Number(double value);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();
  // Null when there is no value.
  JsonWriter& TextOrNull(const std::optional<std::string>& value);
  std::string Take() const { return {buffer_.GetString(), buffer_.GetSize()}; }

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_;
};

}  // namespace tegodrop::sim
