// What a store says of a part of an object: `Content-Range` and `ETag`. A range that is taken lies within its bounds,
// and is written and read again as the same.
#include "daemon/delivery/content_range.h"

#include <string>

#include "tests/fuzz/fuzz.h"

namespace tegodrop::fuzzing {

void Try(std::string_view input) {
  if (IsStrongEtag(input)) {
    Must(input.size() >= 2 && input.front() == '"' && input.back() == '"', "a strong tag stands in quotes", input);
    Must(input.find_first_of("\r\n") == std::string_view::npos, "a tag can be sent back", input);
  }
  const auto range = ParseContentRange(input);
  if (!range) return;
  Must(range->first.has_value() == range->last.has_value(), "a range has both ends", input);
  Must(range->first || range->total, "a range says something", input);
  Must(!range->first || *range->first <= *range->last, "a range does not run backwards", input);
  Must(!range->first || !range->total || *range->last < *range->total, "a range lies within the object", input);
  const std::string bytes = range->first ? std::to_string(*range->first) + "-" + std::to_string(*range->last) : "*";
  const std::string text = "bytes " + bytes + "/" + (range->total ? std::to_string(*range->total) : "*");
  const auto again = ParseContentRange(text);
  Must(again && again->first == range->first && again->last == range->last && again->total == range->total,
       "a range is read again as the same", text);
}

}  // namespace tegodrop::fuzzing
