#include "daemon/portal/refusal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "daemon/base/digest.h"
#include "daemon/base/safe_json.h"
#include "daemon/base/text.h"
#include "daemon/portal/json_body.h"
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
    return "the portal redirects to " + (to ? Printable(UrlWithoutQuery(*to).substr(0, 200)) : std::string("nowhere")) +
           ", is portal.url right?";
  }
  if (OfAGateway(answer)) return "something answers in the portal's place, is portal.url right?";
  return "the portal is in trouble";
}

std::string AsJson(std::string_view text) {
  std::string body = JsonBody().Text("", text).Take();  // {"":"text"}
  return body.substr(5, body.size() - 7);
}

// The ASCII character that a number in this base names; 0 where there is none.
char Numbered(std::string_view digits, int base) {
  unsigned value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  const bool whole = read.ec == std::errc() && read.ptr == digits.data() + digits.size();
  return whole && value < 0x80 ? static_cast<char>(value) : '\0';
}

// What an entity without its '&' and ';' stands for; 0 where it is none that hides ASCII.
char Entity(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, char>, 5> kNames{
      {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
  for (const auto& [known, meant] : kNames) {
    if (name == known) return meant;
  }
  if (name.starts_with("#x")) return Numbered(name.substr(2), 16);
  return name.starts_with('#') ? Numbered(name.substr(1), 10) : '\0';
}

std::string WithoutEntities(std::string_view text) {
  constexpr std::size_t kLongest = 8;
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::size_t end = text[at] == '&' ? text.substr(0, at + kLongest).find(';', at) : std::string_view::npos;
    const char meant = end == std::string_view::npos ? '\0' : Entity(text.substr(at + 1, end - at - 1));
    out += meant == '\0' ? text[at] : meant;
    if (meant != '\0') at = end;
  }
  return out;
}

std::string WithoutPercents(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view digits = text.substr(at + 1, 2);
    unsigned value = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    const bool coded = text[at] == '%' && digits.size() == 2 && read.ptr == digits.data() + 2;
    out += coded ? static_cast<char>(value) : text[at] == '+' ? ' ' : text[at];
    if (coded) at += 2;
  }
  return out;
}

// However often JSON was put into JSON: without its backslashes it reads the same. Without case, for base64 in URLs and
// what shouts.
std::string Reduced(std::string_view text) {
  std::string out = ToLowerAscii(text);
  std::erase(out, '\\');
  return out;
}

using Spellings = std::array<Secret, 3>;

bool Has(std::string_view text, const Spellings& spellings) {
  for (const std::string& view : {Reduced(text), Reduced(WithoutEntities(text)), Reduced(WithoutPercents(text))}) {
    for (const Secret& spelling : spellings) {
      if (view.find(spelling.Reveal()) != std::string::npos) return true;
    }
  }
  return false;
}

// In any text of the value, as it reads without its escapes. Depth is capped by ParseJson.
bool Has(const JsonValue& value, const Spellings& spellings) {
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
  const Spellings spellings = {Secret(Reduced(plain)), Secret(Reduced(AsJson(plain))), Secret(Reduced(Base64(plain)))};
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

void HiddenToken::Add(const Secret& token) {
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
