// Protocol buffers' wire format, field by field, of one message; a message inside of it is bytes for another reader, so
// that nothing recurses. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "daemon/base/result.h"

namespace tegodrop {

struct WireField {
  std::uint32_t number = 0;
  bool is_bytes = false;  // a string or a message: `bytes`; else a varint or a fixed number: `value`
  std::uint64_t value = 0;
  std::string_view bytes;

  bool Holds(std::uint32_t wanted) const { return is_bytes && number == wanted; }
};

class WireReader {
 public:
  // The bytes must outlive the reader and its fields.
  explicit WireReader(std::string_view message) : rest_(message) {}

  // nullopt at the end. Errors: kCorrupt for what is no field; ask no further then.
  Result<std::optional<WireField>> Next();

 private:
  std::optional<std::uint64_t> Varint();
  std::optional<std::uint64_t> Fixed(std::size_t size);

  std::string_view rest_;
};

}  // namespace tegodrop
