// What a signed URL must be before anything is sent to it.
#pragma once

#include <string>
#include <string_view>

#include "daemon/base/result.h"
#include "daemon/base/secret.h"

namespace tegodrop {

// The URL where it is https, or plain http to a loopback address, and written without tricks (user names, spaces,
// backslashes, control bytes); else kRetry, naming it without its query.
Result<Secret> TakeSignedUrl(std::string url);

}  // namespace tegodrop
