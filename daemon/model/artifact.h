// An artifact: one app package as somebody dropped it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/model/identity.h"

namespace tegodrop {

enum class ArtifactKind : std::uint8_t { kApk, kAab, kIpa };

// By the name's ending, in any case; nullopt for every other name.
std::optional<ArtifactKind> KindOfName(std::string_view file_name);

// ".apk", ".aab", ".ipa".
std::string_view Extension(ArtifactKind kind);

// The portal's word: "android" for APK and AAB, "ios" for IPA (the portal's page, common fields).
std::string_view PlatformOf(ArtifactKind kind);
// Whether it is that of some kind.
bool IsPlatform(std::string_view word);

// True for names that are passed over in a drop folder without a word: dot files, "~*", and the temporary names of copy
// programs
// (*.part, *.partial, *.filepart, *.crdownload, *.tmp).
bool IsPassedOver(std::string_view file_name);

// True for folders that are passed over inside a drop folder, by any name that IsPassedOver passes over or one that
// storage boxes and operating systems give to what is not for people: @eaDir, #recycle, __MACOSX, lost+found, …
bool IsPassedOverFolder(std::string_view name);

// Where a file stands below its drop folder: "NAME", or "SUB/FOLDER/NAME".
std::string_view BaseName(std::string_view path);     // behind the last slash
std::string_view SubfolderOf(std::string_view path);  // before it; empty: the drop folder itself
std::string JoinPath(std::string_view subfolder, std::string_view name);

enum class SidecarKind : std::uint8_t { kCommit, kSha256, kJson };

// The sidecar kind of "NAME.commit" and so on, where NAME is an artifact's name; nullopt otherwise.
std::optional<SidecarKind> SidecarOf(std::string_view file_name);
// ".commit", ".sha256", ".json".
std::string_view Suffix(SidecarKind kind);

// Whether a sidecar's submit_id may name a receipt: 1 to 64 letters, digits, '.', '_' and '-', no dot in front. With
// any other one the receipt has the job's id.
bool NamesReceipt(std::string_view submit_id);

// Whether it is what `git describe` prints of a commit behind a tag, "v1.2-3-gabcdef0": something, a number, 'g' and 4
// to 64 hex digits, perhaps with "-dirty" or "-broken" at its end. One word of UTF-8; no commit SHA is one.
bool IsDescribeOutput(std::string_view text);

// 40 or 64 hex digits, of either case.
bool IsCommitSha(std::string_view text);

struct CommitCandidate {
  std::string origin;  // "sidecar" | "embedded" | "file_name"
  std::string sha;     // 40 or 64 lowercase hex digits
};

// Where the commit SHA came from; the first candidate wins, all are kept, a disagreement is flagged.
struct CommitFacts {
  std::vector<CommitCandidate> candidates;
  // Empty where there is none.
  std::string sha() const { return candidates.empty() ? std::string() : candidates.front().sha; }
  std::string origin() const { return candidates.empty() ? std::string() : candidates.front().origin; }
  bool conflict() const;
};

struct Label {
  std::string key;
  std::string value;
};

// What the sidecars of an artifact said; every field may be empty.
struct SidecarFacts {
  // A NAME.json was there, or a NAME.commit that gave a ref: the trace's `sidecar` is an object and not null.
  bool present = false;
  std::vector<std::string> files;  // names of the sidecar files claimed with the artifact
  std::string repository;
  std::string ref;
  std::string build_url;
  std::string signing_key_id;
  std::string submit_id;
  std::vector<Label> labels;
};

struct Artifact {
  std::string file_name;  // as dropped, UTF-8 unless the job fails as bad_name
  std::string subfolder;  // below the drop folder, where it was dropped into one; else empty
  ArtifactKind kind = ArtifactKind::kApk;
  std::uint64_t size = 0;
  std::string sha256;  // 64 lowercase hex digits
  AppIdentity identity;
  SidecarFacts sidecar;
  CommitFacts commit;

  // Below the drop folder.
  std::string path() const { return JoinPath(subfolder, file_name); }
};

}  // namespace tegodrop
