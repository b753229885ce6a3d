// The portal's own calls, /frontend/...: strict checks of what every call has in common, and the calls.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/portal/message.h"
#include "tests/portal/world.h"

namespace tegodrop::sim {

// One call while it is served. `lock` holds World::mutex; a handler may let go of it for slow work.
struct Call {
  World& world;
  const Request& request;
  std::unique_lock<std::mutex>& lock;
  std::string_view endpoint;
  rapidjson::Document body = {};

  Reply Refuse(int status, std::string_view text) const { return ApiError(world.settings, status, text); }
  // A refusal that the page speaks of without a status: the switch refusal_status.
  Reply Decline(std::string_view text) const;
  // A violation and the refusal that goes with it.
  Reply Convict(std::string_view rule, int status, std::string_view text) const;
};

struct Endpoint {
  enum class Access { kReads, kBuilds, kNoTenant };
  enum class Plan { kAny, kTeam };  // kTeam: not for FREE

  const char* name;    // in the request log, and as `where` of a fault
  const char* path;    // behind /frontend/
  const char* method;  // GET has no body
  Access access;
  Reply (*handle)(Call*);
  int64_t Counters::*counter;
  Plan plan = Plan::kAny;
};

// The call that `path` (all of it) names, or null.
const Endpoint* FindEndpoint(std::string_view path);

// Serves one call from its whole request: checks, then the endpoint's handler.
Reply ServeApi(World* world, const Endpoint& endpoint, const Request& request);
// The answer to a path below /frontend that is not served.
Reply ServeUnknown(World* world, const Request& request);

// Reads the fields of a body, noting everything that the page does not allow.
class Fields {
 public:
  explicit Fields(const rapidjson::Value& object) : object_(object) {}

  // What stands in a field, or nothing when it is missing or wrong. Missing is wrong for required ones.
  std::optional<std::string> Text(const char* name, bool required);
  std::optional<int64_t> Integer(const char* name, bool required, int64_t minimum, int64_t maximum);
  std::optional<bool> Boolean(const char* name);
  // An optional text that may be null, which is as if it were missing.
  std::optional<std::string> TextOrNull(const char* name);
  // A required text that is not empty.
  std::string Filled(const char* name);
  const rapidjson::Value* Array(const char* name);
  std::string Word(const char* name, std::initializer_list<std::string_view> allowed);
  // `file_name` with its path cut off as the page says, though a path is noted. With a platform it must be an
  // artifact's.
  std::string FileName(const std::string& platform);
  std::string FileName();
  // The four fields that name a build.
  Identity Build();
  void Note(std::string_view rule, std::string_view text);
  // To be called last. Notes unknown fields; convicts all that was noted. Nothing when the call may go on, else the
  // refusal.
  std::optional<Reply> Finish(const Call& call);

 private:
  struct Fault {
    std::string rule;
    std::string text;
  };
  const rapidjson::Value* Find(const char* name, bool required);

  const rapidjson::Value& object_;
  std::vector<std::string> known_;
  std::vector<Fault> faults_;
  bool only_path_ = false;  // the one thing noted that is no reason to refuse
};

// api_upload.cc
Reply UploadApplicationBuild(Call* call);
// api_multipart.cc
Reply CompleteMultipartUpload(Call* call);
Reply AbortMultipartUpload(Call* call);
// api_listing.cc
Reply GetApplicationBuilds(Call* call);
// Builds of all versions in the last seven days.
int64_t BuildsUsed(const World& world, std::string_view platform);
// api_builds.cc
Reply DownloadApplicationBuild(Call* call);
Reply DeleteApplicationBuild(Call* call);
Reply SignApplicationBuild(Call* call);
// api_applications.cc
Reply GetApplications(Call* call);
Reply DeleteApplication(Call* call);
Reply UploadCodeSigningFile(Call* call);
// api_keys.cc
Reply GetSigningKeys(Call* call);
Reply UploadSigningKey(Call* call);
Reply SetDefaultSigningKey(Call* call);
Reply DeleteSigningKey(Call* call);
// A signed URL for a file that belongs to a key or an application. `key` names the object.
std::string GrantFile(const Call& call, const std::string& key, FileGrant grant);
// api_tenants.cc
Reply GetTenants(Call* call);
Reply GetTenantSubscription(Call* call);

// {"success": true}
Reply Succeeded();

}  // namespace tegodrop::sim
