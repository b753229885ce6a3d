// What an inspection says about a candidate: what is known of the artifact, and whether anything in it or in its
// sidecars is a reason to refuse it. Pure.
#pragma once

#include <optional>
#include <string>

#include "config/settings.h"
#include "daemon/model/artifact.h"
#include "daemon/model/failure.h"
#include "daemon/model/job.h"
#include "daemon/share/drop_folder.h"

namespace tegodrop {

// The portal rejects more than 2 GB (its page, "Request An Upload URL").
inline constexpr std::uint64_t kLargestArtifact = 2ULL << 30U;

// Whether the name or the size alone refuse it, whatever it holds.
bool RefusedUnread(std::string_view name, std::uint64_t size);

struct Weighed {
  Artifact artifact;        // all that is known of it
  std::string signing_key;  // asked for by a sidecar and allowed, as written there; empty: none asked for
  bool proven = false;      // a sidecar names the SHA-256 that it has
  bool disproven = false;   // a sidecar names another one: no sidecar's commit is believed
  // Why it is refused once it stands still, by its content or its sidecars; not for what may still become whole
  // (incomplete, unreadable: see Failures below).
  std::optional<Failure> failure;
};

// `path`: below the drop folder.
Weighed Weigh(const FolderSettings& folder, const std::string& path, ArtifactKind kind, const Inspection& inspection);

// A copy of it would never fit.
Failure TooLargeForSpool(std::uint64_t size, std::uint64_t limit);
// Failures that come with time.
Failure IncompleteFailure(const std::string& reason);
Failure UnreadableFailure(const std::string& reason);

}  // namespace tegodrop
