#include "daemon/archive/contents.h"

#include <algorithm>
#include <utility>

#include "daemon/archive/manifest/binary_xml.h"
#include "daemon/archive/manifest/info_plist.h"
#include "daemon/archive/manifest/proto_xml.h"
#include "daemon/archive/manifest/version_control.h"
#include "daemon/archive/signer/pkcs7_signers.h"

namespace tegodrop {
namespace {

// Real manifests have some 100 KiB at most, and all of one is held in memory.
constexpr std::size_t kLargestManifest = 4UL << 20U;
constexpr std::size_t kLargestCommitEntry = 64UL << 10U;
constexpr std::size_t kLargestSignatureBlock = 1UL << 20U;

bool OfDisk(const Error& error) { return error.kind == ErrorKind::kLocalDisk; }

Result<Contents> ParseManifest(ArtifactKind kind, const std::string& entry, std::string_view bytes) {
  Contents contents;
  if (kind != ArtifactKind::kIpa) {
    Result<AppIdentity> identity = kind == ArtifactKind::kApk ? ReadBinaryManifest(bytes) : ReadProtoManifest(bytes);
    if (!identity) return Fail(identity.error());
    contents.identity = std::move(*identity);
    return contents;
  }
  Result<InfoPlist> plist = ReadInfoPlist(bytes);
  if (!plist) return Fail(plist.error());
  contents.identity = std::move(plist->identity);
  contents.commits = std::move(plist->commits);
  const bool plain = !plist->executable.empty() && plist->executable.find('/') == std::string::npos;
  if (plain) contents.executable = entry.substr(0, entry.rfind('/') + 1) + plist->executable;
  return contents;
}

}  // namespace

Result<Contents> ReadContents(ZipReader& zip, ArtifactKind kind, const KindFinder& entries) {
  Contents contents;
  const std::string& manifest = entries.manifest();
  if (manifest.empty()) {
    contents.fault = "it has no manifest";
  } else {
    const Result<std::string> bytes = zip.ReadEntry(manifest, kLargestManifest);
    if (!bytes && OfDisk(bytes.error())) return Fail(bytes.error());
    Result<Contents> read = bytes ? ParseManifest(kind, manifest, *bytes) : Fail(bytes.error());
    if (read) {
      contents = std::move(*read);
    } else {
      contents.fault = read.error().message;
    }
  }
  if (entries.commit().empty()) return contents;
  const Result<std::string> text = zip.ReadEntry(entries.commit(), kLargestCommitEntry);
  if (!text && OfDisk(text.error())) return Fail(text.error());
  if (text) contents.commits = ReadVersionControlInfo(*text);
  return contents;
}

Result<std::vector<std::string>> ReadJarSigners(ZipReader& zip, const KindFinder& entries) {
  if (entries.has_more_blocks()) return Fail(ErrorKind::kRejected, "it has more than 10 signature blocks");
  std::vector<std::string> all;
  for (const std::string& block : entries.signature_blocks()) {
    const Result<std::string> bytes = zip.ReadEntry(block, kLargestSignatureBlock);
    if (!bytes) return Fail(bytes.error());
    const Result<std::vector<std::string>> signers = SignersOfPkcs7(*bytes);
    if (!signers) return Fail(signers.error());
    for (const std::string& signer : *signers) {
      if (std::find(all.begin(), all.end(), signer) == all.end()) all.push_back(signer);
    }
  }
  return all;
}

}  // namespace tegodrop
