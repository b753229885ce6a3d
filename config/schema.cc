#include "config/schema.h"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "config/keys.h"
#include "config/value_json.h"

namespace tegodrop {
namespace {

using Writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

void Pair(Writer& writer, std::string_view name, std::string_view text) {
  WriteName(writer, name);
  WriteText(writer, text);
}

void Types(Writer& writer, std::vector<std::string_view> types, bool nullable) {
  if (nullable) types.emplace_back("null");
  WriteName(writer, "type");
  if (types.size() == 1) return WriteText(writer, types[0]);
  writer.StartArray();
  for (const std::string_view type : types) WriteText(writer, type);
  writer.EndArray();
}

// A text, or a number where YAML may take the text for one; patterns count for texts only.
void TextType(Writer& writer, const KeySpec& spec, bool nullable) {
  Types(writer,
        spec.may_look_like_number ? std::vector<std::string_view>{"string", "number"}
                                  : std::vector<std::string_view>{"string"},
        nullable);
  if (!spec.pattern.empty()) Pair(writer, "pattern", spec.pattern);
}

void Choices(Writer& writer, const KeySpec& spec, bool nullable) {
  WriteName(writer, "enum");
  writer.StartArray();
  for (const std::string_view choice : spec.choices) {
    WriteText(writer, choice);
    if (choice == "true" || choice == "false") writer.Bool(choice == "true");
  }
  if (nullable) writer.Null();
  writer.EndArray();
}

// What the key's value may be.
void Values(Writer& writer, const KeySpec& spec) {
  const bool nullable = spec.null_word == "null";
  const std::string word = nullable || spec.null_word.empty() ? "" : std::string(spec.null_word) + "|";
  switch (spec.type) {
    case KeyType::kText:
      return TextType(writer, spec, nullable);
    case KeyType::kPath:
      Types(writer, {"string"}, nullable);
      WriteName(writer, "minLength");
      writer.Int(1);
      return;
    case KeyType::kFlag:
      return Types(writer, {"boolean"}, nullable);
    case KeyType::kInteger:
      if (word.empty()) {
        Types(writer, {"integer"}, nullable);
      } else {
        Types(writer, {"integer", "string"}, nullable);
        Pair(writer, "pattern", "^(" + std::string(spec.null_word) + ")$");
      }
      WriteName(writer, "minimum");
      writer.Int64(spec.least);
      WriteName(writer, "maximum");
      writer.Int64(spec.most);
      return;
    case KeyType::kDuration:
      Types(writer, {"string"}, nullable);
      return Pair(writer, "pattern", "^(" + word + "[0-9]+(ms|s|m|h|d))$");
    case KeyType::kSize:
      Types(writer, {"string", "integer"}, nullable);
      return Pair(writer, "pattern", "^(" + word + "[0-9]+(B|KiB|MiB|GiB|TiB)?)$");
    case KeyType::kChoice:
      return Choices(writer, spec, nullable);
    case KeyType::kMode:
      Types(writer, {"string", "integer"}, nullable);
      return Pair(writer, "pattern", "^0[4-7][0-7][0-7]$");
    case KeyType::kList:
      if (spec.one_text) {
        Types(writer,
              spec.may_look_like_number ? std::vector<std::string_view>{"array", "string", "number"}
                                        : std::vector<std::string_view>{"array", "string"},
              nullable);
        Pair(writer, "pattern", spec.pattern);
      } else {
        Types(writer, {"array"}, nullable);
      }
      if (spec.least > 0) {
        WriteName(writer, "minItems");
        writer.Int64(spec.least);
      }
      WriteName(writer, "items");
      writer.StartObject();
      TextType(writer, spec, false);
      writer.EndObject();
      return;
  }
}

void KeySchema(Writer& writer, const KeySpec& spec) {
  WriteName(writer, spec.name());
  writer.StartObject();
  Pair(writer, "description", spec.help);
  Values(writer, spec);
  if (!spec.required) {
    WriteName(writer, "default");
    WriteKeyValue(writer, spec, DefaultOf(spec));
  }
  writer.EndObject();
}

// The keywords of a mapping whose keys begin with `parent`, but for its type and description; `more` adds properties.
template <typename More>
void MapBody(Writer& writer, std::string_view parent, std::vector<std::string_view> required, More more) {
  WriteName(writer, "additionalProperties");
  writer.Bool(false);
  for (const KeySpec& spec : ConfigKeys()) {
    if (spec.parent() == parent && spec.required) required.push_back(spec.name());
  }
  if (!required.empty()) {
    WriteName(writer, "required");
    writer.StartArray();
    for (const std::string_view name : required) WriteText(writer, name);
    writer.EndArray();
  }
  WriteName(writer, "properties");
  writer.StartObject();
  more();
  for (const KeySpec& spec : ConfigKeys()) {
    if (spec.parent() == parent) KeySchema(writer, spec);
  }
  writer.EndObject();
}

void SectionSchema(Writer& writer, const SectionSpec& section) {
  const bool list = section.path.ends_with("[]");
  WriteName(writer, section.path.substr(0, section.path.find('[')));
  writer.StartObject();
  Pair(writer, "description", section.help);
  if (list) {
    Types(writer, {"array"}, false);
    WriteName(writer, "minItems");
    writer.Int(1);
    WriteName(writer, "items");
    writer.StartObject();
  }
  // A section whose keys are all commented out is null.
  Types(writer, {"object"}, !section.required);
  MapBody(writer, std::string(section.path) + ".", {}, [] {});
  if (list) writer.EndObject();
  writer.EndObject();
}

}  // namespace

std::string ConfigSchemaJson() {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.SetIndent(' ', 2);
  writer.StartObject();
  Pair(writer, "$schema", "http://json-schema.org/draft-07/schema#");
  Pair(writer, "title", "tegodrop.yaml");
  Pair(writer, "description", "The config file of tegodrop.");
  Types(writer, {"object"}, false);
  MapBody(writer, "", {"portal", "folders"}, [&] {
    for (const SectionSpec& section : ConfigSections()) SectionSchema(writer, section);
  });
  writer.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace tegodrop
