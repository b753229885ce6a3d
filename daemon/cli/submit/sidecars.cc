#include "daemon/cli/submit/sidecars.h"

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/base/json.h"
#include "daemon/base/text.h"
#include "daemon/cli/submit/commit.h"
#include "daemon/model/artifact.h"

namespace tegodrop {
namespace {

// Of every file system that a drop folder stands on.
constexpr std::size_t kLongestName = 255;

Unexpected Refuse(std::string sentence) { return Fail(ErrorKind::kRejected, std::move(sentence)); }

}  // namespace

std::string NameFault(std::string_view name) {
  if (!IsUtf8(name)) return "has a name that is not UTF-8: rename it";
  if (IsPassedOver(name)) return "has a name that drop folders pass over (a dot file, '~…', a temporary name)";
  if (!KindOfName(name)) return "ends neither in .apk nor in .aab nor in .ipa";
  if (name.size() + Suffix(SidecarKind::kSha256).size() > kLongestName) {
    return "has a name so long that no sidecar's name fits: shorten it";
  }
  return "";
}

Result<MergedSidecar> MergeSidecar(const std::optional<std::string>& given, const std::string& commit,
                                   const std::vector<CiVariable>& environment) {
  MergedSidecar merged;
  SidecarContent& content = merged.content;
  if (given) {
    if (given->size() > kLargestSidecar) return Refuse("is larger than the 64 KiB that are read of a sidecar");
    auto parsed = ParseSidecar(SidecarKind::kJson, *given, "");
    if (!parsed) return Refuse(parsed.error().message);
    content = std::move(*parsed);
  }
  if (!content.submit_id.empty() && !NamesReceipt(content.submit_id)) {
    return Refuse(
        "has the submit_id '" + Printable(content.submit_id) +
        "', which cannot name a receipt: 1 to 64 letters, digits, '.', '_' and '-' can, with no dot in front");
  }
  if (auto settled = SettleCommit(commit, environment, merged); !settled) return Fail(settled.error());
  return merged;
}

std::string SidecarJson(const SidecarContent& content) {
  Json json(2);
  json.Begin();
  const std::array<std::pair<std::string_view, const std::string*>, 7> fields{{
      {"commit_sha", &content.commit},
      {"repository", &content.repository},
      {"ref", &content.ref},
      {"build_url", &content.build_url},
      {"sha256", &content.sha256},
      {"signing_key_id", &content.signing_key_id},
      {"submit_id", &content.submit_id},
  }};
  for (const auto& [key, value] : fields) {
    if (!value->empty()) json.Text(key, *value);
  }
  if (!content.labels.empty()) {
    json.Begin("labels");
    for (const Label& label : content.labels) json.Text(label.key, label.value);
    json.End();
  }
  json.End();
  return json.Finish();
}

std::string SumText(const std::string& sha256, std::string_view artifact_name) {
  // sha256sum escapes such names; the digest alone says the same, since the file's own name says whom it is about.
  if (artifact_name.find_first_of("\\\n\r") != std::string_view::npos) return sha256 + "\n";
  return sha256 + "  " + std::string(artifact_name) + "\n";
}

}  // namespace tegodrop
