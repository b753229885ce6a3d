// Text as Android's and Apple's formats store it, as UTF-8. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tegodrop {

// No name and no version that a manifest means is longer; what is longer counts as not said, so that a file of a few
// bytes cannot make many large texts. In bytes of UTF-8.
constexpr std::size_t kLongestText = 1024;

// UTF-16 without a byte order mark; nullopt for half a letter.
std::optional<std::string> Utf16ToUtf8(std::string_view bytes, bool big_endian);

// What Android's tools write as UTF-8: a letter beyond U+FFFF is two surrogates of three bytes each. Well-formed UTF-8
// stays as it is; nullopt for what is neither.
std::optional<std::string> ModifiedUtf8ToUtf8(std::string_view bytes);

// The text, or nullopt where it is longer than kLongestText, not UTF-8, or has a NUL.
std::optional<std::string> AsText(std::optional<std::string> text);

}  // namespace tegodrop
