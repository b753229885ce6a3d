#include "daemon/portal/portal_client.h"

#include <chrono>
#include <utility>

#include "daemon/base/digest.h"
#include "daemon/base/text.h"
#include "daemon/portal/refusal.h"
#include "daemon/portal/wire.h"
#include "daemon/portal/words.h"

namespace tegodrop {
namespace {

using std::chrono::seconds;

// What one call is: where it goes and how it is told of in errors.
struct Call {
  const char* path;
  std::string asked;  // "an upload URL for app.apk"
  std::size_t answer_limit = 1U << 20U;
  seconds total = seconds(60);
  bool tenant = true;
  // Takes effect at the portal: where no clear answer came, it may have been done.
  bool effective = false;
};

class PortalClient final : public Portal {
 public:
  PortalClient(PortalAccount account, Transfer& transfer, const Clock& clock, Log& log)
      : url_(std::move(account.url)),
        tenant_(std::move(account.tenant)),
        hidden_(account.token),
        authorization_("Bearer " + Base64(account.token.Reveal())),
        transfer_(transfer),
        clock_(clock),
        log_(log) {
    while (!url_.empty() && url_.back() == '/') url_.pop_back();
  }

  HandlePtr RequestUpload(const UploadRequest& request, std::function<void(Result<UploadGrant>)> done) override {
    Call call{"upload_application_build", "an upload URL for " + Shown(request.file_name)};
    call.answer_limit = 4U << 20U;  // some 200 part URLs of a few KiB
    return Ask<UploadGrant>(std::move(call), UploadBody(request), ReadUploadGrant, std::move(done));
  }

  HandlePtr CompleteMultipart(const std::string& file_path, const std::string& upload_id,
                              const std::vector<CompletedPart>& parts, std::function<void(Status)> done) override {
    Call call{"complete_multipart_upload", "completing the upload of " + Shown(file_path)};
    call.total = seconds(300);  // object stores put gigabytes together before they answer
    call.effective = true;
    return Ask<void>(std::move(call), CompleteBody(file_path, upload_id, parts), ReadDone, std::move(done));
  }

  HandlePtr AbortMultipart(const std::string& file_path, const std::string& upload_id,
                           std::function<void(Status)> done) override {
    Call call{"abort_multipart_upload", "aborting the upload of " + Shown(file_path)};
    return Ask<void>(std::move(call), AbortBody(file_path, upload_id), ReadDone, std::move(done));
  }

  HandlePtr ListBuilds(const std::string& version, std::int64_t page, std::int64_t page_size,
                       std::function<void(Result<HistoryPage>)> done) override {
    const HistoryQuestion question{version, page, page_size};
    Call call{"get_application_builds", "the build history of " + Shown(version)};
    call.answer_limit = 8U << 20U;
    const auto read = [this, question](std::string_view body) -> Result<HistoryPage> {
      Result<HistoryReading> reading = ReadHistory(body, question);
      if (!reading) return Fail(reading.error());
      TellOfOddRows(question, *reading);
      return std::move(reading->page);
    };
    return Ask<HistoryPage>(std::move(call), HistoryBody(question), read, std::move(done));
  }

  HandlePtr RequestDownload(const BuildIdentity& build, std::function<void(Result<Secret>)> done) override {
    Call call{"download_application_build", "a download URL for " + Shown(build.name)};
    return Ask<Secret>(std::move(call), DownloadBody(build), ReadDownload, std::move(done));
  }

  HandlePtr ListTenants(std::function<void(Result<std::vector<TenantInfo>>)> done) override {
    Call call{"get_tenants", "the list of tenants"};
    call.answer_limit = 8U << 20U;
    call.tenant = false;
    return Ask<std::vector<TenantInfo>>(std::move(call), "", ReadTenants, std::move(done));
  }

 private:
  static std::string Shown(const std::string& name) { return Printable(std::string_view(name).substr(0, 200)); }

  // A POST of `body`, or a GET where there is none; `read` makes the answer of a success.
  template <typename T>
  HandlePtr Ask(Call call, std::string body, std::function<Result<T>(std::string_view)> read,
                std::function<void(Result<T>)> done) {
    HttpRequest request = Request(call, std::move(body));
    return transfer_.Start(std::move(request), [this, call = std::move(call), read = std::move(read),
                                                done = std::move(done)](Result<HttpAnswer> answer) mutable {
      // `done` may destroy the handle and this callback with it: nothing of either is touched after it.
      Result<T> result = Take<T>(call, std::move(answer), read);
      const auto last = std::move(done);
      last(std::move(result));
    });
  }

  template <typename T>
  Result<T> Take(const Call& call, Result<HttpAnswer> answer, const std::function<Result<T>(std::string_view)>& read) {
    if (!answer) return Fail(OfTransfer(call, std::move(answer.error())));
    log_.Debug("portal.answered", "the portal answered", {{"call", call.path}, {"status", answer->status}});
    const bool success = answer->status >= 200 && answer->status <= 299;
    if (!success) return Fail(Finished(call, ErrorOfAnswer(*answer, call.asked, clock_.Wall()), answer->status));
    Result<T> result = read(answer->body);
    if (result) return result;
    Error error = std::move(result.error());
    error.message = "asked for " + call.asked + ": " + error.message;
    return Fail(Finished(call, std::move(error), answer->status));
  }

  // Without a whole answer the same may be asked again, whatever cut it short; only Complete cares whether it left.
  Error OfTransfer(const Call& call, Error error) const {
    if (error.kind == ErrorKind::kCorrupt) error.kind = ErrorKind::kRetry;
    error.message = Shortened(hidden_.Cleaned("asked for " + call.asked + ": " + error.message));
    error.outcome_unknown = call.effective && error.outcome_unknown;
    return error;
  }

  Error Finished(const Call& call, Error error, int status) const {
    error.http_status = status;
    error.message = Shortened(hidden_.Cleaned(std::move(error.message)));
    // A gateway that gave up, or an answer that nobody understands, says nothing about what the portal did.
    if (call.effective && error.kind == ErrorKind::kRetry) error.outcome_unknown = true;
    return error;
  }

  HttpRequest Request(const Call& call, std::string body) const {
    HttpRequest request;
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

  // A row that stays odd is told of once and not at every look.
  void TellOfOddRows(const HistoryQuestion& question, const HistoryReading& reading) {
    if (reading.skipped.empty()) return;
    std::string what = question.version + "/" + std::to_string(question.page) + ": " + reading.skipped.front();
    if (what == told_) return;
    told_ = std::move(what);
    log_.Warning("portal.odd_row",
                 "rows of the build history were passed over: " + hidden_.Cleaned(reading.skipped.front()),
                 {{"version", question.version},
                  {"page", question.page},
                  {"rows", static_cast<std::uint64_t>(reading.skipped.size())}});
  }

  std::string url_;
  const std::string tenant_;
  const HiddenToken hidden_;
  const Secret authorization_;
  Transfer& transfer_;
  const Clock& clock_;
  Log& log_;
  std::string told_;
};

}  // namespace

std::unique_ptr<Portal> MakePortalClient(PortalAccount account, Transfer& transfer, const Clock& clock, Log& log) {
  return std::make_unique<PortalClient>(std::move(account), transfer, clock, log);
}

}  // namespace tegodrop
