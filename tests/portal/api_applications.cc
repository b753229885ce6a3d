// POST /frontend/get_applications, delete_application and upload_code_signing_file.
#include "tests/portal/api.h"
#include "tests/portal/text.h"

namespace tegodrop::sim {
namespace {

constexpr int64_t kYoungestToDelete = int64_t{7} * 24 * 3600;  // the page's seven days, in seconds

}  // namespace

Reply GetApplications(Call* call) {
  Fields fields(call->body);
  if (auto refusal = fields.Finish(*call)) return std::move(*refusal);
  JsonWriter out;
  out.BeginObject().Key("applications").BeginArray();
  for (const Application& one : call->world.applications.all()) {
    out.BeginObject().Key("platform").Text(one.platform).Key("build_version").Text("1.0.0");
    out.Key("build_id").Text("build-" + std::to_string(one.last_build)).Key("build_name").Text(one.name);
    out.Key("build_image").Text(call->request.base_url + "/icon.png");
    out.Key("creation_time").Integer(one.creation_time).Key("application_id").Text(one.id).EndObject();
  }
  out.EndArray().EndObject();
  return JsonReply(200, out);
}

Reply DeleteApplication(Call* call) {
  World& world = call->world;
  Fields fields(call->body);
  const std::string id = fields.Filled("application_id");
  if (auto refusal = fields.Finish(*call)) return std::move(*refusal);

  const Application* application = world.applications.Find(id);
  if (application == nullptr) return call->Refuse(404, "There is no such application");
  if (world.clock.UnixNow() < static_cast<double>(application->creation_time + kYoungestToDelete)) {
    return call->Decline("An application cannot be deleted within 7 days of its creation");
  }
  world.applications.Remove(id);
  ++world.counters.applications_deleted;
  return Succeeded();
}

Reply UploadCodeSigningFile(Call* call) {
  World& world = call->world;
  Fields fields(call->body);
  fields.Filled("file");
  fields.Filled("password");
  const std::string id = fields.Filled("application_id");
  const std::string platform = fields.Word("platform", {"android", "ios"});
  const std::string alias = platform == "ios" ? fields.Text("alias", false).value_or("") : fields.Filled("alias");
  if (auto refusal = fields.Finish(*call)) return std::move(*refusal);

  Application* application = world.applications.Find(id);
  if (application == nullptr) return call->Refuse(404, "There is no such application");
  if (application->platform != platform) return call->Decline("The application is of the other platform");
  application->alias = alias;
  const std::string url = GrantFile(*call, "signing-files/" + platform + "/" + id,
                                    {.owner = FileGrant::Owner::kApplication, .id = id, .declared_size = {}});
  JsonWriter out;
  out.BeginObject().Key("url").Text(url).EndObject();
  return JsonReply(200, out);
}

}  // namespace tegodrop::sim
