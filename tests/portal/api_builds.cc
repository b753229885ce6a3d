// POST /frontend/download_application_build, delete_application_build and sign_application_build.
#include <algorithm>

#include "tests/portal/api.h"
#include "tests/portal/signed_url.h"
#include "tests/portal/text.h"

namespace tegodrop::sim {
namespace {

bool Same(const Identity& a, const Identity& b) {
  return a.version == b.version && a.platform == b.platform && a.start_time == b.start_time &&
         a.file_name == b.file_name;
}

// The last build that was not deleted and that `fits`, or null.
template <typename Fits>
const Build* LastBuild(const World& world, Fits fits) {
  const auto& all = world.builds.all();
  auto found = std::find_if(all.rbegin(), all.rend(), [&](const Build& one) { return !one.deleted && fits(one); });
  return found == all.rend() ? nullptr : &*found;
}

}  // namespace

Reply DownloadApplicationBuild(Call* call) {
  World& world = call->world;
  Fields fields(call->body);
  const Identity wanted = fields.Build();
  if (auto refusal = fields.Finish(*call)) return std::move(*refusal);

  const Build* found =
      LastBuild(world, [&](const Build& one) { return Same(one.identity, wanted) && one.success == true; });
  if (found == nullptr) return call->Refuse(404, "There is no such completed build");
  SignedTarget target;
  target.method = "GET";
  target.path = "/storage/" + PercentEncode(world.tenant + "/outputs/" + wanted.platform + "/" + wanted.version + "/" +
                                            std::to_string(wanted.start_time) + "/" + wanted.file_name);
  target.grant = std::to_string(found->id);
  target.expires = static_cast<int64_t>(world.clock.UnixNow()) + world.settings.expires_in;
  JsonWriter out;
  out.BeginObject().Key("url").Text(call->request.base_url + SignTarget(target, world.signing_secret)).EndObject();
  return JsonReply(200, out);
}

Reply DeleteApplicationBuild(Call* call) {
  World& world = call->world;
  Fields fields(call->body);
  const Identity wanted = fields.Build();
  if (auto refusal = fields.Finish(*call)) return std::move(*refusal);

  auto is_it = [&](const Build& one) { return Same(one.identity, wanted); };
  if (LastBuild(world, is_it) == nullptr) return call->Refuse(404, "There is no such build");
  if (LastBuild(world, [&](const Build& one) { return is_it(one) && one.IsAtWork(); }) != nullptr) {
    return call->Decline("The build is still in progress");
  }
  // All that share the identity: they share the artifact's name.
  while (const Build* one = LastBuild(world, is_it)) world.builds.Delete(one->id, world.settings.delete_keeps_row);
  ++world.counters.builds_deleted;
  return Succeeded();
}

Reply SignApplicationBuild(Call* call) {
  World& world = call->world;
  Fields fields(call->body);
  Identity wanted;
  wanted.platform = fields.Word("platform", {"android", "ios"});
  wanted.file_name = fields.Filled("name");
  wanted.start_time = fields.Integer("start_time", true, 0, INT64_MAX).value_or(0);
  if (auto refusal = fields.Finish(*call)) return std::move(*refusal);

  const Build* found = LastBuild(world, [&](const Build& one) {
    wanted.version = one.identity.version;
    return Same(one.identity, wanted);
  });
  if (found == nullptr) return call->Refuse(404, "There is no such build");
  if (found->success != true) return call->Decline("The build has not completed");
  const Application* application = world.applications.Of(found->identity);
  if (application == nullptr || application->signing_file == nullptr) {
    return call->Decline("The application has no code-signing file");
  }
  world.builds.SignAgain(found->id);
  JsonWriter out;
  out.BeginObject().Key("success").Bool(true).Key("message").Text("Build queued for signing").EndObject();
  return JsonReply(200, out);
}

}  // namespace tegodrop::sim
