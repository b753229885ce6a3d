// What makes a ZIP an artifact of its kind, and a signed one: both are told by the names of entries.
#pragma once

#include <cstdint>
#include <string_view>

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
  bool has_signature() const { return kind_ == ArtifactKind::kIpa ? resources_ : manifest_ && block_; }

 private:
  ArtifactKind kind_;
  bool resources_ = false;  // Payload/<name>.app/_CodeSignature/CodeResources
  bool manifest_ = false;   // META-INF/<name>.SF
  bool block_ = false;      // META-INF/<name>.RSA, .DSA or .EC
  int found_ = 0;
  bool empty_ = false;
};

}  // namespace tegodrop
