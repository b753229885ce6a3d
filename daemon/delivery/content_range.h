// What a store says of a part of an object: Content-Range, and the ETag by which it knows the same bytes again. Pure:
// no input makes them throw.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tegodrop {

// `bytes 5-9/10`: first 5, last 9 (inclusive), total 10. `bytes */10`, of a 416: a total alone. `bytes 5-9/*`: no
// total.
struct ContentRange {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;  // there exactly where `first` is
  std::optional<std::uint64_t> total;
};

// nullopt for everything else: another unit, a number that does not fit, a last byte before the first one or outside
// the total, bytes behind it, and `bytes */*`. White space around it is no fault.
std::optional<ContentRange> ParseContentRange(std::string_view text);

// Whether this is one strong entity tag, fit to be sent back in If-Range: `"…"` without W/, and no longer than a store
// has reason to make it.
bool IsStrongEtag(std::string_view text);

}  // namespace tegodrop
