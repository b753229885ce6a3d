// A key's value as JSON, in the words of the config file: for the schema's defaults and for `check --json`.
#pragma once

#include <string>
#include <string_view>

#include "config/keys.h"

namespace tegodrop {

template <typename Writer>
void WriteText(Writer& writer, std::string_view text) {
  writer.String(text.data(), static_cast<unsigned>(text.size()));
}

template <typename Writer>
void WriteName(Writer& writer, std::string_view text) {
  writer.Key(text.data(), static_cast<unsigned>(text.size()));
}

// Flags and whole numbers as such, lists as arrays, everything else as the text that the file would hold.
template <typename Writer>
void WriteKeyValue(Writer& writer, const KeySpec& spec, const KeyValue& value) {
  const std::string text = FormatKeyValue(spec, value);
  if (std::holds_alternative<std::monostate>(value) && text == "null") {
    writer.Null();
  } else if (std::holds_alternative<bool>(value) ||
             (spec.type == KeyType::kChoice && (text == "true" || text == "false"))) {
    writer.Bool(text == "true");
  } else if (std::holds_alternative<std::int64_t>(value) && spec.type == KeyType::kInteger) {
    writer.Int64(std::get<std::int64_t>(value));
  } else if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    writer.StartArray();
    for (const std::string& item : *list) WriteText(writer, item);
    writer.EndArray();
  } else {
    WriteText(writer, text);
  }
}

}  // namespace tegodrop
