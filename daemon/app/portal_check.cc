#include "daemon/app/portal_check.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "daemon/app/clock_watch.h"
#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/text.h"
#include "daemon/base/units.h"
#include "daemon/base/version.h"
#include "daemon/loop/event_loop.h"
#include "daemon/net/curl_transfer.h"
#include "daemon/net/dated_transfer.h"
#include "daemon/portal/portal_client.h"

namespace tegodrop {
namespace {

class PortalCheck {
 public:
  PortalCheck(const Settings& settings, const Secret& token, const Secret& proxy_token)
      : settings_(settings), log_(MakeStderrLog(LogLevel::kError, LogFormat::kText, clock_)) {
    auto transfer = MakeCurlTransfer(
        loop_, {settings.portal.ca_file, settings.portal.proxy, proxy_token, std::string(kToolName) + "/" + kVersion});
    if (!transfer) {
      findings_.push_back({"portal", transfer.error().message, ExitCode::kConfig});
      return;
    }
    transfer_ = std::move(*transfer);
    dated_ = std::make_unique<DatedTransfer>(*transfer_, clock_,
                                             [this](std::chrono::milliseconds ahead) { ahead_ = ahead; });
    portal_ = MakePortalClient({settings.portal.url, settings.portal.tenant, token}, *dated_, clock_, *log_);
    std::set<std::string> versions;
    for (const FolderSettings& folder : settings.folders) versions.insert(folder.version);
    versions_.assign(versions.begin(), versions.end());
  }

  std::vector<PortalFinding> Run() {
    if (portal_) {
      AskTenants();
      loop_.Run();
      step_.reset();
      CheckClock();
    }
    return std::move(findings_);
  }

 private:
  void AskTenants() {
    step_ = portal_->ListTenants([this](Result<std::vector<TenantInfo>> tenants) {
      if (!tenants) return End(tenants.error());
      const auto ours = std::find_if(tenants->begin(), tenants->end(), [&](const TenantInfo& one) {
        return ToLowerAscii(one.id) == ToLowerAscii(settings_.portal.tenant);
      });
      if (ours == tenants->end()) NameTenants(*tenants);
      AskNextVersion();
    });
  }

  void NameTenants(const std::vector<TenantInfo>& tenants) {
    constexpr std::size_t kMostNamed = 5;
    std::string named;
    for (std::size_t i = 0; i < std::min(tenants.size(), kMostNamed); ++i) {
      named += (named.empty() ? "" : ", ") + Printable(tenants[i].id) + " (" + Printable(tenants[i].name) + ")";
    }
    findings_.push_back({"tenant",
                         "the token does not belong to tenant " + settings_.portal.tenant + "; set portal.tenant to " +
                             (named.empty() ? "one that the token has access to: the portal names none" : named),
                         ExitCode::kConfig});
  }

  void AskNextVersion() {
    if (versions_.empty() || !findings_.empty()) return loop_.Stop();
    version_ = std::move(versions_.front());
    versions_.pop_front();
    step_ = portal_->ListBuilds(version_, 1, 1, [this](Result<HistoryPage> page) {
      if (!page && page.error().kind != ErrorKind::kSlowDown) return End(page.error());
      AskForUpload();
    });
  }

  // Reading needs no permission, building does. An upload URL that nobody uses starts nothing.
  void AskForUpload() {
    UploadRequest request;
    request.file_name = "tegodrop-check.apk";
    request.platform = "android";
    request.version = version_;
    request.file_size = 1024;
    request.signing_key = "none";
    step_ = portal_->RequestUpload(request, [this](const Result<UploadGrant>& grant) {
      // Enough builds at the moment: it knows us.
      if (!grant && grant.error().kind != ErrorKind::kSlowDown) return End(grant.error());
      AskNextVersion();
    });
  }

  void End(const Error& error) {
    switch (error.kind) {
      case ErrorKind::kSignIn:
        findings_.push_back({"token",
                             error.message + "; make a token with the Builds permission in the portal (API tokens, "
                                             "Team or Enterprise plan) and put it into place as one line KEY:SECRET",
                             ExitCode::kCredentials});
        break;
      case ErrorKind::kRejected:
        findings_.push_back({"portal",
                             error.message + "; compare portal.url, portal.tenant and the folders' versions "
                                             "with the portal",
                             ExitCode::kFailed});
        break;
      default:
        findings_.push_back({"portal",
                             error.message + "; look at portal.url, portal.proxy, portal.ca_file, the name "
                                             "service and the firewall, or wait for the portal",
                             ExitCode::kUnreachable});
    }
    loop_.Stop();
  }

  void CheckClock() {
    const auto trouble = ahead_ ? ClockTrouble(*ahead_) : std::nullopt;
    if (trouble) findings_.push_back({"clock", *trouble, ExitCode::kDone});
  }

  const Settings& settings_;
  SystemClock clock_;
  std::unique_ptr<Log> log_;
  EventLoop loop_;
  std::unique_ptr<Transfer> transfer_;
  std::unique_ptr<DatedTransfer> dated_;
  std::optional<std::chrono::milliseconds> ahead_;  // of the portal's clock
  std::unique_ptr<Portal> portal_;
  std::deque<std::string> versions_;  // not yet asked for
  std::string version_;
  HandlePtr step_;
  std::vector<PortalFinding> findings_;
};

}  // namespace

std::vector<PortalFinding> CheckPortal(const Settings& settings, const Secret& token, const Secret& proxy_token) {
  return PortalCheck(settings, token, proxy_token).Run();
}

}  // namespace tegodrop
