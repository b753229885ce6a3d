#include "daemon/intake/admission.h"

#include <algorithm>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/base/units.h"
#include "daemon/intake/commit.h"
#include "daemon/intake/sidecar.h"

namespace tegodrop {
namespace {

Failure MakeFailure(FailureKind kind, std::string message, std::string remedy) {
  Failure failure;
  failure.kind = kind;
  failure.message = std::move(message);
  failure.remedy = std::move(remedy);
  return failure;
}

Failure BadSidecar(const std::string& message) {
  return MakeFailure(FailureKind::kBadSidecar, message,
                     "Correct or leave out the sidecar, and drop it and then the artifact again.");
}

Failure Checksum(const std::string& sidecar, const std::string& named, const std::string& actual) {
  return MakeFailure(
      FailureKind::kChecksum, Printable(sidecar) + " names the SHA-256 " + named + ", but the file has " + actual,
      "The file was damaged or replaced on its way, or the sidecar belongs to another: drop both again.");
}

// The portal strips path components of a file name (the page, Common Fields), and would build under another one.
bool Sendable(std::string_view name) { return IsUtf8(name) && name.find('\\') == std::string_view::npos; }

// Keeps the first reason: one is enough to refuse, and the others show after it is mended.
void Refuse(Weighed& weighed, Failure failure) {
  if (!weighed.failure) weighed.failure = std::move(failure);
}

void TakeTexts(const SidecarContent& content, SidecarFacts& facts) {
  facts.present = true;
  // Where what a CI calls so carries a token, that goes no further.
  facts.repository = WithoutCredentials(content.repository);
  if (facts.repository.find("://") != std::string::npos) {
    facts.repository.resize(std::min(facts.repository.find_first_of("?#"), facts.repository.size()));
  }
  if (!content.ref.empty()) facts.ref = WithoutCredentials(content.ref);
  facts.build_url = WithoutCredentials(content.build_url);
  facts.signing_key_id = content.signing_key_id;
  facts.submit_id = content.submit_id;
  facts.labels = content.labels;
}

// The ref of a NAME.json comes before it, whichever is read first.
void TakeDescribed(const SidecarContent& commit, SidecarFacts& facts) {
  if (commit.described.empty()) return;
  facts.present = true;
  if (facts.ref.empty()) facts.ref = commit.described;
}

void WeighSidecar(const FolderSettings& folder, const Inspection::SidecarFile& file, Weighed& weighed) {
  Artifact& artifact = weighed.artifact;
  artifact.sidecar.files.push_back(file.name);
  if (!file.content) {
    return Refuse(weighed, BadSidecar(Printable(file.name) + " cannot be read: " + file.content.error().message));
  }
  auto content = ParseSidecar(file.kind, *file.content, artifact.file_name);
  if (!content) {
    if (file.kind == SidecarKind::kJson) artifact.sidecar.submit_id = SubmitIdOf(*file.content);
    return Refuse(weighed, BadSidecar(Printable(file.name) + " " + content.error().message));
  }
  if (file.kind == SidecarKind::kJson) TakeTexts(*content, artifact.sidecar);
  if (file.kind == SidecarKind::kCommit) TakeDescribed(*content, artifact.sidecar);
  if (!content->commit.empty()) artifact.commit.candidates.push_back({"sidecar", content->commit});
  if (!content->sha256.empty() && !artifact.sha256.empty()) {
    if (content->sha256 == artifact.sha256) {
      weighed.proven = true;
    } else {
      weighed.disproven = true;
      Refuse(weighed, Checksum(file.name, content->sha256, artifact.sha256));
    }
  }
  const std::string& key = content->signing_key_id;
  if (key.empty()) return;
  if (std::find(folder.allow_keys.begin(), folder.allow_keys.end(), key) != folder.allow_keys.end()) {
    weighed.signing_key = key;
    return;
  }
  Refuse(weighed, MakeFailure(FailureKind::kBadSidecar,
                              Printable(file.name) + " asks for the signing key " + Printable(key) +
                                  ", which this folder does not allow",
                              "Add the key's id to allow_keys of the folder '" + folder.name +
                                  "', or leave signing_key_id out, and drop the artifact again."));
}

Failure NotAnArtifact(const std::string& reason) {
  return MakeFailure(FailureKind::kNotAnArtifact, reason,
                     "Drop an APK, AAB or IPA as the build made it, with the ending that it was made with.");
}

Failure BadName(const std::string& name) {
  return MakeFailure(FailureKind::kBadName,
                     !IsUtf8(name) ? "the file's name is not UTF-8"
                                   : "the file's name has a backslash, which the portal may take for a folder's name",
                     "Rename the file, best to letters, digits, dots and hyphens, and drop it again.");
}

Failure TooLarge(std::uint64_t size) {
  return MakeFailure(FailureKind::kTooLarge,
                     "the file has " + std::to_string(size) + " bytes (" + HumanSize(size) +
                         "), and the portal takes at most " + HumanSize(kLargestArtifact),
                     "Make the artifact smaller, for example by app bundles or on-demand resources.");
}

}  // namespace

bool RefusedUnread(std::string_view name, std::uint64_t size) {
  return !Sendable(BaseName(name)) || size > kLargestArtifact;
}

Weighed Weigh(const FolderSettings& folder, const std::string& path, ArtifactKind kind, const Inspection& inspection) {
  Weighed weighed;
  Artifact& artifact = weighed.artifact;
  artifact.file_name = BaseName(path);
  artifact.subfolder = SubfolderOf(path);
  artifact.kind = kind;
  artifact.size = inspection.stat.size;
  artifact.sha256 = inspection.sha256;
  artifact.identity = inspection.identity;
  if (!Sendable(artifact.file_name)) Refuse(weighed, BadName(artifact.file_name));
  if (artifact.size > kLargestArtifact) Refuse(weighed, TooLarge(artifact.size));
  if (inspection.outcome == Inspection::Outcome::kNotAnArtifact) Refuse(weighed, NotAnArtifact(inspection.reason));
  for (const Inspection::SidecarFile& file : inspection.sidecars) WeighSidecar(folder, file, weighed);
  if (weighed.disproven) {
    std::erase_if(artifact.commit.candidates,
                  [](const CommitCandidate& candidate) { return candidate.origin == "sidecar"; });
  }
  AddCommits(folder, inspection.commits, artifact);
  if (inspection.outcome == Inspection::Outcome::kWhole) {
    if (auto missing = CommitMissing(folder, artifact)) Refuse(weighed, std::move(*missing));
  }
  const bool mendable = weighed.failure && (weighed.failure->kind == FailureKind::kBadSidecar ||
                                            weighed.failure->kind == FailureKind::kCommitMissing);
  if (mendable && folder.after == After::kKeep) {
    weighed.failure->remedy += " This folder keeps its files (after: keep): the same bytes again need another name.";
  }
  return weighed;
}

Failure TooLargeForSpool(std::uint64_t size, std::uint64_t limit) {
  return MakeFailure(FailureKind::kTooLarge,
                     "the file has " + std::to_string(size) + " bytes (" + HumanSize(size) +
                         "), and all of the spool may hold " + HumanSize(limit) + " (limits.spool)",
                     "Raise limits.spool and drop the file under another name, or let the daemon move it: give it the "
                     "right to write to the folder, and leave out 'after: keep'.");
}

Failure IncompleteFailure(const std::string& reason) {
  return MakeFailure(
      FailureKind::kIncomplete, reason,
      "The file was cut off on its way or is damaged: copy it again, best under a temporary name that is "
      "then renamed.");
}

Failure UnreadableFailure(const std::string& reason) {
  return MakeFailure(
      FailureKind::kUnreadable, reason,
      "Give the service's user the right to read the file (its group, or mode 0640), and drop it again.");
}

}  // namespace tegodrop
