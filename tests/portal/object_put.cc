#include "tests/portal/object_store.h"
#include "tests/portal/text.h"

namespace tegodrop::sim {
namespace {

std::optional<Reply> Convict(World* world, std::string_view rule, const Reply& refusal, std::string_view text) {
  world->Convict(rule, "storage: " + std::string(text));
  return refusal;
}

std::optional<Reply> NoSuchUpload() {
  return StorageError(404, "NoSuchUpload", "The upload does not exist. It may have been completed or aborted.");
}

std::string MakeEtag() { return "\"" + Hex(RandomBytes(16)) + "\""; }

// To be kept verbatim, whatever it is.
std::string PartEtag(const std::string& kind, const StoredFile& file) {
  if (kind == "md5") return "\"" + file.Md5() + "\"";
  if (kind == "odd") return "\"" + Hex(RandomBytes(4)) + "\\x+/=;,:'<>{}%22&amp;\"";
  if (kind == "unquoted") return Hex(RandomBytes(16));
  if (kind == "weak") return "W/" + MakeEtag();
  return MakeEtag();
}

Reply Stored(const std::string& etag) { return {.status = 200, .headers = {{"ETag", etag}}}; }

}  // namespace

std::string_view StorageEndpoint(const Request& request) {
  if (request.method != "PUT") return "get";
  if (request.path.find("/signing-keys/") != std::string::npos ||
      request.path.find("/signing-files/") != std::string::npos) {
    return "key_put";
  }
  return request.query.find("partNumber=") == std::string::npos ? "put" : "part";
}

std::optional<Reply> JudgeSignedUrl(World* world, const Request& request, std::string_view method,
                                    SignedTarget* target) {
  const Signature signature = CheckTarget(request.method, request.path, request.query, world->signing_secret, target);
  const Reply denied = StorageError(403, "SignatureDoesNotMatch", "The signature does not match the request.");
  if (signature == Signature::kBad) {
    return Convict(world, "url_altered", denied, "a signed URL is not as it was given out");
  }
  if (signature == Signature::kWrongMethod || target->method != method) {
    return Convict(world, "url_method", denied, "a signed URL was used with another method");
  }
  const Reply two = StorageError(400, "InvalidArgument", "Only one authorization mechanism is allowed.");
  if (request.Count("Authorization") > 0) {
    return Convict(world, "storage_authorization", two, "an Authorization header was sent to a signed URL");
  }
  if (request.Count("tenant") > 0) {
    return Convict(world, "storage_tenant", denied, "a tenant header was sent to a signed URL");
  }
  return std::nullopt;
}

ObjectPut::ObjectPut(World* world, const Request& request) : world_(world) {
  {
    std::lock_guard lock(world_->mutex);
    if (StorageEndpoint(request) != "key_put") ++world_->counters.puts_started;
    refusal_ = Judge(request);
  }
  if (refusal_) return;
  writer_ = world_->storage->NewFile(target_.part == 0);
  if (!writer_) refusal_ = StorageError(500, "InternalError", "The disk refuses.");
}

std::optional<Reply> ObjectPut::Judge(const Request& request) {
  if (auto refusal = JudgeSignedUrl(world_, request, "PUT", &target_)) return refusal;
  if (request.Count("Transfer-Encoding") > 0 || request.Count("Content-Length") != 1) {
    return Convict(world_, "content_length", StorageError(411, "MissingContentLength", "A Content-Length is needed."),
                   "a PUT has no Content-Length");
  }
  auto file = world_->file_grants.find(target_.grant);
  if (file != world_->file_grants.end()) return JudgeSigningFile(request, file->second);
  const std::string type = request.Header("Content-Type").value_or("");
  const Reply denied = StorageError(403, "SignatureDoesNotMatch", "The signature does not match the request.");
  if (target_.part == 0 && type != "application/octet-stream") {
    return Convict(world_, "storage_content_type", denied, "a PUT has not the Content-Type of the page's example");
  }
  if (target_.part > 0 && request.Count("Content-Type") > 0) {
    return Convict(world_, "storage_content_type", denied, "a part has a Content-Type, which its URL does not name");
  }
  if (HasExpired()) return StorageError(403, "AccessDenied", "Request has expired");
  auto grant = world_->grants.find(target_.grant);
  // A signature of ours names a grant of ours.
  if (grant == world_->grants.end()) return NoSuchUpload();
  return JudgeGrant(&grant->second);
}

bool ObjectPut::HasExpired() const { return world_->clock.UnixNow() >= static_cast<double>(target_.expires); }

// The page names no Content-Type for these: the one of its example, or none.
std::optional<Reply> ObjectPut::JudgeSigningFile(const Request& request, const FileGrant& grant) {
  const std::string type = request.Header("Content-Type").value_or("application/octet-stream");
  if (type != "application/octet-stream") {
    return Convict(world_, "storage_content_type",
                   StorageError(403, "SignatureDoesNotMatch", "The signature does not match the request."),
                   "a signing file has another Content-Type than application/octet-stream");
  }
  if (HasExpired()) return StorageError(403, "AccessDenied", "Request has expired");
  const int64_t size = ParseDecimal(request.Header("Content-Length").value_or("")).value_or(-1);
  if (size > kLargestKeyFile) {
    return Convict(world_, "key_size", StorageError(400, "EntityTooLarge", "The file is over 10 MB."),
                   "a signing file has over 10 MB");
  }
  if (size < 1 || (grant.declared_size && *grant.declared_size != size)) {
    return Convict(world_, "size_differs", StorageError(400, "InvalidRequest", "The file has not the size it should."),
                   "a signing file has another size than was announced, or none");
  }
  return std::nullopt;
}

std::optional<Reply> ObjectPut::JudgeGrant(Grant* grant) {
  part_etag_ = world_->settings.part_etag;
  const bool late = target_.part > 0 && grant->state != Grant::State::kOpen;
  if (late && world_->settings.late_parts == "refused") return NoSuchUpload();
  world_->CheckIdentity(grant);
  return std::nullopt;
}

// A failure of the disk is kept by the writer.
void ObjectPut::Append(std::string_view piece) { writer_->Append(piece); }

Reply ObjectPut::Finish() {
  std::shared_ptr<StoredFile> file = writer_->Finish();
  if (!file) return StorageError(500, "InternalError", "The disk refuses.");
  const std::string etag = target_.part > 0 ? PartEtag(part_etag_, *file) : "";
  std::lock_guard lock(world_->mutex);
  if (auto signing_file = world_->file_grants.find(target_.grant); signing_file != world_->file_grants.end()) {
    if (world_->ReceiveSigningFile(signing_file->second, std::move(file))) return Stored(MakeEtag());
    return StorageError(404, "NoSuchKey", "The key or application does not exist.");
  }
  Grant* grant = &world_->grants.at(target_.grant);
  if (target_.part > 0) return FinishPart(grant, std::move(file), etag);
  world_->Receive(grant, std::move(file));
  return Stored(MakeEtag());
}

Reply ObjectPut::FinishPart(Grant* grant, std::shared_ptr<StoredFile> file, const std::string& etag) {
  if (grant->state != Grant::State::kOpen) {
    return world_->settings.late_parts == "accepted" ? Stored(etag) : *NoSuchUpload();
  }
  const bool last = target_.part == grant->total_parts;
  const int64_t wanted =
      last ? *grant->declared_size - (grant->total_parts - 1) * grant->chunk_size : grant->chunk_size;
  if (file->size() != wanted) {
    return *Convict(world_, "part_size", StorageError(400, "EntityTooSmall", "The part has not the size it should."),
                    "part " + std::to_string(target_.part) + " has " + std::to_string(file->size()) +
                        " bytes instead of " + std::to_string(wanted));
  }
  ++world_->counters.parts_received;
  Part& part = grant->parts[target_.part];
  part = {std::move(file), etag};
  return Stored(part.etag);
}

}  // namespace tegodrop::sim
