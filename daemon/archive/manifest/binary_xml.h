// AndroidManifest.xml as an APK holds it: Android's binary XML. Pure.
#pragma once

#include <string_view>

#include "daemon/base/result.h"
#include "daemon/model/identity.h"

namespace tegodrop {

// What the first element, which must be <manifest>, says. Reads as Android does, which takes chunks that it does not
// know and attributes without a name: protection makes such. A versionName or versionCode that is a reference into the
// resources is left empty. Errors: kCorrupt, with one sentence, for bytes that are no such manifest. Takes no memory to
// speak of, and time in proportion to the bytes.
Result<AppIdentity> ReadBinaryManifest(std::string_view bytes);

}  // namespace tegodrop
