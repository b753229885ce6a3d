#include "daemon/model/artifact.h"

#include <algorithm>
#include <array>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr std::array kKinds{ArtifactKind::kApk, ArtifactKind::kAab, ArtifactKind::kIpa};
constexpr std::array kSidecars{SidecarKind::kCommit, SidecarKind::kSha256, SidecarKind::kJson};
constexpr std::array<std::string_view, 7> kNeverEntered{
    "@eaDir", "#recycle", "#snapshot", "__MACOSX", "$RECYCLE.BIN", "System Volume Information", "lost+found"};
constexpr std::array<std::string_view, 5> kTemporary{".part", ".partial", ".filepart", ".crdownload", ".tmp"};

}  // namespace

std::string_view Extension(ArtifactKind kind) {
  switch (kind) {
    case ArtifactKind::kApk:
      return ".apk";
    case ArtifactKind::kAab:
      return ".aab";
    case ArtifactKind::kIpa:
      return ".ipa";
  }
  return "";
}

std::optional<ArtifactKind> KindOfName(std::string_view file_name) {
  for (const ArtifactKind kind : kKinds) {
    if (file_name.size() > Extension(kind).size() && EndsWithNoCase(file_name, Extension(kind))) return kind;
  }
  return std::nullopt;
}

std::string_view PlatformOf(ArtifactKind kind) { return kind == ArtifactKind::kIpa ? "ios" : "android"; }

bool IsPlatform(std::string_view word) {
  return word == PlatformOf(ArtifactKind::kApk) || word == PlatformOf(ArtifactKind::kIpa);
}

bool IsPassedOver(std::string_view file_name) {
  if (file_name.empty() || file_name.front() == '.' || file_name.front() == '~') return true;
  return std::any_of(kTemporary.begin(), kTemporary.end(),
                     [&](std::string_view suffix) { return EndsWithNoCase(file_name, suffix); });
}

bool IsPassedOverFolder(std::string_view name) {
  return IsPassedOver(name) || std::find(kNeverEntered.begin(), kNeverEntered.end(), name) != kNeverEntered.end();
}

std::string_view BaseName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string_view SubfolderOf(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string JoinPath(std::string_view subfolder, std::string_view name) {
  return subfolder.empty() ? std::string(name) : std::string(subfolder) + "/" + std::string(name);
}

std::string_view Suffix(SidecarKind kind) {
  switch (kind) {
    case SidecarKind::kCommit:
      return ".commit";
    case SidecarKind::kSha256:
      return ".sha256";
    case SidecarKind::kJson:
      return ".json";
  }
  return "";
}

std::optional<SidecarKind> SidecarOf(std::string_view file_name) {
  for (const SidecarKind kind : kSidecars) {
    const std::string_view suffix = Suffix(kind);
    if (!EndsWithNoCase(file_name, suffix)) continue;
    if (KindOfName(file_name.substr(0, file_name.size() - suffix.size()))) return kind;
  }
  return std::nullopt;
}

bool NamesReceipt(std::string_view submit_id) {
  constexpr std::size_t kLongest = 64;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return !submit_id.empty() && submit_id.size() <= kLongest && submit_id.front() != '.' &&
         std::all_of(submit_id.begin(), submit_id.end(), allowed);
}

bool IsDescribeOutput(std::string_view text) {
  constexpr std::size_t kShortest = 4;
  constexpr std::size_t kLongest = 64;
  const auto no_word = [](char c) { return (c >= 0 && c <= ' ') || c == '\x7f'; };
  if (!IsUtf8(text) || std::any_of(text.begin(), text.end(), no_word)) return false;
  for (const std::string_view mark : {"-dirty", "-broken"}) {
    if (!text.ends_with(mark)) continue;
    text.remove_suffix(mark.size());
    break;
  }
  const std::size_t sha = text.rfind("-g");
  if (sha == std::string_view::npos) return false;
  const std::string_view hex = text.substr(sha + 2);
  if (hex.size() < kShortest || hex.size() > kLongest || !IsHex(hex)) return false;
  text = text.substr(0, sha);
  const std::size_t dash = text.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return false;
  const std::string_view number = text.substr(dash + 1);
  return !number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos;
}

bool IsCommitSha(std::string_view text) { return (text.size() == 40 || text.size() == 64) && IsHex(text); }

bool CommitFacts::conflict() const {
  return std::any_of(candidates.begin(), candidates.end(),
                     [&](const CommitCandidate& candidate) { return candidate.sha != candidates.front().sha; });
}

}  // namespace tegodrop
