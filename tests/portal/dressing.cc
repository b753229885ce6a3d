#include "tests/portal/dressing.h"

#include <ctime>
#include <initializer_list>

namespace tegodrop::sim {
namespace {

using Allocator = rapidjson::Document::AllocatorType;

// By the machine's clock, not the simulator's: the client compares it with its own.
std::string HttpDate(int64_t seconds_from_now) {
  const time_t when = std::time(nullptr) + seconds_from_now;
  std::tm parts{};
  gmtime_r(&when, &parts);
  char text[64];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text;
}

void AddRetryAfter(const Settings& settings, Reply* reply) {
  if (settings.retry_after == "none" || (reply->status != 429 && reply->status != 503)) return;
  const int64_t seconds = settings.retry_after_seconds;
  reply->headers.emplace_back("Retry-After",
                              settings.retry_after == "date" ? HttpDate(seconds) : std::to_string(seconds));
}

// Does `change` to every object in `value`, the inner ones first.
template <typename Change>
void ForEachObject(rapidjson::Value* value, const Change& change) {
  if (value->IsArray()) {
    for (rapidjson::Value& one : value->GetArray()) ForEachObject(&one, change);
  } else if (value->IsObject()) {
    // Counted: clang finds two ways to compare these iterators.
    for (rapidjson::SizeType i = 0; i < value->MemberCount(); ++i) {
      ForEachObject(&(value->MemberBegin() + i)->value, change);
    }
    change(value);
  }
}

void AddExtras(rapidjson::Value* object, Allocator* allocator) {
  rapidjson::Value inner(rapidjson::kObjectType);
  inner.AddMember("url", "https://example.com/elsewhere", *allocator);
  inner.AddMember("success", false, *allocator);
  object->AddMember("x_internal", inner, *allocator);
  object->AddMember("x_nothing", rapidjson::Value(), *allocator);
  object->AddMember("x_number", 1e300, *allocator);
}

void MakeNulls(rapidjson::Value* object, Allocator* allocator) {
  for (const char* name : {"status_message", "signing_key_name", "build_image", "build_version", "uploaded_by",
                           "builds_used_apple", "builds_used_android", "still_waiting", "custom_limits"}) {
    if (object->HasMember(name)) (*object)[name].SetNull();
  }
  // An upload's answer has the other kind's fields too.
  if (!object->HasMember("file_path")) return;
  for (const char* name : {"url", "multipart", "upload_id", "part_urls", "chunk_size", "total_parts"}) {
    if (object->HasMember(name)) continue;
    object->AddMember(rapidjson::StringRef(name), rapidjson::Value(), *allocator);
  }
}

}  // namespace

void Dress(const Settings& settings, Reply* reply) {
  AddRetryAfter(settings, reply);
  if (!settings.extra_fields && !settings.null_fields) return;
  rapidjson::Document body;
  body.Parse(reply->body.data(), reply->body.size());
  if (body.HasParseError()) return;
  Allocator* allocator = &body.GetAllocator();
  ForEachObject(&body, [&](rapidjson::Value* object) {
    if (settings.null_fields) MakeNulls(object, allocator);
    if (settings.extra_fields) AddExtras(object, allocator);
  });
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  body.Accept(writer);
  reply->body.assign(buffer.GetString(), buffer.GetSize());
}

}  // namespace tegodrop::sim
