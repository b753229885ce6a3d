// The portal in domain words: the calls that the daemon needs. One implementation over HTTP (portal_client.h), fakes in
// tests.
//
// Signed URLs come back as Secret and are for one use; nothing here keeps or logs them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/base/secret.h"
#include "daemon/loop/handle.h"
#include "daemon/model/build.h"

namespace tegodrop {

struct UploadRequest {
  std::string file_name;
  std::string platform;
  std::string version;
  std::uint64_t file_size = 0;
  std::string signing_key;  // "": the field is left out; "none"; or a key id
};

struct MultipartPlan {
  std::string upload_id;
  std::vector<Secret> part_urls;
  std::uint64_t chunk_size = 0;
};

struct UploadGrant {
  std::optional<Secret> url;               // single PUT
  std::optional<MultipartPlan> multipart;  // exactly one of the two
  std::string file_path;
  std::int64_t start_time = 0;
  std::chrono::seconds expires_in{3600};
  std::optional<std::string> signing_key_id;
};

struct HistoryPage {
  std::vector<BuildRow> rows;
  std::int64_t total_count = 0;
  std::int64_t page = 1;
  std::int64_t total_pages = 1;
};

struct CompletedPart {
  int number = 0;
  std::string etag;  // verbatim, quotes included
};

struct TenantInfo {
  std::string id;
  std::string name;
  std::string plan;  // FREE | TEAM | ENTERPRISE, or what the portal says
};

// All: `done` runs once, from the loop, never inside the call; destroying the handle drops it. Errors by reaction:
// kSignIn (401, 403), kSlowDown (429: the concurrent-build limit or the quota), kRetry (no answer, 408, 5xx, a body
// that is not JSON or lacks what the page promises), kRejected (other 4xx, with the portal's own words as the message).
class Portal {
 public:
  virtual ~Portal() = default;

  // Another token KEY:SECRET, with every call from now on.
  virtual void UseToken(const Secret& token) = 0;
  virtual HandlePtr RequestUpload(const UploadRequest& request, std::function<void(Result<UploadGrant>)> done) = 0;
  virtual HandlePtr CompleteMultipart(const std::string& file_path, const std::string& upload_id,
                                      const std::vector<CompletedPart>& parts, std::function<void(Status)> done) = 0;
  virtual HandlePtr AbortMultipart(const std::string& file_path, const std::string& upload_id,
                                   std::function<void(Status)> done) = 0;
  virtual HandlePtr ListBuilds(const std::string& version, std::int64_t page, std::int64_t page_size,
                               std::function<void(Result<HistoryPage>)> done) = 0;
  virtual HandlePtr RequestDownload(const BuildIdentity& build, std::function<void(Result<Secret>)> done) = 0;
  virtual HandlePtr ListTenants(std::function<void(Result<std::vector<TenantInfo>>)> done) = 0;
};

}  // namespace tegodrop
