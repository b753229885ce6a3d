// POST /frontend/upload_application_build: the one place where a start_time is made.
#include <algorithm>

#include "tests/portal/api.h"
#include "tests/portal/signed_url.h"
#include "tests/portal/text.h"

namespace tegodrop::sim {
namespace {

struct Wish {
  Identity identity;
  std::optional<int64_t> file_size;
  std::optional<std::string> signing_key;
};

int64_t NextStartTime(World* world) {
  Settings& settings = world->settings;
  if (settings.fixed_start_time != 0) {
    const int64_t fixed = settings.fixed_start_time;
    if (settings.fixed_start_time_answers > 0 && --settings.fixed_start_time_answers == 0) {
      settings.fixed_start_time = 0;
    }
    return fixed;
  }
  auto now = static_cast<int64_t>(world->clock.UnixNow());
  if (settings.unique_start_time) now = std::max(now, world->last_start_time + 1);
  world->last_start_time = now;
  return now;
}

// The key that the build is signed with; false with a refusal when the wish names one that there is not.
bool ChooseKey(const Call& call, const Wish& wish, std::optional<SigningKey>* key, Reply* refusal) {
  const Settings& settings = call.world.settings;
  if (wish.signing_key == "none") return true;
  if (!wish.signing_key) {
    if (settings.plan != "FREE") *key = call.world.keys.Default(wish.identity.platform);
    return true;
  }
  const KeyRecord* found = call.world.keys.Find(*wish.signing_key);
  if (found == nullptr || found->key.platform != wish.identity.platform) {
    *refusal = call.Decline("There is no such signing key for this platform");
    return false;
  }
  if (!found->IsUsable()) {
    *refusal = call.Decline("The signing key's file has not been received");
    return false;
  }
  if (settings.plan != "FREE") *key = found->key;
  return true;
}

std::string ObjectKey(const World& world, const Identity& identity) {
  return world.tenant + "/uploads/" + identity.platform + "/" + identity.version + "/" +
         std::to_string(identity.start_time) + "/" + identity.file_name;
}

Grant MakeGrant(const Call& call, const Wish& wish, std::optional<SigningKey> key) {
  const Settings& settings = call.world.settings;
  Grant grant;
  grant.id = Hex(RandomBytes(12));
  grant.identity = wish.identity;
  grant.identity.start_time = NextStartTime(&call.world);
  grant.key = ObjectKey(call.world, grant.identity);
  grant.declared_size = wish.file_size;
  grant.signing_key = std::move(key);
  if (wish.file_size && *wish.file_size >= settings.multipart_threshold) {
    grant.upload_id = Hex(RandomBytes(24));
    grant.chunk_size = settings.chunk_size;
    grant.total_parts = (*wish.file_size + settings.chunk_size - 1) / settings.chunk_size;
  }
  return grant;
}

Reply Answer(const Call& call, const Grant& grant) {
  const int64_t expires_in = call.world.settings.expires_in;
  SignedTarget target;
  target.method = "PUT";
  target.path = "/storage/" + PercentEncode(grant.key);
  target.grant = grant.id;
  target.expires = static_cast<int64_t>(call.world.clock.UnixNow()) + expires_in;
  target.upload_id = grant.upload_id;
  auto url = [&] { return call.request.base_url + SignTarget(target, call.world.signing_secret); };

  JsonWriter out;
  out.BeginObject();
  if (grant.upload_id.empty()) {
    out.Key("url").Text(url());
    if (call.world.settings.multipart_false) out.Key("multipart").Bool(false);
  } else {
    out.Key("multipart").Bool(true).Key("upload_id").Text(grant.upload_id).Key("part_urls").BeginArray();
    for (target.part = 1; target.part <= grant.total_parts; ++target.part) out.Text(url());
    out.EndArray().Key("chunk_size").Integer(grant.chunk_size).Key("total_parts").Integer(grant.total_parts);
  }
  out.Key("file_path").Text(grant.key).Key("start_time").Integer(grant.identity.start_time);
  out.Key("expires_in").Integer(expires_in).Key("signing_key_id");
  out.TextOrNull(grant.signing_key ? std::optional(grant.signing_key->id) : std::nullopt).EndObject();
  return JsonReply(200, out);
}

}  // namespace

Reply UploadApplicationBuild(Call* call) {
  const Settings& settings = call->world.settings;
  Fields fields(call->body);
  Wish wish;
  wish.identity.platform = fields.Word("platform", {"android", "ios"});
  wish.identity.version = fields.Word("version", {"development", "staging", "production"});
  wish.identity.file_name = fields.FileName(wish.identity.platform);
  wish.file_size = fields.Integer("file_size", false, 1, INT64_MAX);
  wish.signing_key = fields.Text("signing_key_id", false);
  if (auto refusal = fields.Finish(*call)) return std::move(*refusal);

  if (wish.file_size && *wish.file_size > settings.max_file_size) return call->Decline("The file is too large");
  std::optional<SigningKey> key;
  Reply refusal;
  if (!ChooseKey(*call, wish, &key, &refusal)) return refusal;
  if (!settings.controls_enabled) {
    return call->Decline("No protection control is enabled for this platform and version");
  }
  const int64_t used = BuildsUsed(call->world, "android") + BuildsUsed(call->world, "ios");
  if (settings.build_quota > 0 && used >= settings.build_quota) {
    return call->Refuse(429, "The build quota of 7 days is used up");
  }
  if (settings.concurrent_builds > 0 && call->world.builds.InProgress() >= settings.concurrent_builds) {
    return call->Refuse(429, "The limit of concurrent builds is reached");
  }
  Grant grant = MakeGrant(*call, wish, std::move(key));
  Reply answer = Answer(*call, grant);
  ++call->world.counters.uploads_granted;
  if (!grant.upload_id.empty()) ++call->world.counters.multipart_open;
  std::string id = grant.id;
  call->world.grants.emplace(std::move(id), std::move(grant));
  return answer;
}

}  // namespace tegodrop::sim
