// What stands beside a dropped artifact, and under which names artifacts may be dropped. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/cli/submit/options.h"
#include "daemon/intake/sidecar.h"

namespace tegodrop {

// What the daemon reads of a sidecar; a larger one fails its artifact.
inline constexpr std::size_t kLargestSidecar = 64 * 1024;

// Why a file must not be dropped under this name, as a sentence's end ("app.zip ends neither in …"); empty: it may.
std::string NameFault(std::string_view name);

struct MergedSidecar {
  SidecarContent content;
  std::string commit_from;         // "--commit", "--json-sidecar" or the variable's name; empty: there is no commit
  std::vector<std::string> notes;  // what people should know of the commit, each a sentence without its full stop
};

// What --json-sidecar, --commit and the CI's variables say together, each of which may be empty (`given`: the file's
// content; `commit`: as CheckedCommit answers). The variables are asked where neither of the others says anything of
// the commit. `git describe` output goes under ref where there is none. Keys that the daemon does not know are left
// out. kRejected with one sentence where the daemon would not take it, where --json-sidecar and --commit disagree, or
// where its submit_id cannot name a receipt.
Result<MergedSidecar> MergeSidecar(const std::optional<std::string>& given, const std::string& commit,
                                   const std::vector<CiVariable>& environment);

// The text of NAME.json, its known fields alone; and of NAME.sha256, as sha256sum writes it.
std::string SidecarJson(const SidecarContent& content);
std::string SumText(const std::string& sha256, std::string_view artifact_name);

}  // namespace tegodrop
