#include "tests/portal/control.h"

#include <cmath>

namespace tegodrop::sim {
namespace {

using Lock = std::unique_lock<std::mutex>;

Reply Failed(int status, std::string_view text) {
  JsonWriter out;
  out.BeginObject().Key("error").Text(text).EndObject();
  return JsonReply(status, out);
}

Reply Done() {
  JsonWriter out;
  out.BeginObject().EndObject();
  return JsonReply(200, out);
}

void WriteBuilds(const World& world, JsonWriter* out) {
  out->BeginArray();
  for (const Build& build : world.builds.all()) {
    out->BeginObject().Key("id").Integer(build.id).Key("version").Text(build.identity.version);
    out->Key("platform").Text(build.identity.platform).Key("start_time").Integer(build.identity.start_time);
    out->Key("name").Text(build.identity.file_name).Key("success");
    build.success ? out->Bool(*build.success) : out->Null();
    out->Key("status_message").Text(world.builds.StatusMessage(build));
    out->Key("error_message").TextOrNull(build.error_message);
    out->Key("signed").Bool(build.signed_build).Key("source_sha256").Text(build.source->sha256());
    // Of what is delivered, unless that was damaged on purpose.
    out->Key("output_sha256");
    const bool whole = build.output && build.output->size() == build.output_size;
    whole ? out->Text(build.output->sha256()) : out->Null();
    out->Key("output_size").Integer(build.output_size).Key("deleted").Bool(build.deleted).EndObject();
  }
  out->EndArray();
}

// Multipart uploads that were neither completed nor aborted.
void WriteOpenUploads(const World& world, JsonWriter* out) {
  out->BeginArray();
  for (const auto& [id, grant] : world.grants) {
    if (grant.upload_id.empty() || grant.state != Grant::State::kOpen) continue;
    out->BeginObject().Key("upload_id").Text(grant.upload_id).Key("name").Text(grant.identity.file_name);
    out->Key("parts").Integer(static_cast<int64_t>(grant.parts.size())).EndObject();
  }
  out->EndArray();
}

void WriteObjects(const World& world, JsonWriter* out) {
  out->BeginArray();
  for (const auto& [key, object] : world.objects) {
    out->BeginObject().Key("key").Text(key).Key("sha256").Text(object.file->sha256());
    out->Key("size").Integer(object.file->size()).Key("puts").Integer(object.puts).EndObject();
  }
  out->EndArray();
}

void WriteKeys(const World& world, JsonWriter* out) {
  out->BeginArray();
  for (const KeyRecord& one : world.keys.all()) {
    out->BeginObject().Key("key_id").Text(one.key.id).Key("key_name").Text(one.key.name);
    out->Key("platform").Text(one.key.platform).Key("file_name").Text(one.file_name);
    out->Key("alias").Text(one.alias).Key("is_default").Bool(one.is_default).Key("usable").Bool(one.IsUsable());
    out->Key("password_sha256").Text(one.password_sha256);
    out->Key("file_sha256").TextOrNull(one.file ? std::optional(one.file->sha256()) : std::nullopt).EndObject();
  }
  out->EndArray();
}

void WriteApplications(const World& world, JsonWriter* out) {
  out->BeginArray();
  for (const Application& one : world.applications.all()) {
    out->BeginObject().Key("application_id").Text(one.id).Key("platform").Text(one.platform);
    out->Key("build_name").Text(one.name).Key("alias").Text(one.alias).Key("signing_file_sha256");
    out->TextOrNull(one.signing_file ? std::optional(one.signing_file->sha256()) : std::nullopt).EndObject();
  }
  out->EndArray();
}

Reply State(World* world, Lock* lock) {
  world->builds.WaitUntilSettled(lock);
  JsonWriter out;
  out.BeginObject().Key("now").Number(world->clock.UnixNow());
  out.Key("ms").Integer(world->clock.RealMilliseconds()).Key("counters");
  world->counters.Write(&out);
  out.Key("settings");
  world->settings.Write(&out);
  out.Key("requests");
  world->requests.Write(&out);
  out.Key("builds");
  WriteBuilds(*world, &out);
  out.Key("objects");
  WriteObjects(*world, &out);
  out.Key("open_uploads");
  WriteOpenUploads(*world, &out);
  out.Key("signing_keys");
  WriteKeys(*world, &out);
  out.Key("applications");
  WriteApplications(*world, &out);
  out.Key("faults_left").Integer(world->faults.Left()).Key("outputs_left").Integer(world->builds.GivenLeft());
  out.Key("violations");
  world->violations.Write(&out);
  out.EndObject();
  return JsonReply(200, out);
}

Reply ShowViolations(World* world, Lock*) {
  JsonWriter out;
  out.BeginObject().Key("violations");
  world->violations.Write(&out);
  out.EndObject();
  return JsonReply(200, out);
}

Reply ShowBodies(World* world, Lock*) {
  JsonWriter out;
  out.BeginObject().Key("bodies").BeginArray();
  for (const World::AskedBody& one : world->bodies) {
    out.BeginObject().Key("endpoint").Text(one.endpoint).Key("body").Text(one.body).EndObject();
  }
  out.EndArray().EndObject();
  return JsonReply(200, out);
}

Reply Set(World* world, Lock* lock, const rapidjson::Document& body) {
  // What has ended by now ended under the old settings. The wait lets others in: nothing is read before it.
  world->builds.WaitUntilSettled(lock);
  Settings changed = world->settings;
  std::string error;
  for (const auto& member : body.GetObject()) {
    if (!changed.Set(Text(member.name), member.value, &error)) return Failed(400, error);
  }
  const bool other_keys = changed.signing_keys != world->settings.signing_keys ||
                          changed.default_signing_key != world->settings.default_signing_key;
  world->settings = std::move(changed);
  if (other_keys) world->keys.Seed(world->settings, static_cast<int64_t>(world->clock.UnixNow()));
  world->portal_down = world->settings.portal_down;
  world->builds.WaitUntilSettled(lock);
  return Done();
}

Reply Advance(World* world, Lock* lock, const rapidjson::Document& body) {
  auto seconds = body.FindMember("seconds");
  if (body.MemberCount() != 1 || seconds == body.MemberEnd() || !seconds->value.IsNumber() ||
      !std::isfinite(seconds->value.GetDouble()) || seconds->value.GetDouble() < 0) {
    return Failed(400, "'seconds' wants a number, at least 0");
  }
  world->clock.Advance(seconds->value.GetDouble());
  world->builds.WaitUntilSettled(lock);
  return Done();
}

Reply GiveOutput(World* world, Lock* lock, const rapidjson::Document& body) {
  auto path = body.FindMember("path");
  if (body.MemberCount() != 1 || path == body.MemberEnd() || !path->value.IsString() ||
      !Text(path->value).starts_with('/')) {
    return Failed(400, "'path' wants the absolute path of a file");
  }
  // A large one takes its time.
  lock->unlock();
  std::shared_ptr<StoredFile> output = world->storage->Copy(std::string(Text(path->value)));
  lock->lock();
  if (!output) return Failed(400, "'path' leads to no regular file that can be read");
  // What has ended by now ended without it.
  world->builds.WaitUntilSettled(lock);
  world->builds.GiveOutput(std::move(output));
  return Done();
}

Reply AddFault(World* world, Lock*, const rapidjson::Document& body) {
  std::string error;
  return world->faults.Add(body, &error) ? Done() : Failed(400, error);
}

Reply ClearFaults(World* world, Lock*, const rapidjson::Document&) {
  world->faults.Clear();
  return Done();
}

struct Getter {
  const char* path;
  Reply (*serve)(World*, Lock*);
};
struct Poster {
  const char* path;
  Reply (*serve)(World*, Lock*, const rapidjson::Document&);
};
constexpr Getter kGetters[] = {
    {"/control/state", State}, {"/control/violations", ShowViolations}, {"/control/bodies", ShowBodies}};
constexpr Poster kPosters[] = {{"/control/set", Set},
                               {"/control/advance", Advance},
                               {"/control/output", GiveOutput},
                               {"/control/faults", AddFault},
                               {"/control/clear_faults", ClearFaults}};

}  // namespace

const char kControlHelp[] = R"(Control API, on the same port, JSON both ways:
  GET  /control/state         counters, requests, builds, objects, open uploads, signing keys, applications, switches, violations
  GET  /control/violations    what clients did that the portal's page forbids
  POST /control/set           {"build_seconds": 0, ...}: any switches, all or none
  POST /control/advance       {"seconds": N}: pushes the portal's clock; answers when builds that end by then have ended
  POST /control/output        {"path": "/..."}: the next build that succeeds for good has this file's bytes, as they are now,
                              for its output; what was uploaded must be good for a build all the same. Several: in order
  POST /control/faults        {"where": W, "times": 1, "skip": 0, "action": A}
                              W: upload_request complete abort list tenants download_request put part get any
                                 key_put subscription applications delete_build delete_application signing_keys
                                 upload_key default_key delete_key signing_file sign_build
                              A: {"status": 503, "headers": {"Retry-After": "1"}, "body": "..."}; with "early": true
                                   at once, and the connection is closed before the request's body is read
                                 {"close_after_bytes": N}  of the body of a put, part or key_put, else of the answer's;
                                   "of": "request" or "answer" says which; "reset": true ends it with a TCP reset
                                 {"stall": true, "after_bytes": N}  counted likewise; without N nothing happens at all
                                 {"lost_answer": true}  the effect, then no answer; "reset": true as above
                                 {"garbage": "..."}  no effect, and these bytes in place of HTTP
                                 {"ignore_expect": true}  no 100 Continue until the client sends without it
                                 and any of these together, the request being served:
                                 {"drip": N}  N bytes a second both ways
                                 {"short_by": N}, {"longer_by": N}, {"corrupt_at": N}  the answer's body loses its last
                                   bytes, gets zero bytes at its end, has another byte; Content-Length fits
                                 {"content_range": "bytes 0-9/10"}, {"etag": "\"x\""}  of get alone: what a 206, or a
                                   200 or 206, says in that header; "" leaves it out
  POST /control/clear_faults  {}
)";

Reply ServeControl(World* world, const Request& request) {
  Lock lock(world->mutex);
  if (request.method == "GET") {
    for (const Getter& one : kGetters) {
      if (request.path == one.path) return one.serve(world, &lock);
    }
  }
  for (const Poster& one : kPosters) {
    if (request.method != "POST" || request.path != one.path) continue;
    rapidjson::Document body;
    std::string error;
    if (!ParseObject(request.body, &body, &error)) return Failed(400, error);
    return one.serve(world, &lock, body);
  }
  return Failed(404, "no such control; portal --help lists them");
}

}  // namespace tegodrop::sim
