// All that one simulator knows. One mutex guards it; slow work (files, rewriting, waiting) is done without holding it.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tests/portal/applications.h"
#include "tests/portal/build_farm.h"
#include "tests/portal/clock.h"
#include "tests/portal/faults.h"
#include "tests/portal/settings.h"
#include "tests/portal/signing_keys.h"
#include "tests/portal/stop_event.h"
#include "tests/portal/storage.h"
#include "tests/portal/uploads.h"
#include "tests/portal/violations.h"

namespace tegodrop::sim {

// Since the start. Requests to /control/ are in none of them.
struct Counters {
  int64_t connections = 0;  // that carried a request
  int64_t upload_requests = 0;
  int64_t complete_requests = 0;
  int64_t abort_requests = 0;
  int64_t list_requests = 0;
  int64_t download_requests = 0;
  int64_t delete_build_requests = 0;
  int64_t application_requests = 0;
  int64_t delete_application_requests = 0;
  int64_t signing_key_requests = 0;
  int64_t upload_key_requests = 0;
  int64_t default_key_requests = 0;
  int64_t delete_key_requests = 0;
  int64_t signing_file_requests = 0;
  int64_t sign_build_requests = 0;
  int64_t tenant_requests = 0;
  int64_t subscription_requests = 0;
  int64_t uploads_granted = 0;
  int64_t puts_started = 0;
  int64_t parts_received = 0;
  int64_t multipart_open = 0;  // now: neither completed nor aborted
  int64_t uploads_aborted = 0;
  int64_t key_files_received = 0;  // of keys and of applications
  int64_t keys_deleted = 0;
  int64_t builds_deleted = 0;
  int64_t applications_deleted = 0;
  int64_t objects_received = 0;
  int64_t builds_queued = 0;
  int64_t builds_finished = 0;
  int64_t most_builds_at_once = 0;  // queued or running
  int64_t answers_429 = 0;
  int64_t downloads_started = 0;
  int64_t downloads_completed = 0;  // answers 200 and 206 that were sent to their end
  int64_t body_bytes_received = 0;
  int64_t body_bytes_sent = 0;

  void Write(JsonWriter* out) const;
};

// What was asked, in the order of arrival; the oldest are forgotten.
class RequestLog {
 public:
  ~RequestLog();

  struct Entry {
    int64_t milliseconds = 0;
    std::string endpoint;
    int status = 0;  // 0: no answer, or not yet
    int64_t bytes_received = 0;
    int64_t bytes_sent = 0;            // of the answer's body, given to the connection so far
    std::optional<std::string> range;  // the header, as it was sent
  };
  // From now on every request that ends is also a line of this file. Makes the file, empty.
  bool OpenFile(const std::string& path);
  // The number by which End() finds it again.
  int64_t Begin(int64_t milliseconds, std::string_view endpoint, std::optional<std::string> range);
  void End(int64_t number, int status, int64_t bytes_received);
  void Sent(int64_t number, int64_t bytes);
  void Write(JsonWriter* out) const;

 private:
  std::deque<Entry> entries_;
  int64_t first_ = 0;
  int fd_ = -1;
};

constexpr int64_t kLargestKeyFile = int64_t{10} * 1024 * 1024;  // the page's 10 MB

struct World {
  World(std::unique_ptr<Storage> files, std::string token_text, std::string tenant_text);

  // Fixed since the start, or safe by themselves.
  const std::unique_ptr<Storage> storage;
  const std::string token;  // KEY:SECRET
  const std::string tenant;
  const std::string signing_secret;
  StopEvent stop;
  std::atomic<bool> portal_down{false};  // Settings::portal_down, for the middle of a transfer

  std::mutex mutex;
  // All below is guarded by it.
  SimClock clock;
  Settings settings;
  Violations violations;
  Counters counters;
  Faults faults;
  RequestLog requests;
  // What was asked of the API, as it was sent but for passwords; the oldest are forgotten.
  struct AskedBody {
    std::string endpoint;
    std::string body;
  };
  std::deque<AskedBody> bodies;
  std::unordered_map<std::string, Grant> grants;
  std::map<std::string, StoredObject> objects;
  std::unordered_map<std::string, FileGrant> file_grants;
  KeyRing keys;
  Applications applications;
  int64_t last_start_time = 0;
  BuildFarm builds;  // last: its thread uses the others

  void Convict(std::string_view rule, std::string_view text) { violations.Add(clock.RealMilliseconds(), rule, text); }
  // Convicts, once, a grant whose object's name another upload has used already. Called when its bytes begin to arrive
  // and when they are there: of two that arrive at the same time the later one is found.
  void CheckIdentity(Grant* grant);
  // The object of `grant` has arrived whole: stores it, convicts what is wrong with that, queues the build.
  void Receive(Grant* grant, std::shared_ptr<StoredFile> file);
  // A signing file has arrived; false when its key or application has gone meanwhile.
  bool ReceiveSigningFile(const FileGrant& grant, std::shared_ptr<StoredFile> file);
};

}  // namespace tegodrop::sim
