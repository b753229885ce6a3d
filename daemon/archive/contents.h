// What the entries of an artifact say of it: which app it is, which commits were written into it, who signed it.
// Internal.
#pragma once

#include <string>
#include <vector>

#include "daemon/archive/kind_finder.h"
#include "daemon/archive/zip_reader.h"
#include "daemon/base/result.h"
#include "daemon/model/artifact.h"
#include "daemon/model/identity.h"

namespace tegodrop {

struct Contents {
  AppIdentity identity;
  std::string fault;  // why nothing is known of its identity; empty: its manifest was read
  std::vector<EmbeddedCommit> commits;
  std::string executable;  // the name of the main executable's entry (IPA); empty: not known
};

// What cannot be read of it is not known: of a manifest the fault says why. kLocalDisk where the file cannot be read.
Result<Contents> ReadContents(ZipReader& zip, ArtifactKind kind, const KindFinder& entries);

// SHA-256 of the certificates that the signature blocks of a JAR name; kCorrupt or kRejected where one cannot be read,
// kLocalDisk where the file cannot.
Result<std::vector<std::string>> ReadJarSigners(ZipReader& zip, const KindFinder& entries);

}  // namespace tegodrop
