#include "daemon/app/portal_session.h"

#include <string>

#include "daemon/base/version.h"
#include "daemon/net/dated_transfer.h"
#include "daemon/net/reach.h"
#include "daemon/portal/administration_client.h"
#include "daemon/portal/portal_client.h"

namespace tegodrop {

Result<std::unique_ptr<PortalSession>> PortalSession::Open(const Settings& settings, const Secret& token,
                                                           const Secret& proxy_token) {
  std::unique_ptr<PortalSession> session(new PortalSession());
  session->url_ = settings.portal.url;
  session->net_ = {settings.portal.ca_file, settings.portal.proxy, proxy_token,
                   std::string(kToolName) + "/" + kVersion};
  auto transfer = MakeCurlTransfer(session->loop_, session->net_);
  if (!transfer) return Fail(transfer.error());
  session->transfer_ = std::move(*transfer);
  session->dated_ =
      std::make_unique<DatedTransfer>(*session->transfer_, session->clock_,
                                      [one = session.get()](std::chrono::milliseconds ahead) { one->ahead_ = ahead; });
  const PortalAccount account{settings.portal.url, settings.portal.tenant, token};
  session->portal_ = MakePortalClient(account, *session->dated_, session->clock_, *session->log_);
  session->administration_ = MakePortalAdministration(account, *session->dated_, session->clock_, *session->log_);
  return session;
}

// What a command says is its own; beside it only what it does not know of.
PortalSession::PortalSession() : log_(MakeStderrLog(LogLevel::kWarning, LogFormat::kText, clock_)) {}

PortalSession::~PortalSession() = default;

Result<std::string> PortalSession::Reach(const Secret& url) const { return ReachServer(url, net_); }

HandlePtr PortalSession::TellWhenSlow() {
  constexpr std::chrono::seconds kSlow{10};
  return loop_.After(kSlow, [this] {
    log_->Warning("portal.slow", "no answer for 10 s; it is waited for, up to some minutes", {{"portal", url_}});
  });
}

void PortalSession::Pause(std::chrono::milliseconds time) {
  const HandlePtr timer = loop_.After(time, [this] { loop_.Stop(); });
  loop_.Run();
}

}  // namespace tegodrop
