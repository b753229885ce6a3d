#include "daemon/archive/manifest/proto_xml.h"

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/archive/manifest/android_names.h"
#include "daemon/archive/manifest/unicode.h"
#include "daemon/archive/manifest/wire_reader.h"

namespace tegodrop {
namespace {

// Numbers of fields in Resources.proto.
namespace node {
constexpr std::uint32_t kElement = 1;
}
namespace element {
constexpr std::uint32_t kName = 3;
constexpr std::uint32_t kAttribute = 4;
}  // namespace element
namespace attribute {
constexpr std::uint32_t kNamespace = 1;
constexpr std::uint32_t kName = 2;
constexpr std::uint32_t kValue = 3;
constexpr std::uint32_t kResourceId = 5;
constexpr std::uint32_t kCompiled = 6;
}  // namespace attribute
namespace item {
constexpr std::uint32_t kReference = 1;
constexpr std::uint32_t kString = 2;
constexpr std::uint32_t kRawString = 3;
constexpr std::uint32_t kPrimitive = 7;
}  // namespace item
namespace text {
constexpr std::uint32_t kValue = 1;
}
namespace primitive {
constexpr std::uint32_t kDecimal = 6;
constexpr std::uint32_t kHexadecimal = 7;
}  // namespace primitive

struct Attribute {
  std::string_view space;
  std::string_view name;
  std::string_view value;
  std::uint32_t id = 0;
  // Of the compiled item.
  bool reference = false;
  std::string_view string;
  std::optional<std::uint32_t> number;
};

Unexpected NoManifest(const std::string& why) {
  return Fail(ErrorKind::kCorrupt, "this is no manifest of an AAB: " + why);
}

// Gives each field of a message to `take`, which gives a Status.
template <typename Take>
Status ForEach(std::string_view message, Take take) {
  WireReader reader(message);
  for (;;) {
    const Result<std::optional<WireField>> field = reader.Next();
    if (!field) return Fail(field.error());
    if (!*field) return {};
    if (Status taken = take(**field); !taken) return taken;
  }
}

Status ReadPrimitive(std::string_view message, Attribute* into) {
  return ForEach(message, [into](const WireField& field) -> Status {
    if (!field.is_bytes && (field.number == primitive::kDecimal || field.number == primitive::kHexadecimal)) {
      into->number = static_cast<std::uint32_t>(field.value);
    }
    return {};
  });
}

Status ReadText(std::string_view message, Attribute* into) {
  return ForEach(message, [into](const WireField& field) -> Status {
    if (field.Holds(text::kValue)) into->string = field.bytes;
    return {};
  });
}

Status ReadItem(std::string_view message, Attribute* into) {
  return ForEach(message, [into](const WireField& field) -> Status {
    if (field.Holds(item::kReference)) into->reference = true;
    if (field.Holds(item::kString) || field.Holds(item::kRawString)) return ReadText(field.bytes, into);
    if (field.Holds(item::kPrimitive)) return ReadPrimitive(field.bytes, into);
    return {};
  });
}

Result<Attribute> ReadAttribute(std::string_view message) {
  Attribute read;
  Status all = ForEach(message, [&read](const WireField& field) -> Status {
    if (field.Holds(attribute::kNamespace)) read.space = field.bytes;
    if (field.Holds(attribute::kName)) read.name = field.bytes;
    if (field.Holds(attribute::kValue)) read.value = field.bytes;
    if (!field.is_bytes && field.number == attribute::kResourceId) read.id = static_cast<std::uint32_t>(field.value);
    if (field.Holds(attribute::kCompiled)) return ReadItem(field.bytes, &read);
    return {};
  });
  if (!all) return Fail(all.error());
  return read;
}

// By its id, which counts alone where there is one; else by its name.
bool Is(const Attribute& attribute, std::uint32_t id, std::string_view name) {
  if (attribute.id != 0) return attribute.id == id;
  return attribute.name == name && attribute.space == kAndroid;
}

std::string Text(const Attribute& attribute) {
  if (attribute.reference) return "";
  const std::string_view text = attribute.value.empty() ? attribute.string : attribute.value;
  // Before the copy: it may be as long as the file.
  if (text.size() > kLongestText) return "";
  return AsText(std::string(text)).value_or("");
}

std::string Number(const Attribute& attribute) {
  return attribute.number && !attribute.reference ? std::to_string(*attribute.number) : Text(attribute);
}

// Of each attribute the first counts.
struct Said {
  std::string_view element;
  std::optional<std::string> package;
  std::optional<std::string> code;
  std::optional<std::string> name;

  void Take(const Attribute& attribute) {
    if (!code && Is(attribute, kVersionCodeId, kVersionCode)) {
      code = Number(attribute);
    } else if (!name && Is(attribute, kVersionNameId, kVersionName)) {
      name = Text(attribute);
    } else if (!package && attribute.space.empty() && attribute.name == kPackage) {
      package = Text(attribute);
    }
  }
};

Status ReadElement(std::string_view message, Said* said) {
  return ForEach(message, [said](const WireField& field) -> Status {
    if (field.Holds(element::kName)) said->element = field.bytes;
    if (!field.Holds(element::kAttribute)) return {};
    const Result<Attribute> attribute = ReadAttribute(field.bytes);
    if (!attribute) return Fail(attribute.error());
    said->Take(*attribute);
    return {};
  });
}

}  // namespace

Result<AppIdentity> ReadProtoManifest(std::string_view bytes) {
  Said said;
  const Status read = ForEach(bytes, [&said](const WireField& field) -> Status {
    return field.Holds(node::kElement) ? ReadElement(field.bytes, &said) : Status{};
  });
  if (!read) return NoManifest(read.error().message);
  if (said.element != "manifest") return NoManifest("its top element is not <manifest>");
  return AppIdentity{said.package.value_or(""), said.name.value_or(""), said.code.value_or("")};
}

}  // namespace tegodrop
