// What an app's manifest calls it, and which commit was written into it. Pure.
#pragma once

#include <string>

namespace tegodrop {

// As the manifest says, verbatim; empty where it does not say, or says it by a reference into its resources.
//                 APK, AAB                  IPA
//   package       package                   CFBundleIdentifier
//   version_name  android:versionName       CFBundleShortVersionString
//   version_code  android:versionCode, in   CFBundleVersion
//                 decimal digits
struct AppIdentity {
  std::string package;
  std::string version_name;
  std::string version_code;

  bool operator==(const AppIdentity&) const = default;
};

// A commit SHA that the build wrote into the artifact.
struct EmbeddedCommit {
  std::string key;  // the Info.plist's key; "revision" of version-control-info.textproto
  std::string sha;  // 40 or 64 lowercase hex digits

  bool operator==(const EmbeddedCommit&) const = default;
};

}  // namespace tegodrop
