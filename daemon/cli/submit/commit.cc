#include "daemon/cli/submit/commit.h"

#include <utility>

#include "daemon/base/text.h"
#include "daemon/model/artifact.h"

namespace tegodrop {
namespace {

Unexpected Refuse(std::string sentence) { return Fail(ErrorKind::kRejected, std::move(sentence)); }

void TakeDescribed(const std::string& source, const std::string& text, MergedSidecar& merged) {
  std::string& ref = merged.content.ref;
  if (ref.empty()) ref = text;
  merged.notes.push_back(source + " holds git describe output, which is no commit SHA: " +
                         (ref == text ? "it goes under ref" : "left out, since the sidecar has a ref"));
}

void AskEnvironment(const std::vector<CiVariable>& environment, MergedSidecar& merged) {
  for (const CiVariable& variable : environment) {
    const std::string value(Trim(variable.value));
    if (IsCommitSha(value)) {
      merged.content.commit = ToLowerAscii(value);
      merged.commit_from = variable.name;
      merged.notes.push_back("the commit is " + merged.content.commit + ", from " + variable.name);
      return;
    }
    if (IsDescribeOutput(value)) {
      TakeDescribed(variable.name, value, merged);
    } else if (!value.empty()) {
      // Its text is not repeated: it may be anything.
      merged.notes.push_back(variable.name + " holds no commit SHA of 40 or 64 hex digits: passed over");
    }
  }
}

}  // namespace

Result<std::string> CheckedCommit(std::string_view commit) {
  const std::string_view text = Trim(commit);
  if (IsCommitSha(text)) return ToLowerAscii(text);
  if (IsDescribeOutput(text)) return std::string(text);
  constexpr std::size_t kShown = 80;
  return Refuse("wants a commit SHA of 40 or 64 hex digits, as git rev-parse HEAD prints it, and not '" +
                Printable(commit.substr(0, kShown)) + (commit.size() > kShown ? "…'" : "'") +
                "; a tag or branch goes under ref in --json-sidecar");
}

Status SettleCommit(const std::string& commit, const std::vector<CiVariable>& environment, MergedSidecar& merged) {
  SidecarContent& content = merged.content;
  const bool describes = IsDescribeOutput(commit);
  const std::string& other = describes ? content.described : content.commit;
  if (!commit.empty() && !other.empty() && commit != other) {
    return Refuse("has the commit_sha " + other + ", and --commit is " + commit);
  }
  const bool silent = commit.empty() && content.commit.empty() && content.described.empty();
  if (!content.described.empty()) TakeDescribed("commit_sha of --json-sidecar", content.described, merged);
  if (!content.commit.empty()) merged.commit_from = "--json-sidecar";
  if (describes) {
    if (commit != content.described) TakeDescribed("--commit", commit, merged);
  } else if (!commit.empty()) {
    content.commit = commit;
    merged.commit_from = "--commit";
  }
  if (silent) AskEnvironment(environment, merged);
  return {};
}

}  // namespace tegodrop
