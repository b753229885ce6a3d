#include "daemon/portal/administration_client.h"

#include <utility>

#include "daemon/base/text.h"
#include "daemon/portal/administration_wire.h"
#include "daemon/portal/portal_calls.h"
#include "daemon/portal/request_rules.h"
#include "daemon/portal/wire.h"

namespace tegodrop {
namespace {

constexpr std::size_t kLongestList = 8U << 20U;  // bytes
constexpr std::string_view kBuilds = "the Builds permission";
constexpr std::string_view kTeam = "a Team or Enterprise plan";
constexpr std::string_view kBuildsAndTeam = "the Builds permission and a Team or Enterprise plan";

std::string Shown(std::string_view name) { return name.empty() ? "\"\"" : Printable(name.substr(0, 200)); }

// A call that changes something at the portal.
PortalCall Change(const char* path, std::string asked, std::string_view needs, Status allowed) {
  PortalCall call{path, std::move(asked)};
  call.effective = true;
  call.needs = needs;
  call.allowed = std::move(allowed);
  return call;
}

class Administration final : public PortalAdministration {
 public:
  Administration(PortalAccount account, Transfer& transfer, const Clock& clock, Log& log)
      : calls_(std::move(account), transfer, clock, log) {}

  HandlePtr ListApplications(std::function<void(Result<std::vector<ApplicationRecord>>)> done) override {
    PortalCall call{"get_applications", "the list of applications"};
    return List<ApplicationRecord>(std::move(call), ReadApplications, std::move(done));
  }

  HandlePtr DeleteApplication(const std::string& application_id, std::function<void(Status)> done) override {
    return Do(Change("delete_application", "deleting the application " + Shown(application_id), kBuilds,
                     CheckId("application id", application_id)),
              DeleteApplicationBody(application_id), std::move(done));
  }

  HandlePtr ListBuilds(const std::string& version, std::int64_t page, std::int64_t page_size,
                       std::function<void(Result<BuildListing>)> done) override {
    const HistoryQuestion question{version, page, page_size};
    PortalCall call{"get_application_builds", "the build history of " + Shown(version)};
    call.answer_limit = kLongestList;
    call.allowed = CheckListing(version, page, page_size);
    const auto take = [this, question](std::string_view body) -> Result<BuildListing> {
      Result<BuildListingReading> reading = ReadBuildListing(body, question);
      if (!reading) return Fail(reading.error());
      TellOfOddRows("the build history (" + question.version + ", page " + std::to_string(question.page) + ")",
                    reading->skipped);
      return std::move(reading->listing);
    };
    return calls_.Ask<BuildListing>(std::move(call), HistoryBody(question), take, std::move(done));
  }

  HandlePtr DeleteBuild(const BuildIdentity& build, std::function<void(Status)> done) override {
    return Do(
        Change("delete_application_build", "deleting the build of " + Shown(build.name), kBuilds, CheckBuild(build)),
        DeleteBuildBody(build), std::move(done));
  }

  HandlePtr SignBuild(const SignRequest& build, std::function<void(Status)> done) override {
    return Do(
        Change("sign_application_build", "signing the build of " + Shown(build.name), kBuildsAndTeam, CheckSign(build)),
        SignBody(build), std::move(done));
  }

  HandlePtr ListSigningKeys(std::function<void(Result<std::vector<SigningKeyRecord>>)> done) override {
    PortalCall call{"get_signing_keys", "the list of signing keys"};
    call.needs = kTeam;
    return List<SigningKeyRecord>(std::move(call), ReadSigningKeys, std::move(done));
  }

  HandlePtr UploadSigningKey(const SigningKeyUpload& key, std::function<void(Result<SigningKeyGrant>)> done) override {
    PortalCall call = Change("upload_signing_key", "an upload URL for the signing key " + Shown(key.file_name),
                             kBuildsAndTeam, CheckSigningKey(key));
    call.password = key.password;
    return calls_.Ask<SigningKeyGrant>(std::move(call), SigningKeyBody(key), ReadSigningKeyGrant, std::move(done));
  }

  HandlePtr SetDefaultSigningKey(const std::string& platform, const std::string& key_id,
                                 std::function<void(Status)> done) override {
    Status allowed = CheckPlatform(platform);
    if (allowed) allowed = CheckId("key id", key_id);
    return Do(
        Change("set_default_signing_key", "making " + Shown(key_id) + " the default signing key of " + Shown(platform),
               kBuildsAndTeam, std::move(allowed)),
        DefaultKeyBody(platform, key_id), std::move(done));
  }

  HandlePtr ClearDefaultSigningKey(const std::string& platform, std::function<void(Status)> done) override {
    return Do(Change("set_default_signing_key", "having no default signing key of " + Shown(platform), kBuildsAndTeam,
                     CheckPlatform(platform)),
              NoDefaultKeyBody(platform), std::move(done));
  }

  HandlePtr DeleteSigningKey(const std::string& key_id, std::function<void(Status)> done) override {
    return Do(Change("delete_signing_key", "deleting the signing key " + Shown(key_id), kBuildsAndTeam,
                     CheckId("key id", key_id)),
              DeleteKeyBody(key_id), std::move(done));
  }

  HandlePtr UploadSigningFile(const SigningFileUpload& file, std::function<void(Result<Secret>)> done) override {
    PortalCall call =
        Change("upload_code_signing_file", "an upload URL for the signing file of " + Shown(file.application_id),
               kBuildsAndTeam, CheckSigningFile(file));
    call.password = file.password;
    return calls_.Ask<Secret>(std::move(call), SigningFileBody(file), ReadUrl, std::move(done));
  }

  HandlePtr GetSubscription(std::function<void(Result<Subscription>)> done) override {
    return calls_.Ask<Subscription>({"get_tenant_subscription", "the tenant's subscription"}, "", ReadSubscription,
                                    std::move(done));
  }

 private:
  HandlePtr Do(PortalCall call, std::string body, std::function<void(Status)> done) {
    return calls_.Ask<void>(std::move(call), std::move(body), ReadDone, std::move(done));
  }

  template <typename Row>
  HandlePtr List(PortalCall call, Result<Rows<Row>> (*read)(std::string_view),
                 std::function<void(Result<std::vector<Row>>)> done) {
    call.answer_limit = kLongestList;
    const auto take = [this, what = call.asked, read](std::string_view body) -> Result<std::vector<Row>> {
      Result<Rows<Row>> reading = read(body);
      if (!reading) return Fail(reading.error());
      TellOfOddRows(what, reading->skipped);
      return std::move(reading->rows);
    };
    return calls_.Ask<std::vector<Row>>(std::move(call), "{}", take, std::move(done));
  }

  void TellOfOddRows(const std::string& what, const std::vector<std::string>& skipped) {
    if (!skipped.empty()) calls_.TellOfOddRow(what, skipped.front(), skipped.size());
  }

  PortalCalls calls_;
};

}  // namespace

std::unique_ptr<PortalAdministration> MakePortalAdministration(PortalAccount account, Transfer& transfer,
                                                               const Clock& clock, Log& log) {
  return std::make_unique<Administration>(std::move(account), transfer, clock, log);
}

}  // namespace tegodrop
