// The regular expression that finds a commit SHA in a file name (a folder's commit_pattern). Pure. By RE2, whose time
// grows with the name's length alone, whatever the pattern is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tegodrop {

// What is wrong with the pattern, to follow it ("has no group …"); empty: nothing.
std::string CommitPatternFault(const std::string& pattern);

// What the pattern's group finds in the name, wherever it fits first; nullopt where it fits nowhere, or the pattern has
// a fault.
std::optional<std::string> FindByPattern(const std::string& pattern, std::string_view name);

}  // namespace tegodrop
