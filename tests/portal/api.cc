#include "tests/portal/api.h"

#include "tests/portal/dressing.h"
#include "tests/portal/text.h"

namespace tegodrop::sim {
namespace {

constexpr std::string_view kFrontend = "/frontend/";

using Access = Endpoint::Access;
using Plan = Endpoint::Plan;

constexpr Endpoint kEndpoints[] = {
    {"upload_request", "upload_application_build", "POST", Access::kBuilds, UploadApplicationBuild,
     &Counters::upload_requests},
    {"complete", "complete_multipart_upload", "POST", Access::kBuilds, CompleteMultipartUpload,
     &Counters::complete_requests},
    {"abort", "abort_multipart_upload", "POST", Access::kBuilds, AbortMultipartUpload, &Counters::abort_requests},
    {"list", "get_application_builds", "POST", Access::kReads, GetApplicationBuilds, &Counters::list_requests},
    {"download_request", "download_application_build", "POST", Access::kReads, DownloadApplicationBuild,
     &Counters::download_requests},
    {"delete_build", "delete_application_build", "POST", Access::kBuilds, DeleteApplicationBuild,
     &Counters::delete_build_requests},
    {"applications", "get_applications", "POST", Access::kReads, GetApplications, &Counters::application_requests},
    {"delete_application", "delete_application", "POST", Access::kBuilds, DeleteApplication,
     &Counters::delete_application_requests},
    {"signing_keys", "get_signing_keys", "POST", Access::kReads, GetSigningKeys, &Counters::signing_key_requests,
     Plan::kTeam},
    {"upload_key", "upload_signing_key", "POST", Access::kBuilds, UploadSigningKey, &Counters::upload_key_requests,
     Plan::kTeam},
    {"default_key", "set_default_signing_key", "POST", Access::kBuilds, SetDefaultSigningKey,
     &Counters::default_key_requests, Plan::kTeam},
    {"delete_key", "delete_signing_key", "POST", Access::kBuilds, DeleteSigningKey, &Counters::delete_key_requests,
     Plan::kTeam},
    {"signing_file", "upload_code_signing_file", "POST", Access::kBuilds, UploadCodeSigningFile,
     &Counters::signing_file_requests, Plan::kTeam},
    {"sign_build", "sign_application_build", "POST", Access::kBuilds, SignApplicationBuild,
     &Counters::sign_build_requests, Plan::kTeam},
    {"tenants", "get_tenants", "GET", Access::kNoTenant, GetTenants, &Counters::tenant_requests},
    {"subscription", "get_tenant_subscription", "GET", Access::kReads, GetTenantSubscription,
     &Counters::subscription_requests},
};

// Whether `value` is "Bearer " and the base64 of KEY:SECRET on one line, whoever's that may be.
bool IsBearerOfATokenForm(std::string_view value) {
  constexpr std::string_view kBearer = "Bearer ";
  if (!value.starts_with(kBearer)) return false;
  std::optional<std::string> token = FromBase64(value.substr(kBearer.size()));
  return token && token->find(':') != std::string::npos && token->find_first_of(" \r\n\t") == std::string::npos;
}

bool IsTenantForm(std::string_view value) {
  return value.size() == 32 && value.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<Reply> CheckAuthorization(const Call& call) {
  const size_t count = call.request.Count("Authorization");
  if (count == 0) return call.Convict("authorization_missing", 401, "no Authorization header");
  const std::string value = *call.request.Header("Authorization");
  if (count > 1 || !IsBearerOfATokenForm(value)) {
    return call.Convict("authorization_form", 401, "Authorization is not one line of Bearer and base64(key:secret)");
  }
  if (!EqualSecret(value, "Bearer " + Base64(call.world.token))) return call.Refuse(401, "Invalid API token");
  return std::nullopt;
}

std::optional<Reply> CheckTenant(const Call& call) {
  const size_t count = call.request.Count("tenant");
  if (count == 0) return call.Convict("tenant_missing", 400, "no tenant header");
  const std::string value = *call.request.Header("tenant");
  if (count > 1 || !IsTenantForm(value)) {
    return call.Convict("tenant_form", 400, "the tenant header is not 32 lower-case hexadecimal digits");
  }
  if (value != call.world.tenant) return call.Refuse(403, "This token does not belong to that tenant");
  return std::nullopt;
}

std::optional<Reply> CheckBody(Call* call) {
  if (call->request.Count("Content-Type") != 1 ||
      LowerCase(*call->request.Header("Content-Type")) != "application/json") {
    return call->Convict("content_type", 415, "Content-Type is not application/json");
  }
  std::string error;
  if (ParseObject(call->request.body, &call->body, &error)) return std::nullopt;
  return call->Convict("body", 400, error);
}

// The body as it was sent, with a mark where a password stands.
void Remember(World* world, const Endpoint& endpoint, const rapidjson::Document& body) {
  constexpr size_t kMost = 500;
  rapidjson::Document shown;
  shown.CopyFrom(body, shown.GetAllocator());
  if (shown.IsObject() && shown.HasMember("password")) shown["password"] = "(hidden)";
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  shown.Accept(writer);
  if (world->bodies.size() >= kMost) world->bodies.pop_front();
  world->bodies.push_back({endpoint.path, {buffer.GetString(), buffer.GetSize()}});
}

std::optional<Reply> Check(const Endpoint& endpoint, Call* call) {
  if (call->request.method != endpoint.method) {
    return call->Convict("method", 405, std::string("this endpoint wants ") + endpoint.method);
  }
  if (call->request.has_query) return call->Convict("query", 400, "this endpoint has no query");
  if (auto refusal = CheckAuthorization(*call)) return refusal;
  if (endpoint.access != Access::kNoTenant) {
    if (auto refusal = CheckTenant(*call)) return refusal;
  }
  if (std::string_view(endpoint.method) == "POST") {
    if (auto refusal = CheckBody(call)) return refusal;
    Remember(&call->world, endpoint, call->body);
  }
  if (endpoint.access == Access::kBuilds && !call->world.settings.builds_permission) {
    return call->Refuse(403, "This token has not the Builds permission");
  }
  if (endpoint.plan == Plan::kTeam && call->world.settings.plan == "FREE") {
    return call->Refuse(403, "Code signing needs a Team or Enterprise plan");
  }
  return std::nullopt;
}

}  // namespace

Reply Call::Decline(std::string_view text) const {
  return Refuse(static_cast<int>(ParseDecimal(world.settings.refusal_status).value_or(400)), text);
}

Reply Call::Convict(std::string_view rule, int status, std::string_view text) const {
  world.Convict(rule, std::string(endpoint) + ": " + std::string(text));
  return Refuse(status, text);
}

Reply Succeeded() {
  JsonWriter out;
  out.BeginObject().Key("success").Bool(true).EndObject();
  return JsonReply(200, out);
}

const Endpoint* FindEndpoint(std::string_view path) {
  if (!path.starts_with(kFrontend)) return nullptr;
  path.remove_prefix(kFrontend.size());
  for (const Endpoint& endpoint : kEndpoints) {
    if (path == endpoint.path) return &endpoint;
  }
  return nullptr;
}

Reply ServeApi(World* world, const Endpoint& endpoint, const Request& request) {
  std::unique_lock lock(world->mutex);
  Call call{*world, request, lock, endpoint.name};
  std::optional<Reply> refusal = Check(endpoint, &call);
  Reply reply = refusal ? std::move(*refusal) : endpoint.handle(&call);
  Dress(world->settings, &reply);
  return reply;
}

Reply ServeUnknown(World* world, const Request& request) {
  std::unique_lock lock(world->mutex);
  Call call{*world, request, lock, "unknown"};
  return call.Convict("path", 404, "no such path");
}

}  // namespace tegodrop::sim
