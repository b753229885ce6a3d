// Manifests of all kinds, chosen by the first byte ('0' to '3'): an identity that is text, or a refusal that says why.
#include <set>
#include <string>
#include <vector>

#include "daemon/archive/manifest/binary_xml.h"
#include "daemon/archive/manifest/info_plist.h"
#include "daemon/archive/manifest/proto_xml.h"
#include "daemon/archive/manifest/version_control.h"
#include "tests/fuzz/fuzz.h"

namespace tegodrop::fuzzing {
namespace {

void MustBeAText(std::string_view text) {
  Must(IsUtf8(text) && text.size() <= 1024 && !Contains(text, std::string_view("\0", 1)), "what is said is a text",
       text);
}

void MustBeTexts(const AppIdentity& identity) {
  MustBeAText(identity.package);
  MustBeAText(identity.version_name);
  MustBeAText(identity.version_code);
}

void MustSayWhy(const Error& error) {
  MustBePrintable(error.message);
  Must(error.kind == ErrorKind::kCorrupt && !error.message.empty(), "a refusal says why");
}

void MustBeCommits(const std::vector<EmbeddedCommit>& commits) {
  Must(commits.size() <= 32, "commits are few");
  for (const EmbeddedCommit& commit : commits) {
    MustBeAText(commit.key);
    Must(commit.sha.size() == 40 || commit.sha.size() == 64, "a commit has its length", commit.sha);
    Must(IsHex(commit.sha) && ToLowerAscii(commit.sha) == commit.sha, "a commit is lower-case hex", commit.sha);
  }
}

void TryManifest(const Result<AppIdentity>& read) {
  if (!read) return MustSayWhy(read.error());
  MustBeTexts(*read);
}

void TryInfoPlist(std::string_view bytes) {
  const Result<InfoPlist> read = ReadInfoPlist(bytes);
  if (!read) return MustSayWhy(read.error());
  MustBeTexts(read->identity);
  MustBeAText(read->executable);
  MustBeCommits(read->commits);
  std::set<std::string> keys;
  for (const EmbeddedCommit& commit : read->commits) {
    Must(keys.insert(commit.key).second, "a key is there once", commit.key);
  }
}

void TryVersionControlInfo(std::string_view text) {
  const std::vector<EmbeddedCommit> commits = ReadVersionControlInfo(text);
  MustBeCommits(commits);
  std::set<std::string> shas;
  for (const EmbeddedCommit& commit : commits) {
    Must(commit.key == "revision", "the key is the field's name", commit.key);
    Must(shas.insert(commit.sha).second, "a commit is there once", commit.sha);
  }
}

}  // namespace

void Try(std::string_view input) {
  Pieces pieces(input);
  switch (pieces.Byte() % 4) {
    case 0:
      return TryManifest(ReadBinaryManifest(pieces.rest()));
    case 1:
      return TryManifest(ReadProtoManifest(pieces.rest()));
    case 2:
      return TryInfoPlist(pieces.rest());
    default:
      return TryVersionControlInfo(pieces.rest());
  }
}

}  // namespace tegodrop::fuzzing
