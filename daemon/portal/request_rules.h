// What the portal's page lets a client refuse before anything is sent. Pure. Failures are kRejected and name the field,
// what is wrong with it and what is allowed; none holds a password.
#pragma once

#include <cstdint>
#include <string_view>

#include "daemon/base/result.h"
#include "daemon/portal/administration.h"
#include "daemon/portal/portal.h"

namespace tegodrop {

constexpr std::int64_t kLargestPageSize = 50;
constexpr std::uint64_t kLargestSigningKeyFile = std::uint64_t{10} << 20U;  // the page's 10 MB

Status CheckPlatform(std::string_view platform);  // android | ios
Status CheckVersion(std::string_view version);    // development | staging | production

// Platform, version, a file that is not empty, and a name that ends as the platform's artifacts do. Sizes over 2 GB are
// the portal's to refuse.
Status CheckUpload(const UploadRequest& request);
Status CheckListing(std::string_view version, std::int64_t page, std::int64_t page_size);
Status CheckBuild(const BuildIdentity& build);
Status CheckSign(const SignRequest& build);

// A key's file is .jks, .keystore, .ks (android only), .p12 or .pfx, and at most 10 MB; android needs an alias. The
// size of a signing file the request does not say.
Status CheckSigningKey(const SigningKeyUpload& key);
Status CheckSigningFile(const SigningFileUpload& file);

// An identifier that is there; `what`: "application id".
Status CheckId(std::string_view what, std::string_view id);

}  // namespace tegodrop
