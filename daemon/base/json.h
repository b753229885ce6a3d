// One indented JSON object as text, always valid UTF-8: text that is not (a file name of an old share) appears with its
// bytes escaped, as the log shows it. Empty text, a time of 0 and nullopt are null.
#pragma once

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/clock.h"
#include "daemon/base/text.h"

namespace tegodrop {

class Json {
 public:
  explicit Json(unsigned indent = 4) { writer_.SetIndent(' ', indent); }

  void Begin() { writer_.StartObject(); }
  void Begin(std::string_view key) {
    Name(key);
    writer_.StartObject();
  }
  void End() { writer_.EndObject(); }
  void BeginList(std::string_view key) {
    Name(key);
    writer_.StartArray();
  }
  void EndList() { writer_.EndArray(); }

  void Text(std::string_view key, std::string_view value) {
    Name(key);
    Value(value);
  }
  void Known(std::string_view key, std::string_view value) { value.empty() ? Null(key) : Text(key, value); }
  void Maybe(std::string_view key, const std::optional<std::string>& value) { value ? Text(key, *value) : Null(key); }
  void Number(std::string_view key, std::optional<std::int64_t> value) {
    Name(key);
    value ? writer_.Int64(*value) : writer_.Null();
  }
  void Flag(std::string_view key, std::optional<bool> value) {
    Name(key);
    value ? writer_.Bool(*value) : writer_.Null();
  }
  void Null(std::string_view key) {
    Name(key);
    writer_.Null();
  }
  void Time(std::string_view key, WallMs time) { time == 0 ? Null(key) : Text(key, Rfc3339(time)); }
  // A member of a list.
  void Item(std::string_view value) { Value(value); }
  // JSON as it is: a member of a list, and of an object.
  void RawItem(std::string_view json) { writer_.RawValue(json.data(), json.size(), rapidjson::kObjectType); }
  void Raw(std::string_view key, std::string_view json) {
    Name(key);
    writer_.RawValue(json.data(), json.size(), rapidjson::kObjectType);
  }

  std::string Finish() { return std::string(buffer_.GetString(), buffer_.GetSize()) + "\n"; }
  // The same in one line: inside of text a line's end is escaped.
  std::string FinishLine() {
    std::string line(buffer_.GetString(), buffer_.GetSize());
    std::erase(line, '\n');
    return line + "\n";
  }

 private:
  void Name(std::string_view key) {
    const std::string safe = Utf8(key);
    writer_.Key(safe.data(), static_cast<rapidjson::SizeType>(safe.size()));
  }
  void Value(std::string_view value) {
    const std::string safe = Utf8(value);
    writer_.String(safe.data(), static_cast<rapidjson::SizeType>(safe.size()));
  }
  static std::string Utf8(std::string_view text) { return IsUtf8(text) ? std::string(text) : Printable(text); }

  rapidjson::StringBuffer buffer_;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer_{buffer_};
};

}  // namespace tegodrop
