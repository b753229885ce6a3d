#include "daemon/archive/manifest/binary_plist.h"

#include <cstdint>
#include <optional>

#include "daemon/archive/manifest/unicode.h"

namespace tegodrop {
namespace {

constexpr std::size_t kHeader = 8;  // "bplist00"
constexpr std::size_t kTrailer = 32;
// Real ones have some fifty. All pairs may name the same two long texts, so this bounds the time.
constexpr std::uint64_t kMostPairs = 10'000;

enum Type : std::uint8_t { kInteger = 0x1, kAscii = 0x5, kUtf16 = 0x6, kDictionary = 0xD };

// An object's first byte, and how many letters or pairs it has.
struct Object {
  std::uint8_t type = 0;
  std::uint64_t count = 0;
  std::string_view rest;  // behind the count, up to the table of objects
};

std::uint64_t BigEndian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8U | static_cast<unsigned char>(byte);
  return value;
}

Unexpected Malformed(const char* what) { return Fail(ErrorKind::kCorrupt, what); }

class Plist {
 public:
  Status Open(std::string_view bytes) {
    if (bytes.size() < kHeader + kTrailer) return Malformed("it is too short");
    const std::string_view trailer = bytes.substr(bytes.size() - kTrailer);
    offset_size_ = static_cast<unsigned char>(trailer[6]);
    reference_size_ = static_cast<unsigned char>(trailer[7]);
    count_ = BigEndian(trailer.substr(8, 8));
    top_ = BigEndian(trailer.substr(16, 8));
    const std::uint64_t table = BigEndian(trailer.substr(24, 8));
    const auto is_size = [](std::size_t size) { return size >= 1 && size <= 8; };
    if (!is_size(offset_size_) || !is_size(reference_size_)) return Malformed("its trailer is malformed");
    if (table < kHeader || table > bytes.size() - kTrailer) return Malformed("its table is not inside of it");
    if (count_ > (bytes.size() - kTrailer - table) / offset_size_) return Malformed("its table is cut off");
    objects_ = bytes.substr(0, table);
    table_ = bytes.substr(table, count_ * offset_size_);
    return {};
  }

  Status ForEachText(const TakeText& take) const {
    const std::optional<Object> top = At(top_);
    if (!top) return Malformed("its top object is not inside of it");
    if (top->type != kDictionary) return Malformed("its top object is no dictionary");
    if (top->count > top->rest.size() / (2 * reference_size_)) return Malformed("its dictionary is cut off");
    if (top->count > kMostPairs) return Malformed("its dictionary has more than 10000 pairs");
    for (std::uint64_t i = 0; i < top->count; ++i) {
      const std::optional<Object> key = At(Reference(top->rest, i));
      const std::optional<Object> value = At(Reference(top->rest, top->count + i));
      if (!key || !value) return Malformed("its dictionary names an object that is not inside of it");
      if (key->type != kAscii && key->type != kUtf16) return Malformed("a key of its dictionary is no string");
      if (!IsWhole(*key) || !IsWhole(*value)) return Malformed("a string is cut off");
      const std::optional<std::string> name = Text(*key);
      const std::optional<std::string> text = name ? Text(*value) : std::nullopt;
      if (text) take(*name, *text);
    }
    return {};
  }

 private:
  std::uint64_t Reference(std::string_view references, std::uint64_t index) const {
    return BigEndian(references.substr(index * reference_size_, reference_size_));
  }

  std::optional<Object> At(std::uint64_t index) const {
    if (index >= count_) return std::nullopt;
    const std::uint64_t offset = BigEndian(table_.substr(index * offset_size_, offset_size_));
    if (offset < kHeader || offset >= objects_.size()) return std::nullopt;
    const auto first = static_cast<unsigned char>(objects_[offset]);
    Object object{static_cast<std::uint8_t>(first >> 4U), first & 0xFU, objects_.substr(offset + 1)};
    // From fifteen on the count is an integer of its own.
    const bool counts = object.type == kAscii || object.type == kUtf16 || object.type == kDictionary;
    if (!counts || object.count < 15) return object;
    if (object.rest.empty()) return std::nullopt;
    const auto integer = static_cast<unsigned char>(object.rest[0]);
    const std::size_t size = std::size_t{1} << (integer & 0xFU);
    if (integer >> 4U != kInteger || size > 8 || size > object.rest.size() - 1) return std::nullopt;
    object.count = BigEndian(object.rest.substr(1, size));
    object.rest.remove_prefix(1 + size);
    return object;
  }

  static std::size_t BytesPerLetter(const Object& object) {
    return object.type == kAscii ? 1 : object.type == kUtf16 ? 2 : 0;
  }
  static bool IsWhole(const Object& object) {
    const std::size_t letter = BytesPerLetter(object);
    return letter == 0 || object.count <= object.rest.size() / letter;
  }
  static std::optional<std::string> Text(const Object& object) {
    if (BytesPerLetter(object) == 0 || object.count > kLongestText) return std::nullopt;
    const std::string_view bytes = object.rest.substr(0, object.count * BytesPerLetter(object));
    return AsText(object.type == kUtf16 ? Utf16ToUtf8(bytes, true) : std::string(bytes));
  }

  std::string_view objects_;
  std::string_view table_;
  std::size_t offset_size_ = 1;
  std::size_t reference_size_ = 1;
  std::uint64_t count_ = 0;
  std::uint64_t top_ = 0;
};

}  // namespace

Status ReadBinaryPlist(std::string_view bytes, const TakeText& take) {
  Plist plist;
  if (Status open = plist.Open(bytes); !open) return open;
  return plist.ForEachText(take);
}

}  // namespace tegodrop
