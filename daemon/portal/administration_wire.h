// The wire coding of administration.h: pure, both ways, and as patient as wire.h's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/base/secret.h"
#include "daemon/portal/administration.h"
#include "daemon/portal/wire.h"

namespace tegodrop {

// Bodies of requests. Two of them hold a password.
std::string DeleteApplicationBody(const std::string& application_id);
std::string DeleteBuildBody(const BuildIdentity& build);
std::string SignBody(const SignRequest& build);
std::string SigningKeyBody(const SigningKeyUpload& key);
std::string DefaultKeyBody(const std::string& platform, const std::string& key_id);
std::string NoDefaultKeyBody(const std::string& platform);
std::string DeleteKeyBody(const std::string& key_id);
std::string SigningFileBody(const SigningFileUpload& file);

// A list; rows that name no id can be neither shown nor asked for again: a sentence for each.
template <typename Row>
struct Rows {
  std::vector<Row> rows;
  std::vector<std::string> skipped;
};
Result<Rows<ApplicationRecord>> ReadApplications(std::string_view body);
Result<Rows<SigningKeyRecord>> ReadSigningKeys(std::string_view body);

struct BuildListingReading {
  BuildListing listing;
  std::vector<std::string> skipped;  // a sentence for each row without a start_time or a name
};
// As ReadHistory (wire.h).
Result<BuildListingReading> ReadBuildListing(std::string_view body, const HistoryQuestion& question);

// A key id, and a URL that a signed URL may be; not where the answer says that it failed.
Result<SigningKeyGrant> ReadSigningKeyGrant(std::string_view body);
Result<Secret> ReadUrl(std::string_view body);

// An object with a plan or limits in it, or neither; not where the answer says that it failed.
Result<Subscription> ReadSubscription(std::string_view body);

}  // namespace tegodrop
