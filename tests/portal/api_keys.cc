// POST /frontend/get_signing_keys, upload_signing_key, set_default_signing_key and delete_signing_key.
#include <algorithm>
#include <vector>

#include "tests/portal/api.h"
#include "tests/portal/signed_url.h"
#include "tests/portal/text.h"

namespace tegodrop::sim {
namespace {

// The page names release.jks only; these are the files that such keys are kept in.
bool IsKeyFile(std::string_view name, std::string_view platform) {
  const std::string lower = LowerCase(name);
  std::vector<std::string_view> endings = {".p12", ".pfx"};
  if (platform == "android") endings.insert(endings.end(), {".jks", ".keystore", ".ks"});
  return std::any_of(endings.begin(), endings.end(), [&](std::string_view one) { return lower.ends_with(one); });
}

std::string Sha256(std::string_view text) {
  Digest digest;
  digest.Add(text);
  return digest.Finish();
}

}  // namespace

std::string GrantFile(const Call& call, const std::string& key, FileGrant grant) {
  World& world = call.world;
  SignedTarget target;
  target.method = "PUT";
  target.path = "/storage/" + PercentEncode(world.tenant + "/" + key);
  target.grant = Hex(RandomBytes(12));
  target.expires = static_cast<int64_t>(world.clock.UnixNow()) + world.settings.expires_in;
  world.file_grants.emplace(target.grant, std::move(grant));
  return call.request.base_url + SignTarget(target, world.signing_secret);
}

Reply GetSigningKeys(Call* call) {
  Fields fields(call->body);
  if (auto refusal = fields.Finish(*call)) return std::move(*refusal);
  JsonWriter out;
  out.BeginObject().Key("signing_keys").BeginArray();
  for (const KeyRecord& one : call->world.keys.all()) {
    out.BeginObject().Key("key_id").Text(one.key.id).Key("key_name").Text(one.key.name);
    out.Key("platform").Text(one.key.platform).Key("file_name").Text(one.file_name);
    out.Key("is_default").Bool(one.is_default).Key("uploaded_by").Text("user@example.com");
    out.Key("creation_time").Integer(one.creation_time).EndObject();
  }
  out.EndArray().EndObject();
  return JsonReply(200, out);
}

Reply UploadSigningKey(Call* call) {
  World& world = call->world;
  Fields fields(call->body);
  KeyRecord record;
  record.key.name = fields.Filled("key_name");
  record.key.platform = fields.Word("platform", {"android", "ios"});
  record.file_name = fields.FileName();
  record.password_sha256 = Sha256(fields.Filled("password"));
  record.alias = record.key.platform == "ios" ? fields.Text("alias", false).value_or("") : fields.Filled("alias");
  const std::optional<int64_t> size = fields.Integer("file_size", false, 1, INT64_MAX);
  record.is_default = fields.Boolean("is_default").value_or(false);
  if (auto refusal = fields.Finish(*call)) return std::move(*refusal);

  if (size && *size > kLargestKeyFile) return call->Decline("The signing key's file is over 10 MB");
  if (!IsKeyFile(record.file_name, record.key.platform)) {
    return call->Decline("The signing key's file is not of a kind for this platform");
  }
  record.key.id = "key-" + Hex(RandomBytes(8));
  record.creation_time = static_cast<int64_t>(world.clock.UnixNow());
  const std::string id = record.key.id;
  const std::string name = "signing-keys/" + record.key.platform + "/" + id + "/" + record.file_name;
  world.keys.Add(std::move(record));
  const std::string url = GrantFile(*call, name, {.owner = FileGrant::Owner::kKey, .id = id, .declared_size = size});
  JsonWriter out;
  out.BeginObject().Key("key_id").Text(id).Key("url").Text(url).EndObject();
  return JsonReply(200, out);
}

Reply SetDefaultSigningKey(Call* call) {
  World& world = call->world;
  Fields fields(call->body);
  const std::string platform = fields.Word("platform", {"android", "ios"});
  const std::optional<std::string> id = fields.TextOrNull("key_id");
  if (auto refusal = fields.Finish(*call)) return std::move(*refusal);

  KeyRecord* key = nullptr;
  if (id) {
    key = world.keys.Find(*id);
    if (key == nullptr) return call->Refuse(404, "There is no such signing key");
    if (key->key.platform != platform) return call->Decline("The signing key is of the other platform");
    if (!key->IsUsable()) return call->Decline("The signing key's file has not been received");
  }
  world.keys.SetDefault(platform, key);
  return Succeeded();
}

Reply DeleteSigningKey(Call* call) {
  Fields fields(call->body);
  const std::string id = fields.Filled("key_id");
  if (auto refusal = fields.Finish(*call)) return std::move(*refusal);
  if (!call->world.keys.Remove(id)) return call->Refuse(404, "There is no such signing key");
  ++call->world.counters.keys_deleted;
  return Succeeded();
}

}  // namespace tegodrop::sim
