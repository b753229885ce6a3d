// The body of a request: one flat JSON object, field after field. The writer is RapidJSON's.
#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/portal/portal.h"

namespace tegodrop {

class JsonBody {
 public:
  JsonBody() { writer_.StartObject(); }
  // Text that is not UTF-8 (no name gets here so) goes out with replacement characters.
  JsonBody& Text(const char* key, std::string_view value);
  // The same, but nothing at all where the value is empty.
  JsonBody& TextIfAny(const char* key, std::string_view value);
  JsonBody& Number(const char* key, std::int64_t value);
  JsonBody& Bool(const char* key, bool value);
  JsonBody& Parts(const char* key, const std::vector<CompletedPart>& parts);
  // The whole text. To be called once, at the end.
  std::string Take();

 private:
  void Write(std::string_view value);

  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

}  // namespace tegodrop
