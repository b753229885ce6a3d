#include "daemon/archive/kind_finder.h"

#include <string>

namespace tegodrop {
namespace {

// "Payload/<X>.app/Info.plist" at exactly that depth: an app inside the app has a longer path.
bool IsAppManifest(std::string_view name) {
  constexpr std::string_view kHead = "Payload/";
  constexpr std::string_view kTail = ".app/Info.plist";
  if (name.size() <= kHead.size() + kTail.size()) return false;
  if (name.substr(0, kHead.size()) != kHead || name.substr(name.size() - kTail.size()) != kTail) return false;
  const std::string_view app = name.substr(kHead.size(), name.size() - kHead.size() - kTail.size());
  return app.find('/') == std::string_view::npos;
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
