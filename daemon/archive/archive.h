// An artifact as a ZIP: whether a dropped file is whole and of its kind, and the checks of what came back protected.
// Blocking, for worker threads; libzip does the reading, the end record and the signing block are read here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/archive/file_window.h"
#include "daemon/base/block_crcs.h"
#include "daemon/base/result.h"
#include "daemon/model/artifact.h"
#include "daemon/model/check.h"
#include "daemon/model/identity.h"

namespace tegodrop {

enum class ArchiveVerdict : std::uint8_t {
  kWhole,
  kIncomplete,     // not (yet) a whole ZIP: perhaps still being written
  kNotAnArtifact,  // a whole ZIP without the entry that its kind must have, or one that no build could take
};

struct SourceVerdict {
  ArchiveVerdict verdict = ArchiveVerdict::kIncomplete;
  std::string reason;  // one sentence for people, empty with kWhole
  // With kWhole, as far as its manifest can be read.
  AppIdentity identity;
  std::vector<EmbeddedCommit> commits;
};

// Looks at the first `size` bytes behind `fd` (not owned, its position is not used): the end record whose comment
// reaches the end of the file, the central directory, every local header, and the entry that the kind must have:
// AndroidManifest.xml (APK), BundleConfig.pb (AAB), exactly one Payload/<X>.app/Info.plist (IPA). With `full_crc` every
// entry is inflated too: that catches a zero-filled middle. Entries, sizes and the inflate ratio are capped against
// bombs. Errors: kLocalDisk where the file cannot be read.
Result<SourceVerdict> CheckSource(int fd, std::uint64_t size, ArtifactKind kind, bool full_crc);
Result<SourceVerdict> CheckSource(PositionedRead read_at, std::uint64_t size, ArtifactKind kind, bool full_crc);

// The archive checks of a protected output, each with a stable id: "zip_structure" (end record meets the central
// directory), "zip_entries" (every entry inflates with its CRC and size; no duplicate, absolute or `..` name), "kind"
// (the expected entry is there), "signing_block" (APK: well formed where there is one; else skipped), "signature"
// (which signatures it carries, valid or not; skipped where it carries none), "provisioning" (IPA: whether there is a
// profile). All are there in every answer. And what it is: an output that failed one of them may say nothing of it.
// One pass over all that it inflates to; what is stored as it is is not read again where `crcs` (null: none) took all
// of the file's bytes. Errors: kLocalDisk where the file cannot be read.
Result<ProtectedFacts> CheckProtected(int fd, std::uint64_t size, ArtifactKind kind, const BlockCrcs* crcs = nullptr);
Result<ProtectedFacts> CheckProtected(PositionedRead read_at, std::uint64_t size, ArtifactKind kind,
                                      const BlockCrcs* crcs = nullptr);

}  // namespace tegodrop
