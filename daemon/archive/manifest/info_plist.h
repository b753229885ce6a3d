// An app's Info.plist: an XML or a binary ("bplist00") property list, and nothing else. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/model/identity.h"

namespace tegodrop {

// A larger one is refused; real ones have some ten KiB.
constexpr std::size_t kLargestInfoPlist = std::size_t{1} << 20U;

struct InfoPlist {
  AppIdentity identity;
  // Each top-level key whose value is a string of 40 or 64 hex digits, in the file's order, at most 32 of them. Which
  // of them are commits the keys decide, and not this reader.
  std::vector<EmbeddedCommit> commits;
  std::string executable;  // CFBundleExecutable
};

// What is missing, is no string, or is longer than 1 KiB, stays empty; of a key that is there twice the last counts.
// Errors: kCorrupt, with one sentence, for bytes that are no such property list, have no dictionary at their top, or
// are XML with more than 3000 arrays and dictionaries or 4000 entities. Needs less than 200 KiB of stack, and memory of
// some twenty times the bytes.
Result<InfoPlist> ReadInfoPlist(std::string_view bytes);

}  // namespace tegodrop
