// Property lists, binary and XML, written by hand, with any fault that a test wants.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tegodrop::testing {

inline std::string Big(std::uint64_t value, std::size_t size) {
  std::string bytes;
  for (std::size_t i = size; i-- > 0;) bytes += static_cast<char>(value >> 8 * i);
  return bytes;
}

// Objects of a binary property list; a marker's count may be any.
inline std::string Counted(std::uint8_t type, std::uint64_t count) {
  return count < 15 ? Big(type << 4U | count, 1) : Big(type << 4U | 15U, 1) + Big(0x13, 1) + Big(count, 8);
}
inline std::string Ascii(const std::string& text) { return Counted(5, text.size()) + text; }
inline std::string Utf16(const std::u16string& text) {
  std::string bytes = Counted(6, text.size());
  for (const char16_t unit : text) bytes += Big(unit, 2);
  return bytes;
}
inline std::string Collection(std::uint8_t type, std::uint64_t count, const std::vector<std::uint16_t>& references) {
  std::string bytes = Counted(type, count);
  for (const std::uint16_t reference : references) bytes += Big(reference, 2);
  return bytes;
}
inline std::string Array(const std::vector<std::uint16_t>& references) {
  return Collection(0xA, references.size(), references);
}
// The keys' numbers, then the values'.
inline std::string Dictionary(const std::vector<std::uint16_t>& references) {
  return Collection(0xD, references.size() / 2, references);
}

// References are two bytes each, and the first object is the top.
inline std::string BinaryPlist(const std::vector<std::string>& objects) {
  std::string bytes = "bplist00";
  std::string table;
  for (const std::string& object : objects) {
    table += Big(bytes.size(), 4);
    bytes += object;
  }
  const std::size_t at = bytes.size();
  return bytes + table + std::string(6, '\0') + Big(4, 1) + Big(2, 1) + Big(objects.size(), 8) + Big(0, 8) + Big(at, 8);
}

// A dictionary of texts.
inline std::string BinaryPlistOf(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::vector<std::uint16_t> references;
  std::vector<std::string> objects{""};
  for (const auto& [key, value] : pairs) {
    references.push_back(static_cast<std::uint16_t>(objects.size()));
    objects.push_back(Ascii(key));
  }
  for (const auto& [key, value] : pairs) {
    references.push_back(static_cast<std::uint16_t>(objects.size()));
    objects.push_back(Ascii(value));
  }
  objects[0] = Dictionary(references);
  return BinaryPlist(objects);
}

inline std::string XmlPlist(const std::string& inside) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
         "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n" +
         inside + "\n</plist>\n";
}

inline std::string Pair(const std::string& key, const std::string& value) {
  return "<key>" + key + "</key><string>" + value + "</string>\n";
}

inline std::string XmlPlistOf(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string inside;
  for (const auto& [key, value] : pairs) inside += Pair(key, value);
  return XmlPlist("<dict>" + inside + "</dict>");
}

}  // namespace tegodrop::testing
