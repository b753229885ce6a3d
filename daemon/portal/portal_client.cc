#include "daemon/portal/portal_client.h"

#include <chrono>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/portal/portal_calls.h"
#include "daemon/portal/request_rules.h"
#include "daemon/portal/wire.h"

namespace tegodrop {
namespace {

using std::chrono::seconds;

constexpr std::string_view kBuilds = "the Builds permission";

class PortalClient final : public Portal {
 public:
  PortalClient(PortalAccount account, Transfer& transfer, const Clock& clock, Log& log)
      : calls_(std::move(account), transfer, clock, log) {}

  void UseToken(const Secret& token) override { calls_.UseToken(token); }

  HandlePtr RequestUpload(const UploadRequest& request, std::function<void(Result<UploadGrant>)> done) override {
    PortalCall call{"upload_application_build", "an upload URL for " + Shown(request.file_name)};
    call.answer_limit = 4U << 20U;  // some 200 part URLs of a few KiB
    call.needs = kBuilds;
    call.allowed = CheckUpload(request);
    return calls_.Ask<UploadGrant>(std::move(call), UploadBody(request), ReadUploadGrant, std::move(done));
  }

  HandlePtr CompleteMultipart(const std::string& file_path, const std::string& upload_id,
                              const std::vector<CompletedPart>& parts, std::function<void(Status)> done) override {
    PortalCall call{"complete_multipart_upload", "completing the upload of " + Shown(file_path)};
    call.total = seconds(300);  // object stores put gigabytes together before they answer
    call.effective = true;
    call.needs = kBuilds;
    return calls_.Ask<void>(std::move(call), CompleteBody(file_path, upload_id, parts), ReadDone, std::move(done));
  }

  HandlePtr AbortMultipart(const std::string& file_path, const std::string& upload_id,
                           std::function<void(Status)> done) override {
    PortalCall call{"abort_multipart_upload", "aborting the upload of " + Shown(file_path)};
    call.needs = kBuilds;
    return calls_.Ask<void>(std::move(call), AbortBody(file_path, upload_id), ReadDone, std::move(done));
  }

  HandlePtr ListBuilds(const std::string& version, std::int64_t page, std::int64_t page_size,
                       std::function<void(Result<HistoryPage>)> done) override {
    const HistoryQuestion question{version, page, page_size};
    PortalCall call{"get_application_builds", "the build history of " + Shown(version)};
    call.answer_limit = 8U << 20U;
    call.allowed = CheckListing(version, page, page_size);
    const auto read = [this, question](std::string_view body) -> Result<HistoryPage> {
      Result<HistoryReading> reading = ReadHistory(body, question);
      if (!reading) return Fail(reading.error());
      TellOfOddRows(question, *reading);
      return std::move(reading->page);
    };
    return calls_.Ask<HistoryPage>(std::move(call), HistoryBody(question), read, std::move(done));
  }

  HandlePtr RequestDownload(const BuildIdentity& build, std::function<void(Result<Secret>)> done) override {
    PortalCall call{"download_application_build", "a download URL for " + Shown(build.name)};
    call.allowed = CheckBuild(build);
    return calls_.Ask<Secret>(std::move(call), DownloadBody(build), ReadDownload, std::move(done));
  }

  HandlePtr ListTenants(std::function<void(Result<std::vector<TenantInfo>>)> done) override {
    PortalCall call{"get_tenants", "the list of tenants"};
    call.answer_limit = 8U << 20U;
    call.tenant = false;
    return calls_.Ask<std::vector<TenantInfo>>(std::move(call), "", ReadTenants, std::move(done));
  }

 private:
  void TellOfOddRows(const HistoryQuestion& question, const HistoryReading& reading) {
    if (reading.skipped.empty()) return;
    const std::string which = question.version + ", page " + std::to_string(question.page);
    calls_.TellOfOddRow("the build history (" + which + ")", reading.skipped.front(), reading.skipped.size());
  }

  static std::string Shown(const std::string& name) {
    return name.empty() ? "\"\"" : Printable(std::string_view(name).substr(0, 200));
  }

  PortalCalls calls_;
};

}  // namespace

std::unique_ptr<Portal> MakePortalClient(PortalAccount account, Transfer& transfer, const Clock& clock, Log& log) {
  return std::make_unique<PortalClient>(std::move(account), transfer, clock, log);
}

}  // namespace tegodrop
