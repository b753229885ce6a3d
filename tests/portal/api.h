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
  // A violation and the refusal that goes with it.
  Reply Convict(std::string_view rule, int status, std::string_view text) const;
};

struct Endpoint {
  enum class Access { kReads, kBuilds, kNoTenant };

  const char* name;    // in the request log, and as `where` of a fault
  const char* path;    // behind /frontend/
  const char* method;  // GET has no body
  Access access;
  Reply (*handle)(Call*);
  int64_t Counters::*counter;
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
  const rapidjson::Value* Array(const char* name);
  std::string Word(const char* name, std::initializer_list<std::string_view> allowed);
  // `file_name` with its path cut off as the page says, though a path is noted.
  std::string FileName(const std::string& platform);
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
// api_builds.cc
Reply GetApplicationBuilds(Call* call);
Reply DownloadApplicationBuild(Call* call);
Reply GetTenants(Call* call);

}  // namespace tegodrop::sim
