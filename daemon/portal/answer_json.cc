#include "daemon/portal/answer_json.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <utility>

#include "daemon/portal/words.h"

namespace tegodrop {

Unexpected Lacks(std::string_view what, std::string_view body) {
  std::string message = "the portal's answer has no " + std::string(what);
  if (const std::string words = PortalMessage(body); !words.empty()) message += "; it says: " + words;
  return Fail(ErrorKind::kRetry, message);
}

Result<rapidjson::Document> ReadObject(std::string_view body) {
  Result<rapidjson::Document> document = ParseJson(body);
  if (!document) {
    std::string message = "the portal's answer " + document.error().message;
    if (const std::string words = PortalWords(body); !words.empty()) message += "; it says: " + words;
    return Fail(ErrorKind::kRetry, std::move(message));
  }
  if (!document->IsObject()) return Fail(ErrorKind::kRetry, "the portal's answer is no JSON object");
  return document;
}

const JsonValue* ListIn(const JsonValue& answer, std::initializer_list<std::string_view> keys) {
  if (answer.IsArray()) return &answer;
  for (const std::string_view key : keys) {
    const JsonValue* member = Member(answer, key);
    if (member != nullptr && member->IsArray()) return member;
  }
  return nullptr;
}

std::optional<std::string> NonEmpty(std::optional<std::string> text) {
  if (text && text->empty()) return std::nullopt;
  return text;
}

std::optional<std::string> WordsMember(const JsonValue& object, std::string_view name) {
  std::optional<std::string> text = TextMember(object, name);
  if (text) *text = WithoutQueries(*text);
  return text;
}

namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void WriteShown(Writer& writer, const JsonValue& value, std::string_view without);

void WriteText(Writer& writer, const JsonValue& value) {
  const std::string_view text(value.GetString(), value.GetStringLength());
  const bool url = text.find("://") != std::string_view::npos;
  const std::string shown = url ? WithoutQueries(text) : std::string(text);
  writer.String(shown.data(), static_cast<rapidjson::SizeType>(shown.size()));
}

void WriteObject(Writer& writer, const JsonValue& object, std::string_view without) {
  writer.StartObject();
  for (const auto& member : object.GetObject()) {
    const std::string_view name(member.name.GetString(), member.name.GetStringLength());
    if (!without.empty() && name == without) continue;
    writer.Key(member.name.GetString(), member.name.GetStringLength());
    WriteShown(writer, member.value, {});
  }
  writer.EndObject();
}

// As deep as ParseJson lets it be.
void WriteShown(Writer& writer, const JsonValue& value, std::string_view without) {
  if (value.IsObject()) return WriteObject(writer, value, without);
  if (value.IsString()) return WriteText(writer, value);
  if (!value.IsArray()) {
    value.Accept(writer);
    return;
  }
  writer.StartArray();
  for (const JsonValue& one : value.GetArray()) WriteShown(writer, one, {});
  writer.EndArray();
}

}  // namespace

std::string ShownJson(const JsonValue& object, std::string_view without) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  WriteShown(writer, object, without);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace tegodrop
