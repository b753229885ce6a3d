#include "daemon/app/portal_check.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "daemon/app/clock_watch.h"
#include "daemon/app/portal_session.h"
#include "daemon/base/text.h"
#include "daemon/base/units.h"

namespace tegodrop {
namespace {

constexpr char kFree[] = "free";

class PortalCheck {
 public:
  PortalCheck(const Settings& settings, PortalSession& session) : settings_(settings), session_(session) {}

  // Each step needs what the one before has found.
  PortalReport Run() {
    if (AskTenants()) {
      if (AskVersions()) ReachStore();
      AskKeys();
    }
    CheckClock();
    return std::move(report_);
  }

 private:
  void Found(std::string where, std::string message, ExitCode code) {
    report_.findings.push_back({std::move(where), std::move(message), code});
  }
  void Well(std::string fact) { report_.facts.push_back(std::move(fact)); }

  bool AskTenants() {
    const auto tenants = session_.Ask<std::vector<TenantInfo>>(
        [&](auto done) { return session_.portal().ListTenants(std::move(done)); });
    if (!tenants) return Refused(tenants.error());
    const auto ours = std::find_if(tenants->begin(), tenants->end(), [&](const TenantInfo& one) {
      return ToLowerAscii(one.id) == ToLowerAscii(settings_.portal.tenant);
    });
    if (ours == tenants->end()) return NameTenants(*tenants);
    plan_ = ours->plan;
    Well("the portal accepts the token and the tenant: " + Printable(ours->name.empty() ? ours->id : ours->name) +
         (plan_.empty() ? "" : ", plan " + Printable(plan_)));
    return true;
  }

  bool NameTenants(const std::vector<TenantInfo>& tenants) {
    constexpr std::size_t kMostNamed = 5;
    std::string named;
    for (std::size_t i = 0; i < std::min(tenants.size(), kMostNamed); ++i) {
      named += (named.empty() ? "" : ", ") + Printable(tenants[i].id) + " (" + Printable(tenants[i].name) + ")";
    }
    Found("tenant",
          "the token does not belong to tenant " + settings_.portal.tenant + "; set portal.tenant to " +
              (named.empty() ? "one that the token has access to: the portal names none" : named),
          ExitCode::kConfig);
    return false;
  }

  bool AskVersions() {
    std::set<std::string> versions;
    for (const FolderSettings& folder : settings_.folders) versions.insert(folder.version);
    return std::all_of(versions.begin(), versions.end(), [&](const std::string& one) { return AskVersion(one); });
  }

  // Reading needs no permission, building does. An upload URL that nobody uses starts nothing.
  bool AskVersion(const std::string& version) {
    const auto page = session_.Ask<HistoryPage>(
        [&](auto done) { return session_.portal().ListBuilds(version, 1, 1, std::move(done)); });
    if (!page && page.error().kind != ErrorKind::kSlowDown) return Refused(page.error());
    UploadRequest request;
    request.file_name = "tegodrop-check.apk";
    request.platform = "android";
    request.version = version;
    request.file_size = 1024;
    request.signing_key = "none";
    auto grant =
        session_.Ask<UploadGrant>([&](auto done) { return session_.portal().RequestUpload(request, std::move(done)); });
    if (grant) {
      store_ = std::move(grant->url);
      Well("it takes builds of " + version);
      return true;
    }
    if (grant.error().kind != ErrorKind::kSlowDown) return Refused(grant.error());
    Well("it knows us for builds of " + version + ", and takes none at the moment (concurrent builds or quota)");
    return true;
  }

  bool Refused(const Error& error) {
    switch (error.kind) {
      case ErrorKind::kSignIn:
        Found("token",
              error.message +
                  "; make a token with the Builds permission in the portal (API tokens, Team or Enterprise "
                  "plan) and put it into place as one line KEY:SECRET",
              ExitCode::kCredentials);
        break;
      case ErrorKind::kRejected:
        Found("portal", error.message + "; compare portal.url, portal.tenant and the folders' versions with the portal",
              ExitCode::kFailed);
        break;
      case ErrorKind::kSlowDown:
        Found("portal", error.message + "; it is reached: wait, and check again", ExitCode::kFailed);
        break;
      default:
        Found("portal",
              error.message +
                  "; look at portal.url, portal.proxy, portal.ca_file, the name service and the firewall, "
                  "or wait for the portal",
              ExitCode::kUnreachable);
    }
    return false;
  }

  // Connected to, and nothing asked: the URL is for one upload, and any other path is nobody's to ask for.
  void ReachStore() {
    if (!store_) return Well("the store for uploads is not looked at: the portal gave no upload URL");
    const auto reached = session_.Reach(*store_);
    if (reached) return Well("the store for uploads and downloads is reached: " + *reached);
    Found("store",
          "uploads go to " + UrlWithoutQuery(store_->Reveal()) + ", which cannot be reached: " +
              reached.error().message + "; let this machine through to it (firewall, portal.proxy, portal.ca_file)",
          ExitCode::kUnreachable);
  }

  static std::vector<std::string> KeysOf(const FolderSettings& folder) {
    std::vector<std::string> keys = folder.allow_keys;
    const bool own = folder.signing_key != "default" && folder.signing_key != "none";
    if (own && std::find(keys.begin(), keys.end(), folder.signing_key) == keys.end())
      keys.push_back(folder.signing_key);
    return keys;
  }

  void AskKeys() {
    const bool any = std::any_of(settings_.folders.begin(), settings_.folders.end(), [](const FolderSettings& folder) {
      return !KeysOf(folder).empty() || folder.require_signed == RequireSigned::kYes;
    });
    if (!any) return;
    if (ToLowerAscii(plan_) == kFree) {
      return Found(
          "portal",
          "the tenant's plan is FREE, which signs nothing: set signing_key: none and require_signed: false, or "
          "have the plan changed (Team or Enterprise)",
          ExitCode::kFailed);
    }
    const auto keys = session_.Ask<std::vector<SigningKeyRecord>>(
        [&](auto done) { return session_.administration().ListSigningKeys(std::move(done)); });
    if (!keys) {
      Refused(keys.error());
      return;
    }
    for (const FolderSettings& folder : settings_.folders) {
      for (const std::string& key : KeysOf(folder)) CheckKey(folder, key, *keys);
      if (folder.signing_key == "default" && folder.require_signed == RequireSigned::kYes) CheckDefault(folder, *keys);
    }
  }

  void CheckKey(const FolderSettings& folder, const std::string& id, const std::vector<SigningKeyRecord>& keys) {
    const auto key =
        std::find_if(keys.begin(), keys.end(), [&](const SigningKeyRecord& one) { return one.key_id == id; });
    if (key == keys.end()) {
      return Found("folder " + folder.name,
                   "the portal has no signing key " + Printable(id) + "; 'tegodrop keys list' shows what it has",
                   ExitCode::kFailed);
    }
    const std::string platform = key->platform.value_or("");
    const bool known = platform == "ios" || platform == "android";
    Well("folder " + folder.name + ": the signing key " + Printable(id) + " is there" +
         (known ? ", for " + platform + ": " + (platform == "ios" ? "an .apk or .aab" : "an .ipa") +
                      " that asks for it would be refused"
                : ""));
  }

  void CheckDefault(const FolderSettings& folder, const std::vector<SigningKeyRecord>& keys) {
    for (const std::string platform : {"android", "ios"}) {
      const bool there = std::any_of(keys.begin(), keys.end(), [&](const SigningKeyRecord& one) {
        return one.is_default.value_or(false) && one.platform == platform;
      });
      if (there) continue;
      Found("folder " + folder.name,
            "it requires signed builds and the tenant has no default signing key for " + platform +
                ": those would fail as not_signed; 'tegodrop keys set-default ID --platform " + platform + "'",
            ExitCode::kDone);
    }
  }

  void CheckClock() {
    const auto ahead = session_.ahead();
    if (!ahead) return;
    if (const auto trouble = ClockTrouble(*ahead)) return Found("clock", *trouble, ExitCode::kDone);
    // The portal's time has seconds.
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*ahead);
    Well("this machine's clock is " +
         (std::llabs(seconds.count()) <= 1
              ? std::string("as the portal's, within a second")
              : HumanDuration(std::chrono::abs(seconds)) +
                    (seconds.count() > 0 ? " ahead of the portal's" : " behind the portal's")));
  }

  const Settings& settings_;
  PortalSession& session_;
  std::string plan_;
  std::optional<Secret> store_;  // an upload URL
  PortalReport report_;
};

}  // namespace

PortalReport CheckPortal(const Settings& settings, const Secret& token, const Secret& proxy_token) {
  const auto session = PortalSession::Open(settings, token, proxy_token);
  if (!session) return {{}, {{"portal", session.error().message, ExitCode::kConfig}}};
  return PortalCheck(settings, **session).Run();
}

}  // namespace tegodrop
