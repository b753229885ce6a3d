#include "daemon/intake/commit.h"

#include "daemon/base/text.h"
#include "daemon/model/commit_pattern.h"

namespace tegodrop {
namespace {

std::string FoundInName(const FolderSettings& folder, const Artifact& artifact) {
  if (!folder.commit_pattern) return "";
  return FindByPattern(*folder.commit_pattern, artifact.file_name).value_or("");
}

}  // namespace

void AddCommits(const FolderSettings& folder, const std::vector<EmbeddedCommit>& embedded, Artifact& artifact) {
  std::vector<CommitCandidate>& candidates = artifact.commit.candidates;
  if (artifact.kind != ArtifactKind::kIpa) {
    for (const EmbeddedCommit& one : embedded) candidates.push_back({"embedded", one.sha});
  } else {
    for (const std::string& key : folder.commit_keys) {
      for (const EmbeddedCommit& one : embedded) {
        if (one.key == key) candidates.push_back({"embedded", one.sha});
      }
    }
  }
  const std::string found = FoundInName(folder, artifact);
  if (IsCommitSha(found)) candidates.push_back({"file_name", ToLowerAscii(found)});
}

std::optional<Failure> CommitMissing(const FolderSettings& folder, const Artifact& artifact) {
  if (!folder.require_commit || !artifact.commit.candidates.empty()) return std::nullopt;
  Failure failure;
  failure.kind = FailureKind::kCommitMissing;
  failure.message = "nothing says which commit it was built from, and the folder '" + folder.name +
                    "' takes nothing without (require_commit)";
  const std::string found = FoundInName(folder, artifact);
  if (!found.empty()) {
    failure.message += "; its name says " + Printable(found.substr(0, 80)) + ", which is no SHA of 40 or 64 hex digits";
  }
  failure.remedy = "Put " + Printable(artifact.file_name) +
                   ".commit with the full SHA beside it before the artifact, or use 'tegodrop submit --commit SHA'.";
  return failure;
}

std::string CommitsInWords(const CommitFacts& commit) {
  std::string words;
  for (const CommitCandidate& one : commit.candidates) {
    words += (words.empty() ? "" : ", ") + one.origin + " says " + one.sha;
  }
  return words;
}

}  // namespace tegodrop
