// What a fuzz target is: a function that takes any bytes, and ends the process where something that must hold does not.
// With --config=fuzz libFuzzer makes up the bytes; otherwise each file of the committed corpus is read once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/text.h"

namespace tegodrop::fuzzing {

// Defined by each target.
void Try(std::string_view input);

// Ends the process, with the sentence that does not hold and the text that it is about.
[[noreturn]] void Found(std::string_view sentence, std::string_view about);

inline void Must(bool holds, std::string_view sentence, std::string_view about = {}) {
  if (!holds) Found(sentence, about);
}

// What people see: one line of UTF-8 without control bytes.
inline void MustBePrintable(std::string_view text) {
  Must(IsUtf8(text) && Printable(text) == text, "a message is one printable line", text);
}

inline bool Contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// Numbers and pieces from the front of an input; the rest is the text.
class Pieces {
 public:
  explicit Pieces(std::string_view input) : rest_(input) {}
  std::uint8_t Byte() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  // Up to the next line's end, or all of it.
  std::string_view Line() {
    const std::size_t end = rest_.find('\n');
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return line;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace tegodrop::fuzzing
