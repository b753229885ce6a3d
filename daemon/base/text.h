// Text that came from elsewhere: checked as UTF-8, and made safe to print.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tegodrop {

// True where every byte belongs to a well-formed UTF-8 sequence (no overlong forms, no surrogates, at most U+10FFFF).
bool IsUtf8(std::string_view text);

// The text as one line that a terminal and a log can show: control bytes, bytes that are not UTF-8 and the Unicode
// characters that reorder or break lines appear as \xNN or \uNNNN; everything else stays.
std::string Printable(std::string_view text);

// "https://a.example/path" of a signed URL: everything from '?' or '#' on is left out, user and password too.
std::string UrlWithoutQuery(std::string_view url);

std::string ToLowerAscii(std::string_view text);
std::string ToHex(std::string_view bytes);
// Without white space at either end (space, tab, CR, LF).
std::string_view Trim(std::string_view text);
bool EndsWithNoCase(std::string_view text, std::string_view suffix);
// A URL without the user, the password or the token in front of its host: such a thing stands in what CI systems call
// the repository's address, and must reach no record. The user alone of a scheme other than http stays ("ssh://git@…").
std::string WithoutCredentials(std::string_view url);

// Digits 0-9, a-f, A-F only, and not empty.
bool IsHex(std::string_view text);

// The candidate nearest to `word` by edit distance, for "did you mean"; empty where none is near (more than a third of
// the word's length, at least 2).
std::string Nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace tegodrop
