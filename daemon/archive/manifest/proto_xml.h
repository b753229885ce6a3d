// base/manifest/AndroidManifest.xml as an AAB holds it: the message XmlNode of aapt2's Resources.proto. Pure.
#pragma once

#include <string_view>

#include "daemon/base/result.h"
#include "daemon/model/identity.h"

namespace tegodrop {

// What the top element, which must be <manifest>, says; its children are not looked at. A number that aapt2 compiled
// counts before the text it stands for ("0x10" is 16). A versionName or versionCode that is a reference into the
// resources is left empty. Errors: kCorrupt, with one sentence, for bytes that are no such manifest. Takes no memory to
// speak of, and time in proportion to the bytes.
Result<AppIdentity> ReadProtoManifest(std::string_view bytes);

}  // namespace tegodrop
