// The one way by which text gets into the page.
#pragma once

#include <string>
#include <string_view>

namespace tegodrop {

// For the content of an element and for an attribute's value in quotes: markup is escaped, and what a terminal could
// not show (control bytes, bytes that are not UTF-8, characters that turn text around) appears as escapes.
std::string Escaped(std::string_view text);

// At most so many characters, with an ellipsis in the middle where some are left out. Not escaped.
std::string Shortened(std::string_view text, std::size_t most);

}  // namespace tegodrop
