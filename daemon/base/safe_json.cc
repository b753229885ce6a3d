#include "daemon/base/safe_json.h"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr std::size_t kDeepest = 32;
constexpr std::size_t kMostNodes = 100'000;
// Doubles tell whole numbers apart up to here.
constexpr double kLargestExact = 9007199254740992.0;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
// So many names are compared with each other sooner than put into a set.
constexpr std::size_t kFew = 32;

// Looks over a document on its way to who keeps it; says false to stop the parser.
class Guard {
 public:
  using Ch = char;
  // `decoded`: a text may be another than what stood in the document, by its escapes.
  Guard(rapidjson::Document& keeper, bool decoded) : keeper_(keeper), decoded_(decoded) {}

  bool Null() { return Count() && keeper_.Null(); }
  bool Bool(bool value) { return Count() && keeper_.Bool(value); }
  bool Int(int value) { return Count() && keeper_.Int(value); }
  bool Uint(unsigned value) { return Count() && keeper_.Uint(value); }
  bool Int64(std::int64_t value) { return Count() && keeper_.Int64(value); }
  bool Uint64(std::uint64_t value) { return Count() && keeper_.Uint64(value); }
  bool Double(double value) { return Count() && keeper_.Double(value); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool copy) {
    return Count() && keeper_.RawNumber(text, size, copy);
  }
  bool String(const char* text, rapidjson::SizeType size, bool copy) {
    return IsText({text, size}) && Count() && keeper_.String(text, size, copy);
  }
  bool StartObject() { return Enter() && keeper_.StartObject(); }
  bool Key(const char* text, rapidjson::SizeType size, bool copy) {
    return IsText({text, size}) && Count() && keeper_.Key(text, size, copy);
  }
  bool EndObject(rapidjson::SizeType members) {
    --depth_;
    return keeper_.EndObject(members);
  }
  bool StartArray() { return Enter() && keeper_.StartArray(); }
  bool EndArray(rapidjson::SizeType elements) {
    --depth_;
    return keeper_.EndArray(elements);
  }
  const std::string& fault() const { return fault_; }

 private:
  // RapidJSON refuses the first half of a surrogate pair without the second, but decodes a second half that stands
  // alone into bytes that are no UTF-8.
  bool IsText(std::string_view text) {
    if (decoded_ && !IsUtf8(text)) fault_ = "has half a surrogate pair in a text";
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

  rapidjson::Document& keeper_;
  const bool decoded_;
  std::size_t depth_ = 0;
  std::size_t nodes_ = 0;
  std::string fault_;
};

std::string_view NameOf(const JsonValue::Member& member) {
  return {member.name.GetString(), member.name.GetStringLength()};
}

// One of 64 bits: most names of an object have another, so that few need be compared.
std::uint64_t MarkOf(std::string_view name) {
  if (name.empty()) return 1;
  const auto byte = [](char c) { return static_cast<std::size_t>(static_cast<unsigned char>(c)); };
  return std::uint64_t{1} << (name.size() + 7 * byte(name.front()) + 3 * byte(name.back())) % 64;
}

// The first name that an object has twice.
std::optional<std::string_view> RepeatedIn(const JsonValue& object) {
  const auto members = object.GetObject();
  if (object.MemberCount() > kFew) {
    std::unordered_set<std::string_view> names;
    for (const JsonValue::Member& member : members) {
      if (!names.insert(NameOf(member)).second) return NameOf(member);
    }
    return std::nullopt;
  }
  std::uint64_t seen = 0;
  for (auto member = members.begin(); member != members.end(); ++member) {
    const std::uint64_t mark = MarkOf(NameOf(*member));
    const bool perhaps = (seen & mark) != 0;
    seen |= mark;
    if (!perhaps) continue;
    for (auto earlier = members.begin(); earlier != member; ++earlier) {
      if (NameOf(*earlier) == NameOf(*member)) return NameOf(*member);
    }
  }
  return std::nullopt;
}

// Also of what is inside; no deeper than the Guard allows.
std::optional<std::string_view> Repeated(const JsonValue& value) {
  if (value.IsArray()) {
    for (const JsonValue& one : value.GetArray()) {
      if (const auto repeated = Repeated(one)) return repeated;
    }
  }
  if (!value.IsObject()) return std::nullopt;
  if (const auto repeated = RepeatedIn(value)) return repeated;
  for (const JsonValue::Member& member : value.GetObject()) {
    if (const auto repeated = Repeated(member.value)) return repeated;
  }
  return std::nullopt;
}

Unexpected NotJson(std::string why) { return Fail(ErrorKind::kCorrupt, std::move(why)); }

std::string WhyNot(const rapidjson::ParseResult& result, std::size_t skipped) {
  return "is not JSON (at byte " + std::to_string(skipped + result.Offset()) + ": " +
         rapidjson::GetParseError_En(result.Code()) + ")";
}

std::optional<std::int64_t> WholeNumber(double value) {
  if (!(std::abs(value) <= kLargestExact) || value != std::floor(value)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

}  // namespace

Result<rapidjson::Document> ParseJson(std::string_view text) {
  if (Trim(text).empty()) return NotJson("is empty");
  // All of it at once, so that the reader need not. A zero byte would end its reading and hide what follows.
  if (!IsUtf8(text) || text.find('\0') != std::string_view::npos) return NotJson("is not UTF-8 text");
  rapidjson::Document document;
  const std::size_t skipped = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  text.remove_prefix(skipped);
  // Read in place, in memory that is the document's own: its texts stay where they are.
  auto* const bytes = static_cast<char*>(document.GetAllocator().Malloc(text.size() + 1));
  *std::copy(text.begin(), text.end(), bytes) = '\0';
  rapidjson::InsituStringStream stream(bytes);
  const bool decoded = text.find('\\') != std::string_view::npos;
  std::string fault;
  rapidjson::ParseResult parsed;
  // One pass: many answers are looked at, and all of them are good.
  const auto read = [&](rapidjson::Document& keeper) {
    Guard guard(keeper, decoded);
    parsed = rapidjson::Reader().Parse<rapidjson::kParseInsituFlag>(stream, guard);
    fault = guard.fault();
    return !parsed.IsError();
  };
  document.Populate(read);
  if (!fault.empty()) return NotJson(fault);
  if (parsed.IsError()) return NotJson(WhyNot(parsed, skipped));
  if (const auto name = Repeated(document)) {
    return NotJson("has the field \"" + Printable(name->substr(0, 60)) + "\" twice");
  }
  return document;
}

const JsonValue* Member(const JsonValue& object, std::string_view key) {
  if (!object.IsObject()) return nullptr;
  for (const JsonValue::Member& member : object.GetObject()) {
    if (NameOf(member) == key) return member.value.IsNull() ? nullptr : &member.value;
  }
  return nullptr;
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
