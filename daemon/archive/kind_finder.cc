#include "daemon/archive/kind_finder.h"

#include <string>

namespace tegodrop {
namespace {

// Whether `name` is `head`, something without a slash, and `tail`.
bool IsBetween(std::string_view name, std::string_view head, std::string_view tail) {
  if (name.size() <= head.size() + tail.size() || !name.starts_with(head) || !name.ends_with(tail)) return false;
  const std::string_view middle = name.substr(head.size(), name.size() - head.size() - tail.size());
  return middle.find('/') == std::string_view::npos;
}

// At exactly that depth: an app inside the app has a longer path.
bool IsAppManifest(std::string_view name) { return IsBetween(name, "Payload/", ".app/Info.plist"); }

bool IsSignatureBlock(std::string_view name) {
  return IsBetween(name, "META-INF/", ".RSA") || IsBetween(name, "META-INF/", ".DSA") ||
         IsBetween(name, "META-INF/", ".EC");
}

bool IsKindEntry(ArtifactKind kind, std::string_view name) {
  switch (kind) {
    case ArtifactKind::kApk:
      return name == "AndroidManifest.xml";
    case ArtifactKind::kAab:
      return name == "BundleConfig.pb";
    case ArtifactKind::kIpa:
      return IsAppManifest(name);
  }
  return false;
}

// As aapt2 and bundletool place it; an IPA's is the entry of its kind.
bool IsManifest(ArtifactKind kind, std::string_view name) {
  if (kind == ArtifactKind::kAab) return name == "base/manifest/AndroidManifest.xml";
  return IsKindEntry(kind, name);
}

// What the Android Gradle Plugin writes into release builds; protection may strip it.
bool IsCommitEntry(ArtifactKind kind, std::string_view name) {
  if (kind == ArtifactKind::kApk) return name == "META-INF/version-control-info.textproto";
  return kind == ArtifactKind::kAab && name == "base/root/META-INF/version-control-info.textproto";
}

std::string_view NeededEntry(ArtifactKind kind) {
  switch (kind) {
    case ArtifactKind::kApk:
      return "AndroidManifest.xml";
    case ArtifactKind::kAab:
      return "BundleConfig.pb";
    case ArtifactKind::kIpa:
      return "Payload/<name>.app/Info.plist";
  }
  return "";
}

std::string_view KindName(ArtifactKind kind) {
  switch (kind) {
    case ArtifactKind::kApk:
      return "APK";
    case ArtifactKind::kAab:
      return "Android App Bundle";
    case ArtifactKind::kIpa:
      return "IPA";
  }
  return "";
}

}  // namespace

void KindFinder::See(std::string_view name, std::uint64_t size) {
  resources_ = resources_ || IsBetween(name, "Payload/", ".app/_CodeSignature/CodeResources");
  manifest_ = manifest_ || IsBetween(name, "META-INF/", ".SF");
  if (IsSignatureBlock(name)) {
    more_blocks_ = blocks_.size() == kMostBlocks;
    if (!more_blocks_) blocks_.emplace_back(name);
  }
  if (IsManifest(kind_, name)) app_manifest_ = name;
  if (IsCommitEntry(kind_, name)) commit_ = name;
  if (IsBetween(name, "Payload/", ".app/embedded.mobileprovision")) provisioning_ = name;
  if (!IsKindEntry(kind_, name)) return;
  ++found_;
  empty_ = empty_ || size == 0;
}

Status KindFinder::Judge() const {
  const std::string needed(NeededEntry(kind_));
  if (found_ == 0) {
    return Fail(ErrorKind::kRejected,
                "it is a ZIP but not an " + std::string(KindName(kind_)) + ": there is no " + needed);
  }
  if (found_ > 1) return Fail(ErrorKind::kRejected, "there is more than one " + needed);
  if (empty_) return Fail(ErrorKind::kRejected, "its " + needed + " is empty");
  return {};
}

}  // namespace tegodrop
