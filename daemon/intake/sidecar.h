// What stands in sidecars. Pure; the bytes are foreign.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/result.h"
#include "daemon/model/artifact.h"

namespace tegodrop {

// What one sidecar said; every field may be empty.
struct SidecarContent {
  std::string commit;  // 40 or 64 lowercase hex digits
  std::string sha256;  // 64 lowercase hex digits
  std::string repository;
  std::string ref;
  std::string described;  // `git describe` output that stood where a commit SHA may; it is the ref where none is given
  std::string build_url;
  std::string signing_key_id;
  std::string submit_id;
  std::vector<Label> labels;
};

// `content` as read from the file. Accepted: a BOM, UTF-16 with BOM, CRLF, upper-case hex, white space around; in
// .sha256 the form of sha256sum (text and binary mark, escaped names, a path in front of the name), one line or several
// of which one names `artifact_name`, or the bare digest; in .commit one SHA; in .json its known keys (others are
// ignored), all optional, null allowed. In place of a SHA `git describe` output is accepted, which gives no commit.
// kCorrupt with one sentence that says what is wrong, and what is allowed.
Result<SidecarContent> ParseSidecar(SidecarKind kind, std::string_view content, std::string_view artifact_name);

// The submit_id of a .json that ParseSidecar refuses for something else, so that whoever waits for its receipt hears of
// it; empty where there is none that names a receipt.
std::string SubmitIdOf(std::string_view content);

}  // namespace tegodrop
