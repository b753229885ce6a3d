// Who an APK says it is signed by, from APK Signature Scheme v2, v3 or v3.1. The claim alone: whether the signatures
// are valid is apksigner's to say.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"

namespace tegodrop {

// `block` is the value, behind the id, of the scheme's pair in the signing block. Gives the SHA-256 of each signer's
// own certificate (the first of those that come with it) as 64 lowercase hex digits, in order, each once; at least one.
// The certificates are not looked into, and what follows them is not read. kCorrupt where the lengths do not fit, where
// a signer has no certificate, and where there is no signer or more than 100. Copies nothing of `block`.
Result<std::vector<std::string>> SignersOfApkScheme(std::string_view block);

}  // namespace tegodrop
