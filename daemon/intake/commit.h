// Which commit an artifact was built from: what its sidecars, its content and its name say. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"
#include "daemon/model/artifact.h"
#include "daemon/model/failure.h"
#include "daemon/model/identity.h"

namespace tegodrop {

// Adds to what the sidecars said, in the order in which they count: what was written into the artifact (of an IPA under
// the folder's commit_keys, in their order), then what the folder's commit_pattern finds in its name. Only 40 or 64 hex
// digits count.
void AddCommits(const FolderSettings& folder, const std::vector<EmbeddedCommit>& embedded, Artifact& artifact);

// Why an artifact without a commit is refused; nullopt where it has one, or the folder takes it without.
std::optional<Failure> CommitMissing(const FolderSettings& folder, const Artifact& artifact);

// "sidecar says aaaa…, embedded says bbbb…", for people.
std::string CommitsInWords(const CommitFacts& commit);

}  // namespace tegodrop
