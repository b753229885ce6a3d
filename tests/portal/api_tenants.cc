// GET /frontend/get_tenants and get_tenant_subscription.
#include "tests/portal/api.h"

namespace tegodrop::sim {
namespace {

void WriteTenants(const World& world, JsonWriter* out) {
  out->BeginArray().BeginObject().Key("tenant_id").Text(world.tenant).Key("name").Text("Rehearsal");
  out->Key("plan").Text(world.settings.plan).EndObject().EndArray();
}

}  // namespace

Reply GetTenants(Call* call) {
  JsonWriter out;
  if (call->world.settings.tenants_body == "array") {
    WriteTenants(call->world, &out);
  } else {
    out.BeginObject().Key("tenants");
    WriteTenants(call->world, &out);
    out.EndObject();
  }
  return JsonReply(200, out);
}

Reply GetTenantSubscription(Call* call) {
  const Settings& settings = call->world.settings;
  JsonWriter out;
  out.BeginObject().Key("plan").Text(settings.plan);
  if (settings.custom_limits == "null") {
    out.Key("custom_limits").Null();
  } else if (settings.custom_limits == "shown") {
    out.Key("custom_limits").BeginObject();
    if (settings.concurrent_builds > 0) out.Key("concurrent_builds").Integer(settings.concurrent_builds);
    out.EndObject();
  }
  out.EndObject();
  return JsonReply(200, out);
}

}  // namespace tegodrop::sim
