#include "daemon/portal/refusal.h"

#include <utility>

#include "daemon/base/digest.h"
#include "daemon/base/text.h"
#include "daemon/portal/words.h"

namespace tegodrop {
namespace {

// Shorter pieces occur by chance, and would give themselves away by what is missing.
constexpr std::size_t kShortestHidden = 8;

// What a gateway says in the portal's place while that is being replaced, or under a wrong portal.url.
bool OfAGateway(const HttpAnswer& answer) {
  const bool status = answer.status == 404 || answer.status == 405 || answer.status == 421 || answer.status == 425;
  return status && !Trim(answer.body).starts_with('{');
}

ErrorKind KindOf(const HttpAnswer& answer) {
  const int status = answer.status;
  if (status == 401 || status == 403) return ErrorKind::kSignIn;
  if (status == 429) return ErrorKind::kSlowDown;
  if (status == 408 || status < 400 || status >= 500 || OfAGateway(answer)) return ErrorKind::kRetry;
  return ErrorKind::kRejected;
}

std::string Opening(const HttpAnswer& answer) {
  switch (KindOf(answer)) {
    case ErrorKind::kSignIn:
      return "the portal refused the credentials, or they lack the permission";
    case ErrorKind::kSlowDown:
      return "the portal has enough for now (concurrent builds or quota)";
    case ErrorKind::kRejected:
      return "the portal refused it";
    default:
      break;
  }
  if (answer.status >= 300 && answer.status < 400) {
    const auto to = answer.Header("location");
    return "the portal redirects to " + (to ? UrlWithoutQuery(*to).substr(0, 200) : std::string("nowhere")) +
           ", is portal.url right?";
  }
  if (OfAGateway(answer)) return "something answers in the portal's place, is portal.url right?";
  return "the portal is in trouble";
}

}  // namespace

Error ErrorOfAnswer(const HttpAnswer& answer, const std::string& asked, WallMs now) {
  std::string message = "asked for " + asked + ": " + Opening(answer) + " (HTTP " + std::to_string(answer.status) + ")";
  if (const std::string words = PortalWords(answer.body); !words.empty()) message += ": " + words;
  Error error = MakeError(KindOf(answer), std::move(message));
  error.http_status = answer.status;
  error.retry_after = answer.RetryAfter(now);
  return error;
}

HiddenToken::HiddenToken(const Secret& token) {
  const std::string_view plain = token.Reveal();
  const std::size_t colon = plain.find(':');
  spellings_.emplace_back(Base64(plain));
  spellings_.emplace_back(std::string(plain));
  if (colon != std::string_view::npos) {
    spellings_.emplace_back(std::string(plain.substr(colon + 1)));
    spellings_.emplace_back(std::string(plain.substr(0, colon)));
  }
}

std::string HiddenToken::Cleaned(std::string text) const {
  constexpr std::string_view kInstead = "(token)";
  for (const Secret& spelling : spellings_) {
    const std::string_view hidden = spelling.Reveal();
    if (hidden.size() < kShortestHidden) continue;
    for (std::size_t at = text.find(hidden); at != std::string::npos; at = text.find(hidden, at + kInstead.size())) {
      text.replace(at, hidden.size(), kInstead);
    }
  }
  return text;
}

}  // namespace tegodrop
