#include "daemon/portal/portal_calls.h"

#include "daemon/base/digest.h"
#include "daemon/portal/words.h"

namespace tegodrop {
namespace {

Status CheckToken(const Secret& token) {
  const std::string_view text = token.Reveal();
  const std::size_t colon = text.find(':');
  const bool usable = colon != std::string_view::npos && colon > 0 && colon + 1 < text.size() &&
                      text.find_first_of(" \t\r\n") == std::string_view::npos;
  if (usable) return {};
  return Fail(ErrorKind::kSignIn, text.empty() ? "there is no token" : "the token is not one line KEY:SECRET");
}

}  // namespace

PortalCalls::PortalCalls(PortalAccount account, Transfer& transfer, const Clock& clock, Log& log)
    : url_(std::move(account.url)),
      tenant_(std::move(account.tenant)),
      usable_(CheckToken(account.token)),
      hidden_(account.token),
      authorization_("Bearer " + Base64(account.token.Reveal())),
      transfer_(transfer),
      clock_(clock),
      log_(log) {
  while (!url_.empty() && url_.back() == '/') url_.pop_back();
}

void PortalCalls::UseToken(const Secret& token) {
  usable_ = CheckToken(token);
  hidden_.Add(token);
  authorization_ = Secret("Bearer " + Base64(token.Reveal()));
}

void PortalCalls::TellOfOddRow(const std::string& what, const std::string& why, std::size_t rows) {
  std::string telling = what + ": " + why;
  if (telling == told_) return;
  told_ = std::move(telling);
  log_.Warning("portal.odd_row", "rows of " + what + " were passed over: " + hidden_.Cleaned(why),
               {{"rows", static_cast<std::uint64_t>(rows)}});
}

void PortalCalls::Remember(std::size_t question, const Error* error) {
  constexpr std::size_t kMost = 4096;  // more are not asked at once
  if (error == nullptr || error->kind != ErrorKind::kRetry) {
    failed_.erase(question);
  } else if (!error->held_back && failed_.size() < kMost) {
    failed_.insert(question);
  }
}

void PortalCalls::Permit(PortalCall* call) const {
  if (call->allowed && !usable_) call->allowed = usable_;
}

HttpRequest PortalCalls::Request(const PortalCall& call, std::string body) const {
  HttpRequest request;
  // A request without a URL is refused by the transfer from the loop, and no byte of it leaves: the refusal comes in
  // the same way, and can be cancelled like, any other answer.
  if (!call.allowed) return request;
  request.method = body.empty() ? "GET" : "POST";
  request.url = Secret(url_ + "/" + call.path);
  request.headers.push_back({"Authorization", authorization_});
  if (call.tenant) request.headers.push_back({"tenant", Secret(tenant_)});
  request.headers.push_back({"Accept", Secret(std::string("application/json"))});
  if (!body.empty()) request.headers.push_back({"Content-Type", Secret(std::string("application/json"))});
  request.body = std::move(body);
  request.answer_limit = call.answer_limit;
  request.answer_timeout = call.total;
  request.total_timeout = call.total;
  request.fresh_connection = call.effective;
  return request;
}

Error PortalCalls::OfRules(const PortalCall& call) const {
  Error error = call.allowed.error();
  error.message = Shortened(hidden_.Cleaned("cannot ask for " + call.asked + ": " + error.message));
  return error;
}

// Without a whole answer the same may be asked again, whatever cut it short; only what takes effect cares whether it
// left.
Error PortalCalls::OfTransfer(const PortalCall& call, Error error) const {
  if (error.kind == ErrorKind::kCorrupt) error.kind = ErrorKind::kRetry;
  error.message = Shortened(hidden_.Cleaned("asked for " + call.asked + ": " + error.message));
  error.outcome_unknown = call.effective && error.outcome_unknown;
  return error;
}

Error PortalCalls::OfAnswer(const PortalCall& call, HttpAnswer answer) const {
  if (!call.password.empty()) LeaveOut(call.password, &answer);
  Error error = ErrorOfAnswer(answer, call.asked, clock_.Wall());
  if (answer.status == 403 && !call.needs.empty() && PortalWords(answer.body).empty()) {
    error.message += "; it needs " + std::string(call.needs);
  }
  return Finished(call, std::move(error), answer.status);
}

Error PortalCalls::OfReading(const PortalCall& call, const HttpAnswer& answer, Error error) const {
  if (!call.password.empty() && Repeats(answer.body, call.password)) {
    error.message = "the portal's answer is not what its page promises; " + std::string(kLeftOut);
  }
  error.message = "asked for " + call.asked + ": " + error.message;
  return Finished(call, std::move(error), answer.status);
}

Error PortalCalls::Finished(const PortalCall& call, Error error, int status) const {
  error.http_status = status;
  error.message = Shortened(hidden_.Cleaned(std::move(error.message)));
  // A gateway that gave up, or an answer that nobody understands, says nothing about what the portal did.
  if (call.effective && error.kind == ErrorKind::kRetry) error.outcome_unknown = true;
  return error;
}

}  // namespace tegodrop
