// Jobs as they stand in the ledger at each turn of the way back.
#pragma once

#include <string>

#include "daemon/base/digest.h"
#include "daemon/model/job.h"

namespace tegodrop::testing {

inline constexpr char kSource[] = "PK the source artifact";
inline constexpr char kProtected[] = "PK the protected artifact, a little longer";
inline constexpr WallMs kDetected = 1'767'225'000'000;  // 2025-12-31T23:50:00Z

inline Job BuiltJob() {
  Job job;
  job.id = "0123456789abcdef";
  job.state = JobState::kBuilt;
  job.owner = "host-a";
  job.epoch = 4;
  Target& target = job.target.Edit();
  target.folder = "production";
  target.drop_path = "/srv/drop";
  target.rooms = ".tegodrop";
  target.output_path = "/srv/protected";
  target.output_name = "{stem}-protected-{start_time}{ext}";
  target.portal_url = "https://app.apptego.com/frontend";
  target.tenant = "9f1c0a4e7b8d4a4db52e6a6d5c5c1f11";
  target.version = "production";
  job.artifact.file_name = "App Release.apk";
  job.artifact.kind = ArtifactKind::kApk;
  job.artifact.size = sizeof kSource - 1;
  job.artifact.sha256 = Sha256Hex(kSource);
  job.artifact.commit.candidates = {{"sidecar", std::string(40, 'a')}, {"file_name", std::string(40, 'b')}};
  job.artifact.sidecar.present = true;
  job.artifact.sidecar.files = {"App Release.apk.json"};
  job.artifact.sidecar.repository = "https://git.example/app";
  job.artifact.sidecar.ref = "refs/tags/v1";
  job.artifact.sidecar.build_url = "https://ci.example/17";
  job.artifact.sidecar.labels = {{"team", "mobile"}};
  job.ticket.start_time = 1'767'225'100;
  job.ticket.file_path = "9f1c/uploads/android/production/1767225100/App Release.apk";
  job.ticket.signing_key_id = "key-1";
  job.build.emplace();
  job.build->start_time = job.ticket.start_time;
  job.build->end_time = 1'767'225'400;
  job.build->version = "production";
  job.build->name = "App Release.apk";
  job.build->platform = "android";
  job.build->success = true;
  job.build->signed_ = true;
  job.build->status_message = "Complete";
  job.build->signing_key_id = "key-1";
  job.build->signing_key_name = "Release key";
  job.times.detected = kDetected;
  job.times.claimed = kDetected + 1000;
  job.times.submitted = kDetected + 20'000;
  job.times.completed = kDetected + 300'123;
  return job;
}

inline Job FetchedJob() {
  Job job = BuiltJob();
  job.state = JobState::kFetched;
  job.output.staging_name = "0123456789abcdef.4.part";
  job.output.size = sizeof kProtected - 1;
  job.output.sha256 = Sha256Hex(kProtected);
  job.artifact.identity = {"com.example.app", "1.2", "12"};
  job.output.identity = {"com.example.app", "1.2-protected", "12"};
  job.output.signature_schemes = std::vector<std::string>{"v1", "v2"};
  job.output.checks = {{"length", "pass", "42 bytes, as the store named"}, {"zip_structure", "pass", ""}};
  return job;
}

inline Job PublishedJob() {
  Job job = FetchedJob();
  job.state = JobState::kPublished;
  job.output.protected_name = "App Release-protected-1767225100.apk";
  job.times.delivered = kDetected + 310'000;
  return job;
}

inline Job FailedJob() {
  Job job = BuiltJob();
  job.state = JobState::kFailed;
  job.build->success = false;
  job.build->error_message = "the manifest cannot be read";
  job.failure.emplace();
  job.failure->kind = FailureKind::kBuildFailed;
  job.failure->message = "the portal could not protect it";
  job.failure->remedy = "look at the portal's message, and drop a repaired artifact";
  job.failure->error_message = "the manifest cannot be read";
  return job;
}

}  // namespace tegodrop::testing
