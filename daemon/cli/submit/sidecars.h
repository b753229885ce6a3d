// What stands beside a dropped artifact, and under which names artifacts may be dropped. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/result.h"
#include "daemon/intake/sidecar.h"

namespace tegodrop {

// What the daemon reads of a sidecar; a larger one fails its artifact.
inline constexpr std::size_t kLargestSidecar = 64 * 1024;

// Why a file must not be dropped under this name, as a sentence's end ("app.zip ends neither in …"); empty: it may.
std::string NameFault(std::string_view name);

// Lower-case hex, or kRejected with what is allowed.
Result<std::string> CheckedCommit(std::string_view commit);

// What --json-sidecar and --commit say together; either may be empty (`given`: the file's content). Keys that the
// daemon does not know are left out. kRejected with one sentence where the daemon would not take it, where the two
// disagree, or where its submit_id cannot name a receipt.
Result<SidecarContent> MergeSidecar(const std::optional<std::string>& given, const std::string& commit,
                                    std::string_view artifact_name);

// The text of NAME.json, its known fields alone; and of NAME.sha256, as sha256sum writes it.
std::string SidecarJson(const SidecarContent& content);
std::string SumText(const std::string& sha256, std::string_view artifact_name);

}  // namespace tegodrop
