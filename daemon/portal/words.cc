#include "daemon/portal/words.h"

#include <array>
#include <optional>

#include "daemon/base/safe_json.h"
#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr std::size_t kLongest = 600;
constexpr std::size_t kReadAtMost = 16UL * 1024;  // of a page that may be megabytes
constexpr std::array<std::string_view, 6> kKeys{"message", "error", "detail", "errors", "error_message", "reason"};

// Depth is capped by ParseJson.
std::string WordsIn(const JsonValue& value) {
  if (value.IsString()) return {value.GetString(), value.GetStringLength()};
  if (value.IsArray()) {
    for (const JsonValue& one : value.GetArray()) {
      if (std::string words = WordsIn(one); !words.empty()) return words;
    }
    return "";
  }
  for (const std::string_view key : kKeys) {
    const JsonValue* member = Member(value, key);
    if (member == nullptr) continue;
    if (std::string words = WordsIn(*member); !words.empty()) return words;
  }
  return "";
}

// What stands between <tag…> and </tag>, in any case; empty where there is none.
std::string_view Between(std::string_view body, const std::string& lower, std::string_view tag) {
  const std::size_t open = lower.find("<" + std::string(tag));
  if (open == std::string::npos) return {};
  const std::size_t begin = lower.find('>', open);
  if (begin == std::string::npos) return {};
  const std::size_t end = lower.find("</" + std::string(tag), begin);
  if (end == std::string::npos) return {};
  return Trim(body.substr(begin + 1, end - begin - 1));
}

bool IsMarkup(std::string_view body) { return Trim(body).substr(0, 1) == "<"; }

// What a browser would show of an HTML page: no head, no scripts, no styles, no tags.
std::string ShownText(std::string_view body, const std::string& lower) {
  std::string out;
  for (std::size_t at = 0; at < body.size();) {
    if (body[at] != '<') {
      out += body[at++];
      continue;
    }
    std::size_t end = lower.find('>', at);
    for (const std::string_view hidden : {"head>", "head ", "title", "script", "style"}) {
      if (lower.compare(at + 1, hidden.size(), hidden) != 0) continue;
      const std::size_t close = lower.find("</" + std::string(Trim(hidden.substr(0, hidden.find('>')))), at);
      end = close == std::string::npos ? close : lower.find('>', close);
      break;
    }
    out += ' ';
    at = end == std::string::npos ? body.size() : end + 1;
  }
  return out;
}

std::string WordsOfMarkup(std::string_view body) {
  body = body.substr(0, kReadAtMost);
  const std::string lower = ToLowerAscii(body);
  if (const std::string_view words = Between(body, lower, "message"); !words.empty()) return std::string(words);
  const std::string title(Between(body, lower, "title"));
  const std::string shown(Trim(ShownText(body, lower)));
  if (title.empty() || shown.empty() || shown.starts_with(title)) return shown.empty() ? title : shown;
  return title + ": " + shown;
}

std::string OneLine(std::string_view text) {
  std::string out;
  for (const char c : Trim(text)) {
    const bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!space) {
      out += c;
    } else if (out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

std::string Presentable(std::string_view text) {
  return Printable(WithoutQueries(OneLine(text.substr(0, kReadAtMost))));
}

bool IsSomething(const JsonValue* value) {
  if (value == nullptr || value->IsFalse()) return false;
  if (value->IsString()) return value->GetStringLength() > 0;
  if (value->IsArray()) return !value->Empty();
  if (value->IsObject()) return !value->ObjectEmpty();
  if (value->IsNumber()) return value->GetDouble() != 0;
  return true;
}

}  // namespace

std::string WithoutQueries(std::string_view text) {
  constexpr std::string_view kEnds = " \t\r\n\"'<>";
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const bool escaped = ToLowerAscii(text.substr(at, 6)) == "\\u003f";
    if (!escaped && text[at] != '?') {
      out += text[at++];
      continue;
    }
    at += escaped ? 6 : 1;
    out += '?';
    const std::size_t end = std::min(text.find_first_of(kEnds, at), text.size());
    if (end > at) out += "…";
    at = end;
  }
  return out;
}

std::string PortalMessage(std::string_view body) {
  std::string words;
  if (const Result<rapidjson::Document> document = ParseJson(body)) {
    words = WordsIn(*document);
  } else if (IsMarkup(body)) {
    words = WordsOfMarkup(body);
  }
  return Presentable(words);
}

std::string PortalWords(std::string_view body) {
  if (std::string message = PortalMessage(body); !message.empty()) return message;
  const Result<rapidjson::Document> document = ParseJson(body);
  if (!document) return Presentable(body);
  // Written anew, so that no escape hides what must be left out.
  return document->IsNull() ? "" : Presentable(JsonText(*document));
}

std::string Shortened(std::string text) {
  if (text.size() <= kLongest) return text;
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

bool SaysItFailed(std::string_view body) {
  const Result<rapidjson::Document> document = ParseJson(body);
  if (!document) return IsMarkup(body);
  return IsSomething(Member(*document, "error")) || IsSomething(Member(*document, "errors")) ||
         BoolMember(*document, "success") == false;
}

}  // namespace tegodrop
