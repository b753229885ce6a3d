// The key table, the schema, the example file and the settings' text form say the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <rapidjson/schema.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "config/effective.h"
#include "config/keys.h"
#include "config/load.h"
#include "config/schema.h"
#include "config/yaml_tree.h"
#include "tests/unit/config/config_text.h"

namespace tegodrop {
namespace {

using testing::FaultsOf;
using ::testing::IsEmpty;
using testing::Lines;
using testing::Minimal;
using testing::WithFolderKey;

std::string Slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string Example() { return Slurp("config/tegodrop.example.yaml"); }

// Every leaf of the tree by its key's path, "folders[].name".
void Collect(const YamlNode& map, const std::string& prefix, std::map<std::string, const YamlNode*>& leaves) {
  for (std::size_t i = 0; i < map.keys.size(); ++i) {
    const YamlNode& value = map.items[i];
    const std::string path = prefix + map.keys[i].text;
    if (value.kind == YamlNode::Kind::kMap) {
      Collect(value, path + ".", leaves);
    } else if (value.kind == YamlNode::Kind::kList && path == "folders") {
      for (const YamlNode& folder : value.items) Collect(folder, "folders[].", leaves);
    } else {
      leaves[path] = &value;
    }
  }
}

// The document as an editor's schema checker sees it, by YAML's core rules.
rapidjson::Value ToJson(const YamlNode& node, rapidjson::Document::AllocatorType& memory) {
  const auto text = [&](const std::string& t) {
    return rapidjson::Value(t.data(), static_cast<rapidjson::SizeType>(t.size()), memory);
  };
  rapidjson::Value value;
  switch (node.kind) {
    case YamlNode::Kind::kMap:
      value.SetObject();
      for (std::size_t i = 0; i < node.keys.size(); ++i) {
        rapidjson::Value key = text(node.keys[i].text);
        rapidjson::Value item = ToJson(node.items[i], memory);
        value.AddMember(key, item, memory);
      }
      return value;
    case YamlNode::Kind::kList:
      value.SetArray();
      for (const YamlNode& item : node.items) {
        rapidjson::Value element = ToJson(item, memory);
        value.PushBack(element, memory);
      }
      return value;
    case YamlNode::Kind::kScalar: {
      if (node.plain && (node.text == "true" || node.text == "false")) return rapidjson::Value(node.text == "true");
      std::int64_t number = 0;
      const char* end = node.text.data() + node.text.size();
      const auto parsed = std::from_chars(node.text.data(), end, number);
      if (node.plain && parsed.ec == std::errc() && parsed.ptr == end) return rapidjson::Value(number);
      return text(node.text);
    }
    case YamlNode::Kind::kNull:
    case YamlNode::Kind::kBroken:
      break;
  }
  return value;
}

// Empty where the schema accepts the config; else where it does not and why.
std::string SchemaFault(const std::string& yaml) {
  rapidjson::Document schema_json;
  schema_json.Parse(Slurp("config/schema.json").c_str());
  if (schema_json.HasParseError()) return "the schema is no JSON";
  const rapidjson::SchemaDocument schema(schema_json);
  const YamlTree tree = ReadYaml(yaml);
  if (!tree.root) return "not YAML";
  rapidjson::Document document;
  const rapidjson::Value value = ToJson(*tree.root, document.GetAllocator());
  rapidjson::SchemaValidator validator(schema);
  if (value.Accept(validator)) return "";
  rapidjson::StringBuffer place;
  validator.GetInvalidDocumentPointer().StringifyUriFragment(place);
  return std::string(place.GetString()) + " " + validator.GetInvalidSchemaKeyword();
}

// Each key's path and description in the schema, read back by walking its "properties".
void SchemaKeys(const rapidjson::Value& object, const std::string& prefix,
                std::map<std::string, const rapidjson::Value*>& keys) {
  for (const auto& member : object["properties"].GetObject()) {
    const std::string path = prefix + member.name.GetString();
    if (member.value.HasMember("properties")) {
      SchemaKeys(member.value, path + ".", keys);
    } else if (path == "folders") {
      SchemaKeys(member.value["items"], "folders[].", keys);
    } else {
      keys[path] = &member.value;
    }
  }
}

TEST(Example, LoadsAsItStands) { EXPECT_THAT(Lines(ParseConfig(Example(), "/etc/tegodrop/tegodrop.yaml")), IsEmpty()); }

TEST(Example, HoldsEveryKeyOfTheTableAndNoOtherEachWithItsDefault) {
  const YamlTree tree = ReadYaml(Example());
  ASSERT_TRUE(tree.root);
  std::map<std::string, const YamlNode*> leaves;
  Collect(*tree.root, "", leaves);
  EXPECT_EQ(leaves.size(), ConfigKeys().size());
  const ConfigResult loaded = ParseConfig(Example(), "/etc/tegodrop/tegodrop.yaml");
  ASSERT_TRUE(loaded.settings);
  for (const KeySpec& spec : ConfigKeys()) {
    EXPECT_TRUE(leaves.contains(std::string(spec.path))) << spec.path;
    // null: as at the top level, whose value the loader has put there.
    if (spec.required || spec.path == "folders[].provenance") continue;
    EXPECT_EQ(spec.bind.read(*loaded.settings, 0, spec), DefaultOf(spec)) << spec.path;
  }
}

TEST(KeyTable, NamesEachKeyOnceInASectionThatExists) {
  std::set<std::string_view> paths;
  for (const KeySpec& spec : ConfigKeys()) {
    EXPECT_TRUE(paths.insert(spec.path).second) << spec.path;
    EXPECT_FALSE(spec.help.empty()) << spec.path;
    bool home = spec.parent().empty();
    for (const SectionSpec& section : ConfigSections()) home = home || std::string(section.path) + "." == spec.parent();
    EXPECT_TRUE(home) << spec.path;
  }
}

TEST(KeyTable, RequiresOnlyWhatTheContractGivesNoDefault) {
  std::set<std::string_view> required;
  for (const KeySpec& spec : ConfigKeys()) {
    if (spec.required) required.insert(spec.path);
  }
  EXPECT_EQ(required, (std::set<std::string_view>{"portal.url", "portal.tenant", "folders[].name", "folders[].path",
                                                  "folders[].output", "folders[].version"}));
}

TEST(KeyTable, BindsEachKeyToAMemberOfItsOwn) {
  Settings plain;
  plain.folders.emplace_back();
  for (const KeySpec& spec : ConfigKeys()) {
    Settings changed = plain;
    const KeyValue old = spec.bind.read(plain, 0, spec);
    KeyValue other;
    if (spec.type == KeyType::kFlag) {
      other = !std::get<bool>(old);
    } else if (spec.type == KeyType::kChoice) {
      other = std::string(old == KeyValue(std::string(spec.choices[0])) ? spec.choices[1] : spec.choices[0]);
    } else if (spec.type == KeyType::kList) {
      other = std::vector<std::string>{"other"};
    } else if (spec.type == KeyType::kText || spec.type == KeyType::kPath) {
      other = std::string("other");
    } else {
      other = std::int64_t{0123};
    }
    spec.bind.store(changed, 0, other, spec);
    for (const KeySpec& any : ConfigKeys()) {
      const bool differs = any.bind.read(changed, 0, any) != any.bind.read(plain, 0, any);
      EXPECT_EQ(differs, any.path == spec.path) << spec.path << " changes " << any.path;
    }
    EXPECT_EQ(spec.bind.read(changed, 0, spec), other) << spec.path;
  }
}

TEST(Schema, IsWhatTheTableGives) {
  EXPECT_EQ(Slurp("config/schema.json"), ConfigSchemaJson())
      << "run: bazel run //config:print_schema > config/schema.json";
}

TEST(Schema, DescribesEveryKeyOfTheTableAndNoOther) {
  rapidjson::Document schema;
  schema.Parse(Slurp("config/schema.json").c_str());
  ASSERT_FALSE(schema.HasParseError());
  std::map<std::string, const rapidjson::Value*> keys;
  SchemaKeys(schema, "", keys);
  EXPECT_EQ(keys.size(), ConfigKeys().size());
  for (const KeySpec& spec : ConfigKeys()) {
    const auto found = keys.find(std::string(spec.path));
    ASSERT_NE(found, keys.end()) << spec.path;
    EXPECT_TRUE(found->second->HasMember("description")) << spec.path;
    EXPECT_EQ(found->second->HasMember("default"), !spec.required) << spec.path;
  }
}

TEST(Schema, UsesOnlyKeywordsThatDraft4AndDraft7Share) {
  const std::set<std::string> shared{"$schema",  "title",      "description", "type",     "additionalProperties",
                                     "required", "properties", "items",       "minItems", "minLength",
                                     "pattern",  "enum",       "default",     "minimum",  "maximum"};
  rapidjson::Document schema;
  schema.Parse(Slurp("config/schema.json").c_str());
  const auto visit = [&](const auto& self, const rapidjson::Value& object) -> void {
    for (const auto& member : object.GetObject()) {
      const std::string name = member.name.GetString();
      EXPECT_TRUE(shared.contains(name)) << name;
      if (name == "items") self(self, member.value);
      if (name != "properties") continue;
      EXPECT_FALSE(object["additionalProperties"].GetBool());
      for (const auto& property : member.value.GetObject()) self(self, property.value);
    }
  };
  visit(visit, schema);
}

TEST(Schema, AcceptsWhatTheLoaderAccepts) {
  EXPECT_EQ(SchemaFault(Example()), "");
  EXPECT_EQ(SchemaFault(Minimal()), "");
  for (const char* line : {"settle: 500ms",
                           "settle: auto",
                           "poll_interval: 1s",
                           "output_mode: 0664",
                           "output_mode: \"0600\"",
                           "require_signed: true",
                           "require_signed: auto",
                           "allow_keys: [k1, 17]",
                           "signing_key: 1234",
                           "rooms: _room",
                           "priority: -3",
                           "watch: poll",
                           "output_name: '{stem}{ext}'",
                           "after: delete",
                           "recursive: true",
                           "same_bytes: skip",
                           "existing: ignore",
                           "provenance: off",
                           "provenance: null",
                           "commit_pattern: '-([0-9a-f]{40})'",
                           "commit_keys: [MyCommit]",
                           "warn_checks: [version, signer]",
                           "require_commit: true",
                           "expect_signer_sha256: aa11223344556677889900112233445566778899001122334455667788990011",
                           "expect_signer_sha256: 1111223344556677889900112233445566778899001122334455667788990011"}) {
    EXPECT_THAT(FaultsOf(WithFolderKey(line)), IsEmpty()) << line;
    EXPECT_EQ(SchemaFault(WithFolderKey(line)), "") << line;
  }
  for (const char* schedule : {"window: 22:00-06:00", "window: null", "window: [22:00-06:00]", "timezone: local",
                               "window: ['Sat, sun 00:00-24:00', mon-fri 22:00-06:00]", "timezone: Europe/Berlin"}) {
    const std::string yaml = Minimal() + "schedule: {" + schedule + "}\n";
    EXPECT_THAT(FaultsOf(yaml), IsEmpty()) << schedule;
    EXPECT_EQ(SchemaFault(yaml), "") << schedule;
  }
  for (const char* line : {"concurrent_uploads: 64", "concurrent_parts: 8", "concurrent_builds: 2",
                           "concurrent_builds: auto", "upload_rate: 20MiB", "upload_rate: unlimited", "spool: 1GiB"}) {
    const std::string yaml = Minimal() + "log:\nlimits: {" + line + "}\n";
    EXPECT_THAT(FaultsOf(yaml), IsEmpty()) << line;
    EXPECT_EQ(SchemaFault(yaml), "") << line;
  }
}

TEST(Schema, RefusesWhatTheLoaderRefuses) {
  for (const char* line : {"settle: 5",
                           "settle: soon",
                           "output_mode: '0200'",
                           "output_mode: rw",
                           "require_signed: maybe",
                           "allow_keys: k1",
                           "allow_keys: ['a b']",
                           "rooms: a/b",
                           "priority: high",
                           "priority: 5000",
                           "watch: often",
                           "output_name: x",
                           "after: 7",
                           "recursive: 1",
                           "same_bytes: often",
                           "existing: 1",
                           "unknown: 1",
                           "commit_pattern: x",
                           "provenance: maybe",
                           "warn_checks: [length]",
                           "expect_signer_sha256: aa"}) {
    EXPECT_EQ(FaultsOf(WithFolderKey(line)).size(), 1U) << line;
    EXPECT_NE(SchemaFault(WithFolderKey(line)), "") << line;
  }
  for (const char* line :
       {"log: {format: syslog}", "limits: {concurrent_uploads: 0}", "limits: {spool: big}", "state_dir: ''",
        "report_dir: [x]", "folder: 1", "limits: {concurrent_builds: 0}", "limits: {concurrent_builds: many}",
        "limits: {upload_rate: fast}", "schedule: {window: 22:00}", "schedule: {window: []}",
        "schedule: {window: [22:00-6:00]}", "schedule: {window: 7}", "schedule: {timezone: 'no where'}"}) {
    EXPECT_EQ(FaultsOf(Minimal() + line + "\n").size(), 1U) << line;
    EXPECT_NE(SchemaFault(Minimal() + line + "\n"), "") << line;
  }
}

TEST(EffectiveConfig, IsAConfigThatGivesTheSameSettings) {
  const std::string yaml = Minimal() +
                           "    settle: 1500ms\n    after: keep\n    allow_keys: [a, b]\n    require_signed: false\n"
                           "    output_mode: 0600\n    priority: 3\n    output_name: '\"ü\"-{job}{ext}'\n";
  EXPECT_EQ(FaultsOf(yaml).size(), 1U) << "a quotation mark is no character for a file name";
  std::string good = yaml;
  good.replace(good.find("\"ü\""), 4, "ü");
  good += "schedule: {window: ['Sat, sun 00:00-24:00'], timezone: Asia/Kolkata}\n";
  const ConfigResult first = ParseConfig(good, "/etc/t.yaml");
  ASSERT_THAT(Lines(first), IsEmpty());
  const std::string json = EffectiveConfigJson(*first.settings);
  const ConfigResult second = ParseConfig(json, "/elsewhere/t.yaml");
  ASSERT_THAT(Lines(second), IsEmpty()) << json;
  EXPECT_EQ(EffectiveConfigJson(*second.settings), json);
  for (const KeySpec& spec : ConfigKeys()) {
    EXPECT_EQ(spec.bind.read(*first.settings, 0, spec), spec.bind.read(*second.settings, 0, spec)) << spec.path;
  }
  EXPECT_EQ(SchemaFault(json), "");
}

TEST(EffectiveConfig, IsJsonWithEveryFolderAndTypedValues) {
  const ConfigResult loaded = ParseConfig(Example(), "/etc/tegodrop/tegodrop.yaml");
  ASSERT_TRUE(loaded.settings);
  rapidjson::Document json;
  json.Parse(EffectiveConfigJson(*loaded.settings).c_str());
  ASSERT_FALSE(json.HasParseError());
  EXPECT_STREQ(json["polling"]["interval"].GetString(), "15s");
  EXPECT_EQ(json["limits"]["concurrent_uploads"].GetInt(), 2);
  EXPECT_TRUE(json["portal"]["token_file"].IsNull());
  ASSERT_EQ(json["folders"].Size(), 1U);
  EXPECT_STREQ(json["folders"][0]["settle"].GetString(), "auto");
  EXPECT_STREQ(json["folders"][0]["output_mode"].GetString(), "0640");
  EXPECT_FALSE(json["folders"][0]["recursive"].GetBool());
}

}  // namespace
}  // namespace tegodrop
