// What makes a ZIP an artifact of its kind, and a signed one: both are told by the names of entries.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/model/artifact.h"

namespace tegodrop {

// Whether the entries seen make an artifact of the kind.
class KindFinder {
 public:
  explicit KindFinder(ArtifactKind kind) : kind_(kind) {}
  void See(std::string_view name, std::uint64_t size);
  // kRejected, with what is missing or too many.
  Status Judge() const;
  // The entries of a signature are there: of a JAR (APK Signature Scheme v1, app bundles) or of an iOS app.
  bool has_signature() const { return kind_ == ArtifactKind::kIpa ? resources_ : manifest_ && !blocks_.empty(); }

  // Names of entries that were seen; empty where there is none:
  const std::string& manifest() const { return app_manifest_; }      // what says which app it is
  const std::string& commit() const { return commit_; }              // version-control-info.textproto (APK, AAB)
  const std::string& provisioning() const { return provisioning_; }  // embedded.mobileprovision (IPA)
  // The signature blocks of a JAR, at most kMostBlocks; and whether there are more.
  const std::vector<std::string>& signature_blocks() const { return blocks_; }
  bool has_more_blocks() const { return more_blocks_; }

  static constexpr std::size_t kMostBlocks = 10;  // as many signers as apksigner takes

 private:
  ArtifactKind kind_;
  bool resources_ = false;           // Payload/<name>.app/_CodeSignature/CodeResources
  bool manifest_ = false;            // META-INF/<name>.SF
  std::vector<std::string> blocks_;  // META-INF/<name>.RSA, .DSA or .EC
  bool more_blocks_ = false;
  std::string app_manifest_;
  std::string commit_;
  std::string provisioning_;
  int found_ = 0;
  bool empty_ = false;
};

}  // namespace tegodrop
