// One call of the portal from its question to its answer: credentials, time-outs, errors by reaction. What the clients
// of portal.h and administration.h share.
#pragma once

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/result.h"
#include "daemon/base/secret.h"
#include "daemon/net/transfer.h"
#include "daemon/portal/portal_account.h"
#include "daemon/portal/refusal.h"

namespace tegodrop {

// What one call is: where it goes and how it is told of in errors.
struct PortalCall {
  const char* path = "";
  std::string asked;  // "an upload URL for app.apk"
  std::size_t answer_limit = 1U << 20U;
  std::chrono::seconds total{60};
  bool tenant = true;
  // Takes effect at the portal: where no clear answer came, it may have been done.
  bool effective = false;
  // "the Builds permission": for a 403 that says nothing.
  std::string_view needs = {};
  // What its own rules say; where they refuse it, nothing is sent.
  Status allowed = {};
  // In the request's body: an answer that repeats it loses its words.
  Secret password = {};
};

class PortalCalls {
 public:
  // All three must outlive it, and it the handles that Ask gives.
  PortalCalls(PortalAccount account, Transfer& transfer, const Clock& clock, Log& log);

  // A POST of `body`, or a GET where there is none; `read` makes the answer of a success.
  template <typename T>
  HandlePtr Ask(PortalCall call, std::string body, std::function<Result<T>(std::string_view)> read,
                std::function<void(Result<T>)> done) {
    Permit(&call);
    const std::size_t question = std::hash<std::string>{}(std::string(call.path) + '\n' + body);
    HttpRequest request = Request(call, std::move(body));
    request.again = failed_.contains(question);
    return transfer_.Start(std::move(request), [this, question, call = std::move(call), read = std::move(read),
                                                done = std::move(done)](Result<HttpAnswer> answer) mutable {
      // `done` may destroy the handle and this callback with it: nothing of either is touched after it.
      Result<T> result = Take<T>(call, std::move(answer), read);
      Remember(question, result ? nullptr : &result.error());
      const auto last = std::move(done);
      last(std::move(result));
    });
  }

  // With every call from now on.
  void UseToken(const Secret& token);

  // A row that was passed over, told of once and not at every look. `what`: which list.
  void TellOfOddRow(const std::string& what, const std::string& why, std::size_t rows);

 private:
  template <typename T>
  Result<T> Take(const PortalCall& call, Result<HttpAnswer> answer,
                 const std::function<Result<T>(std::string_view)>& read) {
    if (!call.allowed) return Fail(OfRules(call));
    if (!answer) return Fail(OfTransfer(call, std::move(answer.error())));
    log_.Debug("portal.answered", "the portal answered", {{"call", call.path}, {"status", answer->status}});
    if (answer->status < 200 || answer->status > 299) return Fail(OfAnswer(call, std::move(*answer)));
    Result<T> result = read(answer->body);
    if (result) return result;
    return Fail(OfReading(call, *answer, std::move(result.error())));
  }

  // Whether the same question failed before, so that its next try is known as one. `error`: none where it succeeded.
  void Remember(std::size_t question, const Error* error);
  // Refuses a call that would leave without credentials.
  void Permit(PortalCall* call) const;
  HttpRequest Request(const PortalCall& call, std::string body) const;
  Error OfRules(const PortalCall& call) const;
  Error OfTransfer(const PortalCall& call, Error error) const;
  Error OfAnswer(const PortalCall& call, HttpAnswer answer) const;
  Error OfReading(const PortalCall& call, const HttpAnswer& answer, Error error) const;
  Error Finished(const PortalCall& call, Error error, int status) const;

  std::string url_;
  const std::string tenant_;
  Status usable_;  // the token has the form of one
  HiddenToken hidden_;
  Secret authorization_;
  Transfer& transfer_;
  const Clock& clock_;
  Log& log_;
  std::string told_;
  std::set<std::size_t> failed_;  // questions, hashed, whose last try met passing trouble
};

}  // namespace tegodrop
