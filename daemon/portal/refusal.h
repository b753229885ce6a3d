// Answers of the portal that are no success, as errors by the reaction that they ask for.
#pragma once

#include <string>
#include <string_view>
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
  explicit HiddenToken(const Secret& token) { Add(token); }
  // Another one besides: an answer to a request from before may still repeat the old one.
  void Add(const Secret& token);
  std::string Cleaned(std::string text) const;

 private:
  std::vector<Secret> spellings_;
};

// Whether text that a server chose repeats `secret`, plainly or as JSON, HTML, a URL or base64 would write it; in a
// JSON text also where its escapes hide it.
bool Repeats(std::string_view text, const Secret& secret);

// Stands in the place of words that repeat a password: all of them go, for what stays around a gap tells what it was.
constexpr std::string_view kLeftOut = "its words are left out, they repeat the password";

// Takes what repeats `password` out of an answer that is no success: its body, and headers that are shown.
void LeaveOut(const Secret& password, HttpAnswer* answer);

}  // namespace tegodrop
