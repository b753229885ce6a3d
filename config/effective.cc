#include "config/effective.h"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <string_view>

#include "config/keys.h"
#include "config/value_json.h"

namespace tegodrop {
namespace {

using Writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

void WriteSection(Writer& writer, const Settings& settings, std::string_view parent, std::size_t folder) {
  for (const KeySpec& spec : ConfigKeys()) {
    if (spec.parent() != parent) continue;
    WriteName(writer, spec.name());
    WriteKeyValue(writer, spec, spec.bind.read(settings, folder, spec));
  }
}

}  // namespace

std::string EffectiveConfigJson(const Settings& settings) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.SetIndent(' ', 2);
  writer.StartObject();
  for (const SectionSpec& section : ConfigSections()) {
    const std::string prefix = std::string(section.path) + ".";
    if (!section.path.ends_with("[]")) {
      WriteName(writer, section.path);
      writer.StartObject();
      WriteSection(writer, settings, prefix, 0);
      writer.EndObject();
      continue;
    }
    WriteName(writer, section.path.substr(0, section.path.size() - 2));
    writer.StartArray();
    for (std::size_t folder = 0; folder < settings.folders.size(); ++folder) {
      writer.StartObject();
      WriteSection(writer, settings, prefix, folder);
      writer.EndObject();
    }
    writer.EndArray();
  }
  WriteSection(writer, settings, "", 0);
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace tegodrop
