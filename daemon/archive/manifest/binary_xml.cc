#include "daemon/archive/manifest/binary_xml.h"

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/archive/little_endian.h"
#include "daemon/archive/manifest/android_names.h"
#include "daemon/archive/manifest/string_pool.h"

namespace tegodrop {
namespace {

enum Chunk : std::uint16_t {
  kStringPool = 0x0001,
  kStartElement = 0x0102,
  kResourceMap = 0x0180,
};
constexpr std::size_t kChunkHeader = 8;
constexpr std::size_t kElementHeader = 20;
constexpr std::size_t kAttribute = 20;
constexpr std::uint32_t kNone = 0xFFFFFFFF;

enum ValueType : std::uint8_t {
  kReference = 0x01,
  kThemeReference = 0x02,
  kString = 0x03,
  kDynamicReference = 0x07,
  kDynamicThemeReference = 0x08,
  kDecimal = 0x10,
  kHexadecimal = 0x11,
};

struct Attribute {
  std::uint32_t space = kNone;
  std::uint32_t name = kNone;
  std::uint32_t raw = kNone;
  std::uint8_t type = 0;
  std::uint32_t data = 0;
};

Unexpected NoManifest(const std::string& why) {
  return Fail(ErrorKind::kCorrupt, "this is no manifest of an APK: " + why);
}

class Manifest {
 public:
  Manifest(const StringPool& strings, std::string_view resource_ids) : strings_(strings), resource_ids_(resource_ids) {}

  // `element` is the chunk without its header.
  Result<AppIdentity> Read(std::string_view element) const {
    if (element.size() < kElementHeader) return NoManifest("its first element is cut off");
    if (strings_.Text(U32(element.data() + 4)) != "manifest") return NoManifest("its first element is not <manifest>");
    const std::size_t start = U16(element.data() + 8);
    const std::size_t stride = U16(element.data() + 10);
    const std::size_t count = U16(element.data() + 12);
    // Android itself reads each attribute at its stride, which may be more than an attribute is.
    if (count > 0 && (start > element.size() || stride < kAttribute || count * stride > element.size() - start)) {
      return NoManifest("its attributes do not fit into its first element");
    }
    std::optional<std::string> package;
    std::optional<std::string> code;
    std::optional<std::string> name;
    for (std::size_t i = 0; i < count; ++i) {
      const Attribute attribute = At(element.data() + start + i * stride);
      if (!code && Is(attribute, kVersionCodeId, kVersionCode)) {
        code = Number(attribute);
      } else if (!name && Is(attribute, kVersionNameId, kVersionName)) {
        name = Text(attribute);
      } else if (!package && attribute.space == kNone && strings_.Text(attribute.name) == kPackage) {
        package = Text(attribute);
      }
    }
    return AppIdentity{package.value_or(""), name.value_or(""), code.value_or("")};
  }

 private:
  static Attribute At(const char* at) {
    return {.space = U32(at),
            .name = U32(at + 4),
            .raw = U32(at + 8),
            .type = static_cast<std::uint8_t>(at[15]),
            .data = U32(at + 16)};
  }

  // By its id, which counts alone where there is one; else by its name.
  bool Is(const Attribute& attribute, std::uint32_t id, std::string_view name) const {
    if (attribute.name < resource_ids_.size() / 4) {
      const std::uint32_t its_id = U32(resource_ids_.data() + std::size_t{attribute.name} * 4);
      if (its_id != 0) return its_id == id;
    }
    return strings_.Text(attribute.name) == name && strings_.Text(attribute.space) == kAndroid;
  }

  std::string Text(const Attribute& attribute) const {
    switch (attribute.type) {
      case kReference:
      case kThemeReference:
      case kDynamicReference:
      case kDynamicThemeReference:
        return "";
      case kString:
        return strings_.Text(attribute.data).value_or("");
      default:
        return strings_.Text(attribute.raw).value_or("");
    }
  }

  std::string Number(const Attribute& attribute) const {
    if (attribute.type == kDecimal || attribute.type == kHexadecimal) return std::to_string(attribute.data);
    return attribute.type == kString ? Text(attribute) : "";
  }

  const StringPool& strings_;
  const std::string_view resource_ids_;
};

}  // namespace

Result<AppIdentity> ReadBinaryManifest(std::string_view bytes) {
  if (bytes.size() < kChunkHeader) return NoManifest("it is too short");
  const std::size_t first = U16(bytes.data() + 2);
  const std::size_t end = U32(bytes.data() + 4);
  // Not its type: Android does not look at it, and some protection changes it.
  if (first < kChunkHeader || first > end || end > bytes.size()) return NoManifest("its size is not what it says");

  std::optional<StringPool> strings;
  std::string_view resource_ids;
  for (std::size_t at = first; end - at >= kChunkHeader;) {
    const std::size_t header = U16(bytes.data() + at + 2);
    const std::size_t size = U32(bytes.data() + at + 4);
    if (header < kChunkHeader || header > size || size > end - at) return NoManifest("its parts do not fit into it");
    const std::string_view chunk = bytes.substr(at, size);
    const std::uint16_t type = U16(chunk.data());
    if (type == kStringPool) {
      const Result<StringPool> pool = StringPool::Read(chunk);
      if (!pool) return Fail(pool.error());
      strings = *pool;
    } else if (type == kResourceMap) {
      resource_ids = chunk.substr(header);
    } else if (type == kStartElement) {
      if (!strings) return NoManifest("it has no table of strings before its first element");
      return Manifest(*strings, resource_ids).Read(chunk.substr(header));
    }
    at += size;
  }
  return NoManifest("it has no element");
}

}  // namespace tegodrop
