// The strings of Android's binary formats, numbered, as UTF-8 or UTF-16.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/result.h"

namespace tegodrop {

class StringPool {
 public:
  // Of the chunk's bytes, header included; they must outlive the pool. kCorrupt where its table is not inside of it.
  static Result<StringPool> Read(std::string_view chunk);

  // nullopt where there is no such string or it is no text (see AsText). Takes time for one text, however many there
  // are.
  std::optional<std::string> Text(std::uint32_t index) const;

 private:
  std::string_view offsets_;  // four bytes each
  std::string_view strings_;
  bool utf8_ = false;
};

}  // namespace tegodrop
