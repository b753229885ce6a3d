// Android's binary XML, written by hand, with any fault that a test wants.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tegodrop::testing {

inline std::string Little(std::uint64_t value, std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(value >> 8 * i);
  return bytes;
}

inline std::string Chunk(std::uint16_t type, const std::string& header, const std::string& body) {
  return Little(type, 2) + Little(8 + header.size(), 2) + Little(8 + header.size() + body.size(), 4) + header + body;
}

struct HandAttribute {
  std::string space = {};  // empty: none
  std::string name = {};
  std::uint32_t id = 0;
  std::uint8_t type = 3;
  std::uint32_t data = 0;  // with type 3 the text's number
  std::string text = {};   // with type 3
};

constexpr const char* kAndroidSpace = "http://schemas.android.com/apk/res/android";

inline HandAttribute Package(const std::string& text) { return {.name = "package", .text = text}; }
inline HandAttribute VersionName(const std::string& text) {
  return {.space = kAndroidSpace, .name = "versionName", .id = 0x0101021c, .text = text};
}
inline HandAttribute VersionCode(std::uint32_t number, std::uint8_t type = 0x10) {
  return {.space = kAndroidSpace, .name = "versionCode", .id = 0x0101021b, .type = type, .data = number};
}

struct HandManifest {
  std::vector<HandAttribute> attributes = {};
  bool utf8 = false;
  std::string element = "manifest";
  std::string before = {};        // chunks between the tables and the element
  std::size_t attribute_gap = 0;  // bytes after each attribute
  std::uint16_t type = 3;

  std::string Bytes() const {
    // Names with an id come first: the table of ids is parallel to the strings.
    Strings strings;
    std::string ids;
    for (const HandAttribute& one : attributes) {
      if (one.id == 0) continue;
      strings.all.push_back(one.name);
      ids += Little(one.id, 4);
    }
    std::size_t named = 0;
    std::string list;
    for (const HandAttribute& one : attributes) {
      const std::uint32_t name = one.id != 0 ? static_cast<std::uint32_t>(named++) : strings.Number(one.name);
      const std::uint32_t text = one.type == 3 ? strings.Number(one.text) : 0xFFFFFFFF;
      list += Little(one.space.empty() ? 0xFFFFFFFF : strings.Number(one.space), 4) + Little(name, 4) +
              Little(text, 4) + Little(8, 2) + Little(0, 1) + Little(one.type, 1) +
              Little(one.type == 3 ? text : one.data, 4) + std::string(attribute_gap, '\x7f');
    }
    const std::string start = Little(0xFFFFFFFF, 4) + Little(strings.Number(element), 4) + Little(20, 2) +
                              Little(20 + attribute_gap, 2) + Little(attributes.size(), 2) + Little(0, 6) + list;
    const std::string end = Little(0xFFFFFFFF, 4) + Little(strings.Number(element), 4);
    const std::string lines = Little(1, 4) + Little(0xFFFFFFFF, 4);
    return Chunk(
        type, "",
        strings.Pool(utf8) + Chunk(0x0180, "", ids) + before + Chunk(0x0102, lines, start) + Chunk(0x0103, lines, end));
  }

  struct Strings {
    std::vector<std::string> all;  // ASCII, or as the test wants them with utf8

    std::uint32_t Number(const std::string& text) {
      // Not among those that the ids stand for: a name without an id is another string.
      all.push_back(text);
      return static_cast<std::uint32_t>(all.size() - 1);
    }
    std::string Pool(bool utf8) const {
      std::string offsets;
      std::string data;
      for (const std::string& text : all) {
        offsets += Little(data.size(), 4);
        data += utf8 ? Length8(text.size()) + Length8(text.size()) + text + '\0' : Utf16(text);
      }
      data.resize((data.size() + 3) / 4 * 4);
      return Chunk(1,
                   Little(all.size(), 4) + Little(0, 4) + Little(utf8 ? 0x100 : 0, 4) + Little(28 + offsets.size(), 4) +
                       Little(0, 4),
                   offsets + data);
    }
    static std::string Length8(std::size_t length) {
      return length < 0x80 ? Little(length, 1) : Little(0x80 | length >> 8U, 1) + Little(length & 0xFFU, 1);
    }
    static std::string Utf16(const std::string& text) {
      std::string bytes = text.size() < 0x8000
                              ? Little(text.size(), 2)
                              : Little(0x8000 | text.size() >> 16U, 2) + Little(text.size() & 0xFFFFU, 2);
      for (const char c : text) bytes += Little(static_cast<unsigned char>(c), 2);
      return bytes + Little(0, 2);
    }
  };
};

}  // namespace tegodrop::testing
