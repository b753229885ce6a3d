#include "daemon/base/safe_json.h"

#include <rapidjson/encodedstream.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <charconv>
#include <cmath>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr std::size_t kDeepest = 32;
constexpr std::size_t kMostNodes = 100'000;
// Doubles tell whole numbers apart up to here.
constexpr double kLargestExact = 9007199254740992.0;

using Utf8 = rapidjson::UTF8<>;
constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;

// Looks over a document without keeping it; says false to stop the parser.
class Guard : public rapidjson::BaseReaderHandler<Utf8, Guard> {
 public:
  bool Default() { return Count(); }
  bool String(const char* text, rapidjson::SizeType size, bool) { return IsText({text, size}) && Count(); }
  bool StartObject() {
    keys_.emplace_back();
    return Enter();
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (!IsText({text, size})) return false;
    if (!keys_.back().emplace(text, size).second) {
      fault_ = "has the field \"" + Printable(std::string_view(text, size).substr(0, 60)) + "\" twice";
      return false;
    }
    return Count();
  }
  bool EndObject(rapidjson::SizeType) {
    keys_.pop_back();
    --depth_;
    return true;
  }
  bool StartArray() { return Enter(); }
  bool EndArray(rapidjson::SizeType) {
    --depth_;
    return true;
  }
  const std::string& fault() const { return fault_; }

 private:
  // RapidJSON refuses the first half of a surrogate pair without the second, but decodes a second half that stands
  // alone into bytes that are no UTF-8.
  bool IsText(std::string_view text) {
    if (!IsUtf8(text)) fault_ = "has half a surrogate pair in a text";
    return fault_.empty();
  }
  bool Enter() {
    if (++depth_ > kDeepest) fault_ = "is nested more than " + std::to_string(kDeepest) + " levels deep";
    return fault_.empty() && Count();
  }
  bool Count() {
    if (++nodes_ > kMostNodes) fault_ = "has too many values";
    return fault_.empty();
  }

  std::vector<std::unordered_set<std::string>> keys_;  // of the objects that are open
  std::size_t depth_ = 0;
  std::size_t nodes_ = 0;
  std::string fault_;
};

Unexpected NotJson(std::string why) { return Fail(ErrorKind::kCorrupt, std::move(why)); }

std::string WhyNot(const rapidjson::ParseResult& result) {
  return "is not JSON (at byte " + std::to_string(result.Offset()) + ": " + rapidjson::GetParseError_En(result.Code()) +
         ")";
}

std::optional<std::int64_t> WholeNumber(double value) {
  if (!(std::abs(value) <= kLargestExact) || value != std::floor(value)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

}  // namespace

Result<rapidjson::Document> ParseJson(std::string_view text) {
  if (Trim(text).empty()) return NotJson("is empty");
  // A zero byte would end RapidJSON's reading and hide what follows.
  if (!IsUtf8(text) || text.find('\0') != std::string_view::npos) return NotJson("is not UTF-8 text");
  Guard guard;
  rapidjson::MemoryStream bytes(text.data(), text.size());
  rapidjson::EncodedInputStream<Utf8, rapidjson::MemoryStream> stream(bytes);
  const rapidjson::ParseResult looked = rapidjson::Reader().Parse<kFlags>(stream, guard);
  if (!guard.fault().empty()) return NotJson(guard.fault());
  if (looked.IsError()) return NotJson(WhyNot(looked));
  rapidjson::Document document;
  document.Parse<kFlags>(text.data(), text.size());
  if (document.HasParseError()) return NotJson("is not JSON");
  return document;
}

const JsonValue* Member(const JsonValue& object, std::string_view key) {
  if (!object.IsObject()) return nullptr;
  const JsonValue name(rapidjson::StringRef(key.data(), static_cast<rapidjson::SizeType>(key.size())));
  const auto found = object.FindMember(name);
  if (found == object.MemberEnd() || found->value.IsNull()) return nullptr;
  return &found->value;
}

std::optional<std::string> TextMember(const JsonValue& object, std::string_view key) {
  const JsonValue* value = Member(object, key);
  if (value == nullptr || value->IsFalse()) return std::nullopt;
  if (value->IsString()) return std::string(value->GetString(), value->GetStringLength());
  return JsonText(*value);
}

std::optional<std::int64_t> IntegerMember(const JsonValue& object, std::string_view key) {
  const JsonValue* value = Member(object, key);
  if (value == nullptr) return std::nullopt;
  if (value->IsInt64()) return value->GetInt64();
  if (value->IsDouble()) return WholeNumber(value->GetDouble());
  if (!value->IsString()) return std::nullopt;
  const std::string_view text = Trim({value->GetString(), value->GetStringLength()});
  const char* end = text.data() + text.size();
  std::int64_t whole = 0;
  if (const auto read = std::from_chars(text.data(), end, whole); read.ec == std::errc() && read.ptr == end) {
    return whole;
  }
  return std::nullopt;
}

std::optional<bool> BoolMember(const JsonValue& object, std::string_view key) {
  const JsonValue* value = Member(object, key);
  if (value == nullptr) return std::nullopt;
  if (value->IsBool()) return value->GetBool();
  if (value->IsString()) {
    const std::string word = ToLowerAscii(Trim({value->GetString(), value->GetStringLength()}));
    if (word == "true" || word == "1") return true;
    if (word == "false" || word == "0") return false;
    return std::nullopt;
  }
  if (!value->IsNumber()) return std::nullopt;
  if (value->GetDouble() == 1) return true;
  if (value->GetDouble() == 0) return false;
  return std::nullopt;
}

std::string JsonText(const JsonValue& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace tegodrop
