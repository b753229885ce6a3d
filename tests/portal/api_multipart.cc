// POST /frontend/complete_multipart_upload and abort_multipart_upload.
#include <utility>

#include "tests/portal/api.h"
#include "tests/portal/text.h"

namespace tegodrop::sim {
namespace {

// The upload that file_path and upload_id name together, or null.
Grant* FindUpload(World* world, const std::string& file_path, const std::string& upload_id) {
  if (upload_id.empty()) return nullptr;
  for (auto& [id, grant] : world->grants) {
    if (grant.key == file_path && grant.upload_id == upload_id) return &grant;
  }
  return nullptr;
}

struct ListedPart {
  int64_t number = 0;
  std::string etag;
};

bool ReadPart(const rapidjson::Value& value, ListedPart* out) {
  if (!value.IsObject() || value.MemberCount() != 2) return false;
  auto number = value.FindMember("PartNumber");
  auto etag = value.FindMember("ETag");
  if (number == value.MemberEnd() || !number->value.IsInt64()) return false;
  if (etag == value.MemberEnd() || !etag->value.IsString()) return false;
  *out = {number->value.GetInt64(), std::string(Text(etag->value))};
  return true;
}

std::vector<ListedPart> ReadParts(Fields* fields) {
  std::vector<ListedPart> parts;
  const rapidjson::Value* array = fields->Array("parts");
  if (array == nullptr) return parts;
  for (const rapidjson::Value& value : array->GetArray()) {
    ListedPart part;
    if (!ReadPart(value, &part)) {
      fields->Note("field_type", "field 'parts' is not a list of {PartNumber, ETag}");
      break;
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

// What is wrong with the list, or "".
std::string WrongInList(const Grant& grant, const std::vector<ListedPart>& listed) {
  for (size_t i = 0; i < listed.size(); ++i) {
    const int64_t number = static_cast<int64_t>(i) + 1;
    if (listed[i].number != number) return "the parts are not listed from 1 on without a gap";
    auto part = grant.parts.find(number);
    if (part == grant.parts.end()) return "part " + std::to_string(number) + " has not been received";
    if (part->second.etag != listed[i].etag) return "part " + std::to_string(number) + " has another ETag";
  }
  if (static_cast<int64_t>(listed.size()) != grant.total_parts) return "the list does not have all parts";
  return "";
}

// Without the lock: the parts are immutable files. Each goes once it is copied, so that the disk holds little more than
// the object; they are lost when the disk refuses.
std::shared_ptr<StoredFile> Join(Storage* storage, std::map<int64_t, Part> parts) {
  std::unique_ptr<FileWriter> whole = storage->NewFile();
  if (!whole) return nullptr;
  for (auto& [number, part] : parts) {
    if (!whole->Append(*part.file)) return nullptr;
    part.file.reset();
  }
  return whole->Finish();
}

Reply Message(std::string_view text) {
  JsonWriter out;
  out.BeginObject().Key("message").Text(text).EndObject();
  return JsonReply(200, out);
}

Reply CompletedBefore(const Call& call) {
  const std::string& kind = call.world.settings.complete_twice;
  if (kind == "success") return Message("Upload completed successfully");
  return call.Refuse(kind == "bad_request" ? 400 : 404, "There is no such upload: NoSuchUpload");
}

// As object stores do when they fail after having begun to answer.
Reply ErrorIn200(const std::string& form) {
  constexpr char kText[] = "We encountered an internal error. Please try again.";
  if (form == "xml") return StorageError(200, "InternalError", kText);
  JsonWriter out;
  out.BeginObject().Key("error").Text(kText).EndObject();
  return JsonReply(200, out);
}

// "file_path must be the tenant-scoped path" of an upload's answer.
std::optional<Reply> CheckPath(const Call& call, const std::string& file_path) {
  if (file_path.starts_with(call.world.tenant + "/uploads/")) return std::nullopt;
  return call.Convict("file_path", 400, "field 'file_path' is no path of this tenant's uploads");
}

}  // namespace

Reply CompleteMultipartUpload(Call* call) {
  World& world = call->world;
  Fields fields(call->body);
  const std::string file_path = fields.Text("file_path", true).value_or("");
  const std::string upload_id = fields.Text("upload_id", true).value_or("");
  const std::vector<ListedPart> listed = ReadParts(&fields);
  if (auto refusal = fields.Finish(*call)) return std::move(*refusal);
  if (auto refusal = CheckPath(*call, file_path)) return std::move(*refusal);

  Grant* grant = FindUpload(&world, file_path, upload_id);
  if (grant != nullptr && grant->state == Grant::State::kCompleted) return CompletedBefore(*call);
  if (grant == nullptr || grant->state != Grant::State::kOpen) return call->Refuse(404, "There is no such upload");
  if (!world.settings.complete_error_in_200.empty()) return ErrorIn200(world.settings.complete_error_in_200);
  if (std::string wrong = WrongInList(*grant, listed); !wrong.empty()) return call->Convict("parts_list", 400, wrong);

  grant->state = Grant::State::kCompleting;  // from here on no part comes in
  std::map<int64_t, Part> parts = std::exchange(grant->parts, {});
  call->lock.unlock();
  std::shared_ptr<StoredFile> whole = Join(world.storage.get(), std::move(parts));
  call->lock.lock();
  --world.counters.multipart_open;
  if (!whole) {
    grant->state = Grant::State::kAborted;
    return call->Refuse(500, "The portal's disk refuses");
  }
  grant->state = Grant::State::kCompleted;
  world.Receive(grant, std::move(whole));
  return Message("Upload completed successfully");
}

Reply AbortMultipartUpload(Call* call) {
  Fields fields(call->body);
  const std::string file_path = fields.Text("file_path", true).value_or("");
  const std::string upload_id = fields.Text("upload_id", true).value_or("");
  if (auto refusal = fields.Finish(*call)) return std::move(*refusal);
  if (auto refusal = CheckPath(*call, file_path)) return std::move(*refusal);

  Grant* grant = FindUpload(&call->world, file_path, upload_id);
  if (grant != nullptr && (grant->state == Grant::State::kCompleted || grant->state == Grant::State::kCompleting)) {
    return call->Convict("abort_after_complete", 404, "an upload that is complete was aborted");
  }
  if (grant == nullptr || grant->state != Grant::State::kOpen) return call->Refuse(404, "There is no such upload");
  grant->state = Grant::State::kAborted;
  --call->world.counters.multipart_open;
  ++call->world.counters.uploads_aborted;
  grant->parts.clear();
  return Message("Upload aborted successfully");
}

}  // namespace tegodrop::sim
