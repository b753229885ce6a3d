// Each call of the clients in one word, its answer as an Outcome.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/portal_live/operations.h"

namespace tegodrop::testing {

// `check` may be left out.
template <typename T>
using Check = std::function<void(LiveTest&, const T&)>;

template <typename T>
Outcome Checked(Result<T> result, Check<T> check) {
  if (!check) check = [](LiveTest& /*test*/, const T& /*answer*/) {};
  return OutcomeOf<T>(std::move(result), std::move(check));
}
inline Outcome Plain(Status status) {
  return OutcomeOf(std::move(status), [](LiveTest& /*test*/) {});
}

inline Outcome AskUpload(LiveTest& test, const UploadRequest& request, Check<UploadGrant> check = {}) {
  return Checked<UploadGrant>(
      test.Await<UploadGrant>([&](auto done) { return test.portal().RequestUpload(request, std::move(done)); }),
      std::move(check));
}
inline Outcome Complete(LiveTest& test, const PartsUpload& upload) {
  return Plain(test.Await<void>([&](auto done) {
    return test.portal().CompleteMultipart(upload.file_path, upload.upload_id, upload.parts, std::move(done));
  }));
}
inline Outcome Abort(LiveTest& test, const PartsUpload& upload) {
  return Plain(test.Await<void>(
      [&](auto done) { return test.portal().AbortMultipart(upload.file_path, upload.upload_id, std::move(done)); }));
}
inline Outcome List(LiveTest& test, const std::string& version, std::int64_t page, std::int64_t page_size,
                    Check<HistoryPage> check = {}) {
  return Checked<HistoryPage>(test.Await<HistoryPage>([&](auto done) {
    return test.portal().ListBuilds(version, page, page_size, std::move(done));
  }),
                              std::move(check));
}
inline Outcome Download(LiveTest& test, const BuildIdentity& build) {
  return Checked<Secret>(
      test.Await<Secret>([&](auto done) { return test.portal().RequestDownload(build, std::move(done)); }), {});
}
inline Outcome Tenants(LiveTest& test, Check<std::vector<TenantInfo>> check) {
  return Checked<std::vector<TenantInfo>>(
      test.Await<std::vector<TenantInfo>>([&](auto done) { return test.portal().ListTenants(std::move(done)); }),
      std::move(check));
}
inline Outcome DeleteBuild(LiveTest& test, const BuildIdentity& build) {
  return Plain(test.Await<void>([&](auto done) { return test.administration().DeleteBuild(build, std::move(done)); }));
}
inline Outcome Sign(LiveTest& test, const SignRequest& build) {
  return Plain(test.Await<void>([&](auto done) { return test.administration().SignBuild(build, std::move(done)); }));
}
inline Outcome DeleteApplication(LiveTest& test, const std::string& id) {
  return Plain(
      test.Await<void>([&](auto done) { return test.administration().DeleteApplication(id, std::move(done)); }));
}
inline Outcome UploadKey(LiveTest& test, const SigningKeyUpload& key, Check<SigningKeyGrant> check = {}) {
  return Checked<SigningKeyGrant>(test.Await<SigningKeyGrant>([&](auto done) {
    return test.administration().UploadSigningKey(key, std::move(done));
  }),
                                  std::move(check));
}
inline Outcome SetDefault(LiveTest& test, const std::string& platform, const std::string& id) {
  return Plain(test.Await<void>(
      [&](auto done) { return test.administration().SetDefaultSigningKey(platform, id, std::move(done)); }));
}
inline Outcome ClearDefault(LiveTest& test, const std::string& platform) {
  return Plain(test.Await<void>(
      [&](auto done) { return test.administration().ClearDefaultSigningKey(platform, std::move(done)); }));
}
inline Outcome DeleteKey(LiveTest& test, const std::string& id) {
  return Plain(
      test.Await<void>([&](auto done) { return test.administration().DeleteSigningKey(id, std::move(done)); }));
}
inline Outcome SigningFile(LiveTest& test, const SigningFileUpload& file) {
  return Checked<Secret>(
      test.Await<Secret>([&](auto done) { return test.administration().UploadSigningFile(file, std::move(done)); }),
      {});
}
inline Outcome AskSubscription(LiveTest& test, Check<Subscription> check) {
  return Checked<Subscription>(
      test.Await<Subscription>([&](auto done) { return test.administration().GetSubscription(std::move(done)); }),
      std::move(check));
}

}  // namespace tegodrop::testing
