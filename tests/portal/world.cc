#include "tests/portal/world.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "tests/portal/text.h"

namespace tegodrop::sim {
namespace {

constexpr size_t kRequestsKept = 50'000;

}  // namespace

void Counters::Write(JsonWriter* out) const {
  const std::pair<const char*, int64_t> all[] = {
      {"connections", connections},
      {"upload_requests", upload_requests},
      {"complete_requests", complete_requests},
      {"abort_requests", abort_requests},
      {"list_requests", list_requests},
      {"download_requests", download_requests},
      {"delete_build_requests", delete_build_requests},
      {"application_requests", application_requests},
      {"delete_application_requests", delete_application_requests},
      {"signing_key_requests", signing_key_requests},
      {"upload_key_requests", upload_key_requests},
      {"default_key_requests", default_key_requests},
      {"delete_key_requests", delete_key_requests},
      {"signing_file_requests", signing_file_requests},
      {"sign_build_requests", sign_build_requests},
      {"tenant_requests", tenant_requests},
      {"subscription_requests", subscription_requests},
      {"uploads_granted", uploads_granted},
      {"puts_started", puts_started},
      {"parts_received", parts_received},
      {"multipart_open", multipart_open},
      {"uploads_aborted", uploads_aborted},
      {"key_files_received", key_files_received},
      {"keys_deleted", keys_deleted},
      {"builds_deleted", builds_deleted},
      {"applications_deleted", applications_deleted},
      {"objects_received", objects_received},
      {"builds_queued", builds_queued},
      {"builds_finished", builds_finished},
      {"most_builds_at_once", most_builds_at_once},
      {"answers_429", answers_429},
      {"downloads_started", downloads_started},
      {"downloads_completed", downloads_completed},
      {"body_bytes_received", body_bytes_received},
      {"body_bytes_sent", body_bytes_sent},
  };
  out->BeginObject();
  for (const auto& [name, value] : all) out->Key(name).Integer(value);
  out->EndObject();
}

RequestLog::~RequestLog() {
  if (fd_ >= 0) close(fd_);
}

bool RequestLog::OpenFile(const std::string& path) {
  fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
  return fd_ >= 0;
}

int64_t RequestLog::Begin(int64_t milliseconds, std::string_view endpoint, std::optional<std::string> range) {
  if (entries_.size() >= kRequestsKept) {
    entries_.pop_front();
    ++first_;
  }
  entries_.push_back({milliseconds, std::string(endpoint), 0, 0, 0, std::move(range)});
  return first_ + static_cast<int64_t>(entries_.size()) - 1;
}

void RequestLog::End(int64_t number, int status, int64_t bytes_received) {
  if (number < first_) return;
  Entry& entry = entries_[static_cast<size_t>(number - first_)];
  entry.status = status;
  entry.bytes_received = bytes_received;
  if (fd_ < 0) return;
  std::string line = "ms=" + std::to_string(entry.milliseconds) + " endpoint=" + entry.endpoint +
                     " status=" + std::to_string(status) + " bytes=" + std::to_string(bytes_received) + "\n";
  [[maybe_unused]] ssize_t written = write(fd_, line.data(), line.size());
}

void RequestLog::Sent(int64_t number, int64_t bytes) {
  if (number < first_) return;
  Entry& entry = entries_[static_cast<size_t>(number - first_)];
  entry.bytes_sent = std::max(entry.bytes_sent, bytes);
}

void RequestLog::Write(JsonWriter* out) const {
  out->BeginArray();
  for (const Entry& entry : entries_) {
    out->BeginObject().Key("ms").Integer(entry.milliseconds).Key("endpoint").Text(entry.endpoint);
    out->Key("status").Integer(entry.status).Key("bytes_received").Integer(entry.bytes_received);
    out->Key("bytes_sent").Integer(entry.bytes_sent).Key("range").TextOrNull(entry.range).EndObject();
  }
  out->EndArray();
}

World::World(std::unique_ptr<Storage> files, std::string token_text, std::string tenant_text)
    : storage(std::move(files)),
      token(std::move(token_text)),
      tenant(std::move(tenant_text)),
      signing_secret(RandomBytes(32)),
      builds(&mutex, &clock, &settings, storage.get(), [this](const Build& build) {
        ++counters.builds_finished;
        if (build.success == true) applications.Note(build, static_cast<int64_t>(clock.UnixNow()));
      }) {}

void World::CheckIdentity(Grant* grant) {
  auto object = objects.find(grant->key);
  if (object == objects.end() || object->second.grant == grant->id || grant->collision_convicted) return;
  grant->collision_convicted = true;
  Convict("identity_in_use", "'" + Shown(grant->identity.file_name) +
                                 "' is sent to the name of another upload, which has the same start_time");
}

void World::Receive(Grant* grant, std::shared_ptr<StoredFile> file) {
  if (grant->declared_size && *grant->declared_size != file->size()) {
    Convict("size_differs", "an object of " + std::to_string(file->size()) + " bytes was declared with " +
                                std::to_string(*grant->declared_size));
  }
  CheckIdentity(grant);
  StoredObject& object = objects[grant->key];
  if (object.puts > 0 && object.grant == grant->id) {
    Convict("put_twice", "'" + Shown(grant->identity.file_name) + "' was put again, having been received");
  }
  const bool queue = object.puts == 0 || settings.second_put_queues;
  object.file = file;
  object.grant = grant->id;
  ++object.puts;
  ++counters.objects_received;
  if (!queue) return;
  ++counters.builds_queued;
  builds.Queue(*grant, std::move(file));
  counters.most_builds_at_once = std::max(counters.most_builds_at_once, builds.InProgress());
}

bool World::ReceiveSigningFile(const FileGrant& grant, std::shared_ptr<StoredFile> file) {
  if (grant.owner == FileGrant::Owner::kKey) {
    KeyRecord* key = keys.Find(grant.id);
    if (key == nullptr) return false;
    key->file = std::move(file);
  } else {
    Application* application = applications.Find(grant.id);
    if (application == nullptr) return false;
    application->signing_file = std::move(file);
  }
  ++counters.key_files_received;
  return true;
}

}  // namespace tegodrop::sim
