// What the readers of answers share: an object, its members, and the error where something is missing.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/result.h"
#include "daemon/base/safe_json.h"

namespace tegodrop {

// A body as an object, or kRetry; HTML pages (a proxy's, a maintenance page) are told from broken JSON by their words.
Result<rapidjson::Document> ReadObject(std::string_view body);

// kRetry: "the portal's answer has no start_time", with the portal's words where it says any.
Unexpected Lacks(std::string_view what, std::string_view body);

// A list that an object has under one of these keys, or that is the whole answer; nullptr where there is none.
const JsonValue* ListIn(const JsonValue& answer, std::initializer_list<std::string_view> keys);

std::optional<std::string> NonEmpty(std::optional<std::string> text);

// A member that is words for people: a signed URL that the portal quotes loses its query before it goes into a record.
std::optional<std::string> WordsMember(const JsonValue& object, std::string_view name);

// An object as the portal wrote it, as compact JSON: of URLs only what stands before the query, which may be a
// signature. `without`: a member that is left out; empty: none.
std::string ShownJson(const JsonValue& object, std::string_view without = {});

}  // namespace tegodrop
