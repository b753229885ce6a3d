// JSON from somebody else: capped before anything is built from it, and read with patience.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/result.h"

namespace tegodrop {

using JsonValue = rapidjson::Value;

// The document, or kCorrupt with what is wrong with it, to follow its name ("is empty"). Refused are: more than 32
// levels or 100,000 nodes (found before a tree is built: RapidJSON overflows the stack on deep ones), text that is not
// UTF-8, also once its escapes are read, a key that an object has twice, anything behind the document. A byte order
// mark is skipped.
Result<rapidjson::Document> ParseJson(std::string_view text);

// The member of an object; nullptr where the value is no object, has no such member, or it is null.
const JsonValue* Member(const JsonValue& object, std::string_view key);

// Patient readings of a member; nullopt where it is absent, null, or cannot be meant so.
// Text: a string as it is; a number or an object as JSON writes it; false is none.
std::optional<std::string> TextMember(const JsonValue& object, std::string_view key);
// Whole numbers, also as 1.7e9 or "1700000000".
std::optional<std::int64_t> IntegerMember(const JsonValue& object, std::string_view key);
// true, false, 1, 0, and their words as strings.
std::optional<bool> BoolMember(const JsonValue& object, std::string_view key);

// Compact JSON of the value.
std::string JsonText(const JsonValue& value);

}  // namespace tegodrop
