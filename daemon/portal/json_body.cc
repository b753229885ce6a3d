#include "daemon/portal/json_body.h"

#include <algorithm>

#include "daemon/base/text.h"

namespace tegodrop {

JsonBody& JsonBody::Text(const char* key, std::string_view value) {
  writer_.Key(key);
  Write(value);
  return *this;
}

JsonBody& JsonBody::TextIfAny(const char* key, std::string_view value) {
  return value.empty() ? *this : Text(key, value);
}

JsonBody& JsonBody::Number(const char* key, std::int64_t value) {
  writer_.Key(key);
  writer_.Int64(value);
  return *this;
}

JsonBody& JsonBody::Bool(const char* key, bool value) {
  writer_.Key(key);
  writer_.Bool(value);
  return *this;
}

JsonBody& JsonBody::Parts(const char* key, const std::vector<CompletedPart>& parts) {
  writer_.Key(key);
  writer_.StartArray();
  for (const CompletedPart& part : parts) {
    writer_.StartObject();
    Number("PartNumber", part.number).Text("ETag", part.etag);
    writer_.EndObject();
  }
  writer_.EndArray();
  return *this;
}

std::string JsonBody::Take() {
  writer_.EndObject();
  return {buffer_.GetString(), buffer_.GetSize()};
}

void JsonBody::Write(std::string_view value) {
  std::string mended;
  if (!IsUtf8(value)) {
    for (std::size_t at = 0; at < value.size();) {
      std::size_t length = std::min<std::size_t>(4, value.size() - at);
      while (length > 0 && !IsUtf8(value.substr(at, length))) --length;
      mended += length == 0 ? std::string_view("\xEF\xBF\xBD") : value.substr(at, length);
      at += std::max<std::size_t>(1, length);
    }
    value = mended;
  }
  writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

}  // namespace tegodrop
