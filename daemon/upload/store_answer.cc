#include "daemon/upload/store_answer.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

// The word in <Code>…</Code> of an object store's error document; empty where there is none.
std::string ErrorCode(std::string_view body) {
  constexpr std::string_view kOpen = "<Code>";
  const std::size_t begin = body.find(kOpen);
  if (begin == std::string_view::npos) return {};
  body.remove_prefix(begin + kOpen.size());
  const std::string_view code = body.substr(0, body.find('<'));
  const bool word = !code.empty() && code.size() <= 64 && std::all_of(code.begin(), code.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
  return word ? std::string(code) : std::string();
}

// A 4xx by its number, but not the request's fault: the store waited too long for bytes that a slow line held up, or
// has enough for the moment. Either way it says that it took nothing.
bool Passes(std::string_view code) {
  return code == "RequestTimeout" || code == "IncompleteBody" || code == "SlowDown";
}

StoreVerdict Make(Stored stored, ErrorKind kind, std::string message) {
  StoreVerdict verdict;
  verdict.stored = stored;
  verdict.error = MakeError(kind, std::move(message));
  verdict.error.outcome_unknown = stored == Stored::kUnknown;
  return verdict;
}

StoreVerdict NoAnswer(const Error& error, bool whole) {
  StoreVerdict verdict;
  verdict.stored = whole ? Stored::kUnknown : Stored::kNo;
  verdict.error = error;
  // A damaged answer is the connection's trouble and says nothing about the artifact.
  if (error.kind != ErrorKind::kBug) verdict.error.kind = ErrorKind::kRetry;
  verdict.error.outcome_unknown = whole;
  return verdict;
}

bool SpeaksOfExpiry(const HttpAnswer& answer) { return ToLowerAscii(answer.body).find("expired") != std::string::npos; }

StoreVerdict ByStatus(const HttpAnswer& answer, bool whole) {
  const int status = answer.status;
  const std::string code = ErrorCode(answer.body);
  const std::string said = "HTTP " + std::to_string(status) + (code.empty() ? "" : " " + code);
  const Stored unless_whole = whole ? Stored::kUnknown : Stored::kNo;
  if (status >= 200 && status <= 299) {
    if (!whole) return Make(Stored::kNo, ErrorKind::kRetry, "the store answered " + said + " before it had everything");
    // Object stores can put an error into the body of a success.
    if (answer.body.find("<Error") != std::string::npos) {
      return Make(Stored::kUnknown, ErrorKind::kRetry, "the store answered " + said + " with an error in it");
    }
    return {Stored::kYes, {}};
  }
  const bool refusal = status >= 400 && status <= 499 && status != 408;
  if (refusal && Passes(code)) {
    return Make(Stored::kNo, ErrorKind::kRetry, "the store did not take the upload (" + said + ")");
  }
  if (status == 401 || status == 403 || (status == 400 && SpeaksOfExpiry(answer))) {
    return Make(Stored::kNo, ErrorKind::kExpired, "the store no longer accepts the upload URL (" + said + ")");
  }
  if (status == 429 || (status >= 300 && status <= 399)) {
    return Make(Stored::kNo, ErrorKind::kRetry, "the store did not take the upload (" + said + ")");
  }
  if (refusal) {
    return Make(Stored::kNo, ErrorKind::kRejected, "the store refused the upload (" + said + ")");
  }
  return Make(unless_whole, ErrorKind::kRetry, "the store failed (" + said + ")");
}

}  // namespace

StoreVerdict JudgeStoreAnswer(const Result<HttpAnswer>& answer, bool whole, WallMs now) {
  if (!answer) return NoAnswer(answer.error(), whole);
  StoreVerdict verdict = ByStatus(*answer, whole);
  if (verdict.stored != Stored::kYes) {
    verdict.error.http_status = answer->status;
    verdict.error.retry_after = answer->RetryAfter(now);
  }
  return verdict;
}

}  // namespace tegodrop
