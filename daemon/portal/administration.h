// The rest of the portal's page on applications and builds, for commands: what the daemon never does by itself. One
// implementation over HTTP (administration_client.h).
//
// Fields have the page's names and values; absent and null are nullopt. Signed URLs come back as Secret and are for one
// use; passwords go in as Secret. Nothing here keeps or logs either.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/base/secret.h"
#include "daemon/loop/handle.h"
#include "daemon/model/build.h"

namespace tegodrop {

// One row of "List Applications".
struct ApplicationRecord {
  std::string application_id;
  std::optional<std::string> platform;
  std::optional<std::string> build_version;
  std::optional<std::string> build_id;
  std::optional<std::string> build_name;
  std::optional<Secret> build_image;  // a URL that may be signed: show it with UrlWithoutQuery
  std::optional<std::int64_t> creation_time;
  std::string json;  // the row as the portal wrote it, with all its fields; URLs without their queries
};

// One row of "List Signing Keys".
struct SigningKeyRecord {
  std::string key_id;
  std::optional<std::string> key_name;
  std::optional<std::string> platform;
  std::optional<std::string> file_name;
  std::optional<bool> is_default;
  std::optional<std::string> uploaded_by;
  std::optional<std::int64_t> creation_time;
  std::string json;  // as above
};

// One row of the build history, for people and scripts.
struct ListedBuild {
  BuildRow row;
  std::string json;  // as above
};

// One page of "List Builds By Configuration Version".
struct BuildListing {
  std::vector<ListedBuild> builds;
  std::int64_t total_count = 0;
  std::int64_t page = 1;
  std::int64_t total_pages = 1;
  std::string json;  // all of the answer but its rows: an object
};

struct SigningKeyUpload {
  std::string key_name;
  std::string platform;
  std::string file_name;  // base name
  Secret password;
  std::string alias;  // "": the field is left out; android needs one
  std::uint64_t file_size = 0;
  bool is_default = false;
};

struct SigningKeyGrant {
  std::string key_id;
  Secret url;  // the key's file is put there
};

// A signing file of one application, the older way.
struct SigningFileUpload {
  std::string file;  // the page's "required compatibility field": the file's base name
  Secret password;
  std::string application_id;
  std::string platform;
  std::string alias;  // as above
};

// "Sign A Build": the page names it without its version.
struct SignRequest {
  std::string platform;
  std::string name;
  std::int64_t start_time = 0;
};

struct Subscription {
  std::optional<std::string> plan;  // FREE | TEAM | ENTERPRISE, or what the portal says
  std::optional<std::int64_t> concurrent_builds;
};

// `done` and errors are as in portal.h. kRejected is also what the page lets a client refuse before anything is sent
// (request_rules.h); then no request leaves. 401 and 403 (credentials, permission, plan, another's tenant: kSignIn) and
// an unknown id (kRejected) have messages of their own, with the portal's words.
//
// What changes something at the portal (all but the lists and the subscription) goes over a connection of its own and
// fails with `outcome_unknown` wherever no clear answer came: list before doing it again.
class PortalAdministration {
 public:
  virtual ~PortalAdministration() = default;

  virtual HandlePtr ListApplications(std::function<void(Result<std::vector<ApplicationRecord>>)> done) = 0;
  virtual HandlePtr DeleteApplication(const std::string& application_id, std::function<void(Status)> done) = 0;

  // `page` from 1, `page_size` at most kLargestPageSize.
  virtual HandlePtr ListBuilds(const std::string& version, std::int64_t page, std::int64_t page_size,
                               std::function<void(Result<BuildListing>)> done) = 0;
  virtual HandlePtr DeleteBuild(const BuildIdentity& build, std::function<void(Status)> done) = 0;
  virtual HandlePtr SignBuild(const SignRequest& build, std::function<void(Status)> done) = 0;

  virtual HandlePtr ListSigningKeys(std::function<void(Result<std::vector<SigningKeyRecord>>)> done) = 0;
  virtual HandlePtr UploadSigningKey(const SigningKeyUpload& key,
                                     std::function<void(Result<SigningKeyGrant>)> done) = 0;
  virtual HandlePtr SetDefaultSigningKey(const std::string& platform, const std::string& key_id,
                                         std::function<void(Status)> done) = 0;
  virtual HandlePtr ClearDefaultSigningKey(const std::string& platform, std::function<void(Status)> done) = 0;
  virtual HandlePtr DeleteSigningKey(const std::string& key_id, std::function<void(Status)> done) = 0;

  virtual HandlePtr UploadSigningFile(const SigningFileUpload& file, std::function<void(Result<Secret>)> done) = 0;

  virtual HandlePtr GetSubscription(std::function<void(Result<Subscription>)> done) = 0;
};

}  // namespace tegodrop
