// Answers of the portal that are no success, as errors by the reaction that they ask for.
#pragma once

#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/error.h"
#include "daemon/base/secret.h"
#include "daemon/net/transfer.h"

namespace tegodrop {

// 401, 403: kSignIn. 429: kSlowDown. 408, 5xx, 3xx: kRetry. Other 4xx: kRejected. With Retry-After, and with the
// portal's own words. `asked`: what for, e.g. "an upload URL for app.apk".
Error ErrorOfAnswer(const HttpAnswer& answer, const std::string& asked, WallMs now);

// Takes the token out of text that a server chose: an error page may repeat the request's headers.
class HiddenToken {
 public:
  // `token`: KEY:SECRET.
  explicit HiddenToken(const Secret& token);
  std::string Cleaned(std::string text) const;

 private:
  std::vector<Secret> spellings_;
};

}  // namespace tegodrop
