// URLs that a server chose: what is taken leads where it says, and no message holds a query or a password.
#include <string>

#include "daemon/net/origin.h"
#include "daemon/portal/signed_url.h"
#include "tests/fuzz/fuzz.h"

namespace tegodrop::fuzzing {

void Try(std::string_view input) {
  const std::string url(input);
  const std::string shown = UrlWithoutQuery(url);
  Must(shown.find_first_of("?#") == std::string::npos, "a query is left out", shown);
  Must(UrlWithoutQuery(shown) == shown, "what was left out stays out", shown);

  const auto origin = ParseOrigin(Secret(url));
  if (origin) {
    Must(origin->key.starts_with("https://") || origin->key.starts_with("http://"), "a server is asked by HTTP");
    const auto again = ParseOrigin(Secret(origin->key));
    Must(again && again->key == origin->key && again->loopback == origin->loopback, "a server is one server",
         origin->key);
  } else {
    MustBePrintable(origin.error().message);
  }
  const auto taken = TakeSignedUrl(url);
  if (taken) {
    Must(origin.has_value(), "what was taken names a server", url);
    Must(origin->loopback || origin->key.starts_with("https://"), "plain http is for this machine alone", url);
    Must(taken->Reveal() == url, "a URL is taken as it is", url);
  } else {
    MustBePrintable(taken.error().message);
  }
  if (Contains(url, "SIGNED")) return;
  const std::string secret = url + "?X-Amz-Signature=SIGNED";
  const auto refused = TakeSignedUrl(secret);
  Must(refused || !Contains(refused.error().message, "SIGNED"), "no message holds a query", secret);
  const auto no_origin = ParseOrigin(Secret(secret));
  Must(no_origin || !Contains(no_origin.error().message, "SIGNED"), "no message holds a query", secret);
}

}  // namespace tegodrop::fuzzing
