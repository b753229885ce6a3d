// Mach-O and fat files written byte by byte; each number may be made to lie.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/signer/scheme_bytes.h"

namespace tegodrop::testing {

inline std::string Big(std::uint64_t number, int bytes) {
  std::string out = Little(number, bytes);
  std::reverse(out.begin(), out.end());
  return out;
}

// A blob of a code signature: magic, length, content.
inline std::string Blob(std::uint32_t magic, const std::string& content) {
  return Big(magic, 4) + Big(8 + content.size(), 4) + content;
}
inline std::string CodeDirectory() { return Blob(0xfade0c02, std::string(40, 'd')); }
inline std::string Wrapper(const std::string& cms) { return Blob(0xfade0b01, cms); }

struct Slot {
  std::uint32_t type = 0;
  std::string blob;
};

inline std::string SuperBlob(const std::vector<Slot>& slots) {
  std::string index;
  std::string blobs;
  for (const Slot& slot : slots) {
    index += Big(slot.type, 4) + Big(12 + 8 * slots.size() + blobs.size(), 4);
    blobs += slot.blob;
  }
  return Blob(0xfade0cc0, Big(slots.size(), 4) + index + blobs);
}

// What codesign writes: the code directory, requirements, and the CMS in its wrapper.
inline std::string SignatureWith(const std::string& cms) {
  return SuperBlob({{0, CodeDirectory()}, {2, Blob(0xfade0c01, Big(0, 4))}, {0x10000, Wrapper(cms)}});
}

struct HandMachO {
  std::optional<std::string> signature = {};  // none: no LC_CODE_SIGNATURE
  bool wide = true;
  std::string code = std::string(100, 'c');
  bool signature_first = false;  // in front of the code, else behind
  std::optional<std::uint32_t> magic = {};
  std::optional<std::uint32_t> commands_size = {};
  std::optional<std::uint32_t> signature_at = {};
  std::optional<std::uint32_t> signature_size = {};
  std::uint32_t signature_command_size = 16;
  int signature_commands = 1;

  std::string Bytes() const {
    const std::string uuid = Little(0x1b, 4) + Little(24, 4) + std::string(16, 'u');
    const std::size_t header_size = wide ? 32 : 28;
    const int signatures = signature ? signature_commands : 0;
    const std::size_t size = 2 * uuid.size() + 16 * static_cast<unsigned>(signatures);
    const std::size_t at = header_size + size + (signature_first ? 0 : code.size());
    std::string out = Little(magic.value_or(wide ? 0xfeedfacf : 0xfeedface), 4) + Little(0x0100000c, 4) + Little(0, 4) +
                      Little(2, 4) + Little(2 + static_cast<unsigned>(signatures), 4) +
                      Little(commands_size.value_or(size), 4) + Little(0, wide ? 8 : 4) + uuid;
    for (int i = 0; i < signatures; ++i) {
      out += Little(0x1d, 4) + Little(signature_command_size, 4) + Little(signature_at.value_or(at), 4) +
             Little(signature_size.value_or(signature->size()), 4);
    }
    out += uuid;
    const std::string signature_bytes = signature.value_or("");
    return out + (signature_first ? signature_bytes + code : code + signature_bytes);
  }
};

struct HandSlice {
  std::string bytes;
  std::optional<std::uint64_t> at = {};
  std::optional<std::uint64_t> size = {};
};

// The slices lie in the file's `order`, e.g. {1, 0}, each at a multiple of 64 bytes; empty: in the header's.
inline std::string Fat(const std::vector<HandSlice>& slices, bool wide = false, std::vector<std::size_t> order = {}) {
  for (std::size_t i = 0; order.size() < slices.size(); ++i) order.push_back(i);
  const std::size_t table_end = 8 + slices.size() * (wide ? 32 : 20);
  std::string bytes;
  std::vector<std::size_t> begins(slices.size());
  for (const std::size_t i : order) {
    bytes.append((64 - (table_end + bytes.size()) % 64) % 64, '\0');
    begins[i] = table_end + bytes.size();
    bytes += slices[i].bytes;
  }
  std::string out = Big(wide ? 0xcafebabf : 0xcafebabe, 4) + Big(slices.size(), 4);
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const int width = wide ? 8 : 4;
    out += Big(0x0100000c, 4) + Big(0, 4) + Big(slices[i].at.value_or(begins[i]), width) +
           Big(slices[i].size.value_or(slices[i].bytes.size()), width) + Big(6, 4) + (wide ? Big(0, 4) : "");
  }
  return out + bytes;
}

}  // namespace tegodrop::testing
