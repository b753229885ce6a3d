// What a request's end means: an answer, or which error.
#include "daemon/base/text.h"
#include "daemon/net/curl_request.h"

namespace tegodrop {
namespace {

// libcurl's own words where it has some, but never with a URL's query in them.
std::string CurlText(CURLcode code, std::string_view text) {
  if (code == CURLE_ABORTED_BY_CALLBACK || code == CURLE_SEND_FAIL_REWIND) {
    return "the connection was closed before an answer came";  // our own refusal to send again
  }
  std::string out =
      text.empty() || text.find('?') != std::string_view::npos ? curl_easy_strerror(code) : Printable(text);
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    out += "; a certificate authority that the system does not know is named by portal.ca_file";
  }
  return out;
}

bool IsLostConnection(CURLcode code) {
  return code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_PARTIAL_FILE;
}

}  // namespace

Result<HttpAnswer> CurlRequest::Judge(CURLcode code) {
  if (failure_) return Fail(failure_is_ours_ ? Describe(failure_->kind, failure_->message) : *failure_);
  const bool cut_refusal =
      IsLostConnection(code) && body_size_ > 0 && answer_.headers_done() && answer_.status() >= 300;
  // A server that answers before it has read all and closes: libcurl fails in sending or at the close, with the answer
  // in its hands. A refusal counts even where the close has cut its body.
  const bool answered = answer_.headers_done() && (code == CURLE_OK || (IsLostConnection(code) && answer_.whole()));
  if (!answered && !cut_refusal) return Fail(Describe(code));
  if (answer_.status() < 300 && body_size_ > 0 && !body_left_) {
    return Fail(Describe(ErrorKind::kRetry, "the answer is a success, but came before all was sent"));
  }
  return answer_.Take();
}

Error CurlRequest::Describe(CURLcode code) const {
  if (code == CURLE_PARTIAL_FILE && answer_.to_sink()) {
    return Describe(ErrorKind::kCorrupt,
                    "the answer was cut short after " + std::to_string(answer_.received()) + " bytes");
  }
  if (code == CURLE_OPERATION_TIMEDOUT && deadlines_.connecting()) {
    if (const auto due = deadlines_.Next()) return Describe(ErrorKind::kRetry, due->what);
  }
  return Describe(ErrorKind::kRetry,
                  code == CURLE_OK ? "this is no answer of HTTP" : CurlText(code, curl_text_.data()));
}

Error CurlRequest::Describe(ErrorKind kind, const std::string& what) const {
  Error error = MakeError(kind, request_.method + " " + UrlWithoutQuery(request_.url.Reveal()) + ": " + what);
  error.http_status = answer_.began() ? answer_.status() : 0;
  error.outcome_unknown = RequestLeft();
  return error;
}

bool CurlRequest::RequestLeft() const {
  if (!requested_) return false;
  if (body_size_ > 0) return body_left_;
  // Of a request without a body libcurl tells only how many bytes left, over all tries. It is small enough to leave in
  // one piece.
  long bytes = 0;
  return easy_ != nullptr && curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &bytes) == CURLE_OK && bytes > 0;
}

}  // namespace tegodrop
