#include "daemon/portal/refusal.h"

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/base/digest.h"
#include "daemon/base/text.h"
#include "daemon/portal/json_body.h"
#include "daemon/portal/safe_json.h"
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
      return answer.status == 401 ? "the portal refused the credentials" : "the portal does not permit it";
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

std::string AsJson(std::string_view text) {
  std::string body = JsonBody().Text("", text).Take();  // {"":"text"}
  return body.substr(5, body.size() - 7);
}

std::string AsHtml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\'') {
      out += "&#39;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string AsUrl(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : "%" + ToHex(std::string_view(&c, 1));
  }
  return out;
}

bool Has(std::string_view text, const std::array<Secret, 5>& spellings) {
  const std::string lower = ToLowerAscii(text);
  return std::any_of(spellings.begin(), spellings.end(), [&](const Secret& spelling) {
    return lower.find(ToLowerAscii(spelling.Reveal())) != std::string::npos;
  });
}

// In any text of the value, as it reads without its escapes. Depth is capped by ParseJson.
bool Has(const JsonValue& value, const std::array<Secret, 5>& spellings) {
  if (value.IsString()) return Has(std::string_view(value.GetString(), value.GetStringLength()), spellings);
  if (value.IsArray()) {
    return std::any_of(value.Begin(), value.End(), [&](const JsonValue& one) { return Has(one, spellings); });
  }
  if (!value.IsObject()) return false;
  for (const auto& member : value.GetObject()) {
    if (Has(member.name, spellings) || Has(member.value, spellings)) return true;
  }
  return false;
}

}  // namespace

bool Repeats(std::string_view text, const Secret& secret) {
  const std::string_view plain = secret.Reveal();
  if (plain.empty()) return false;
  const std::array<Secret, 5> spellings = {secret, Secret(AsJson(plain)), Secret(AsHtml(plain)), Secret(AsUrl(plain)),
                                           Secret(Base64(plain))};
  if (Has(text, spellings)) return true;
  const Result<rapidjson::Document> document = ParseJson(text);
  return document && Has(*document, spellings);
}

void LeaveOut(const Secret& password, HttpAnswer* answer) {
  std::erase_if(answer->headers, [&](const auto& header) { return Repeats(header.second, password); });
  if (!Repeats(answer->body, password)) return;
  // In the answer's own form, by which a gateway's is told from the portal's.
  const bool json = Trim(answer->body).starts_with('{');
  answer->body = json ? JsonBody().Text("message", kLeftOut).Take() : std::string(kLeftOut);
}

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
