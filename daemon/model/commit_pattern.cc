#include "daemon/model/commit_pattern.h"

#include <re2/re2.h>

namespace tegodrop {
namespace {

// Names may be of any bytes: what is not UTF-8 is refused elsewhere, by its own reason.
RE2::Options Quietly() {
  RE2::Options options(RE2::Quiet);
  options.set_encoding(RE2::Options::EncodingLatin1);
  return options;
}

}  // namespace

std::string CommitPatternFault(const std::string& pattern) {
  const RE2 regex(pattern, Quietly());
  if (!regex.ok()) return "is no regular expression (as RE2 reads it): " + regex.error();
  const int groups = regex.NumberOfCapturingGroups();
  if (groups == 1) return "";
  return "has " + std::to_string(groups) + " groups in ( ) where exactly one must find the commit SHA; (?: ) groups " +
         "without finding";
}

std::optional<std::string> FindByPattern(const std::string& pattern, std::string_view name) {
  const RE2 regex(pattern, Quietly());
  std::string found;
  if (!regex.ok() || regex.NumberOfCapturingGroups() != 1) return std::nullopt;
  if (!RE2::PartialMatch(re2::StringPiece(name.data(), name.size()), regex, &found)) return std::nullopt;
  return found;
}

}  // namespace tegodrop
