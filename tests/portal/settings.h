// Every switch of the simulator, with its default and unit. World::mutex guards the one instance.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/portal/json.h"

namespace tegodrop::sim {

struct Settings {
  // Builds.
  double build_seconds = 2;       // on the simulator's clock
  bool hold_builds = false;       // no build makes progress
  std::string fail_build;         // not empty: builds that end from now on fail with this text
  std::string build_result;       // how builds end from now on, see kBuildResults in settings.cc
  int64_t concurrent_builds = 0;  // this many queued or running: 429; 0 = no limit
  std::string signing_keys =      // "id:platform:name", with ';' between them
      "key-uuid-1234:android:Android release key;key-uuid-5678:ios:iOS distribution key";
  std::string
      default_signing_key;  // key ids, with ',' between them: one for a platform, used when an upload names none
  int64_t build_quota = 0;  // builds of seven days: 429; 0 = no quota
  std::string custom_limits =
      "shown";                    // in the subscription: shown (concurrent_builds, if there is a limit) | none | null
  bool delete_keeps_row = false;  // a deleted build stays in the history, with deleted: true
  std::string plan = "TEAM";      // FREE | TEAM | ENTERPRISE; FREE skips signing
  bool builds_permission = true;  // false: endpoints that need the Builds permission answer 403
  bool controls_enabled = true;   // false: uploads are refused, as without any protection control
  double worker_timeout = 0;      // seconds after which the listing fails a build in progress; 0 = never
  double history_lag = 0;         // seconds before a received build shows
  std::string listing_order = "newest";  // newest | oldest | shuffled

  // Uploads.
  int64_t expires_in = 3600;                                 // seconds a signed URL lives
  int64_t max_file_size = int64_t{2} * 1024 * 1024 * 1024;   // the page's 2 GB
  int64_t multipart_threshold = int64_t{100} * 1024 * 1024;  // the page's 100 MB
  int64_t chunk_size = int64_t{10} * 1024 * 1024;            // the page's 10485760
  bool unique_start_time = false;                            // no two answers share a start_time
  int64_t fixed_start_time = 0;                              // not 0: every answer has this start_time
  int64_t fixed_start_time_answers = 0;                      // that many answers, then 0 again; 0 = without end
  bool second_put_queues = true;                             // an object put twice is built twice

  // What the page leaves open.
  std::string refusal_status = "400";        // of refusals that it names no status for: 400 | 403 | 409 | 422
  std::string retry_after = "none";          // with 429 and 503: none | seconds | date
  int64_t retry_after_seconds = 5;           // what Retry-After then says
  std::string complete_twice = "not_found";  // a second Complete: not_found (404) | success | bad_request (400)
  std::string complete_error_in_200 = "";    // Complete does nothing and answers 200 with: xml | json, an error's body
  std::string late_parts = "refused";        // parts after Complete or abort: refused (404) | accepted, without effect
  std::string part_etag = "opaque";          // opaque | md5 | odd | unquoted | weak
  std::string download_etag = "strong";      // strong | weak | none | changes (with every answer)
  std::string status_words = "known";        // status_message: known | unknown | misleading | null
  bool multipart_false = false;              // answers for a single PUT have multipart: false
  bool extra_fields = false;                 // every object of every answer has fields that are on no page
  bool null_fields = false;                  // fields that a client can do without are null, or are there as null
  int64_t page_limit = 0;                    // rows of a listing's page at most, whatever was asked; 0 = as asked
  int64_t repeated_rows = 0;                 // that many rows of a page come again on the next one

  // The wire.
  std::string tenants_body = "object";    // object: {"tenants": [...]} | array: the bare list
  std::string error_body = "message";     // message | error | detail | text | html | empty
  int64_t upload_bytes_per_second = 0;    // each transfer; 0 = no limit
  int64_t download_bytes_per_second = 0;  // each transfer; 0 = no limit
  bool honour_range = true;               // false: downloads answer 200 to every Range
  bool portal_down = false;               // every portal connection is closed without an answer

  // Both set one switch; false with `error` saying what is allowed.
  bool Set(std::string_view name, const rapidjson::Value& value, std::string* error);
  bool SetFromText(std::string_view name, std::string_view value, std::string* error);

  // All switches for people, a line each: the value, and for words what else is allowed.
  std::string Help() const;
  // Writes all as one JSON object.
  void Write(JsonWriter* out) const;
};

}  // namespace tegodrop::sim
