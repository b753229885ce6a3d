// The texts in the top-level dictionary of a binary property list ("bplist00"). Pure.
//
// Read here and not by libplist 2.2.0, which makes a copy of an object wherever it is named and calls itself for each
// level: 221 bytes, an array of ten times an array of ten times …, took 1.4 GiB, and 5500 levels overran a stack of 512
// KiB. Both are legal forms, which no look at the bytes beforehand tells from harmless ones without reading all
// objects. Here objects below the dictionary are not looked at, so that neither can happen.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "daemon/base/result.h"

namespace tegodrop {

// A pair of the dictionary, whose value is a text.
using TakeText = std::function<void(const std::string& key, const std::string& value)>;

// Gives each such pair to `take`, in the file's order; values of other types, and keys and values that are no text (see
// AsText), are passed over. Errors: kCorrupt, with what is wrong, for bytes that are no binary property list with a
// dictionary of at most 10,000 pairs at its top; some pairs may have been given before. Takes no memory to speak of,
// and time in proportion to the bytes.
Status ReadBinaryPlist(std::string_view bytes, const TakeText& take);

}  // namespace tegodrop
