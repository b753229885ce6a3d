#include "tests/bench/parts/jobs.h"

#include <array>
#include <cstdio>

namespace tegodrop::bench {
namespace {

std::string Digits(std::int64_t number, const char* format) {
  std::array<char, 80> text{};
  std::snprintf(text.data(), text.size(), format, static_cast<long long>(number));
  return text.data();
}

// 64 hex digits that no other number and purpose has.
std::string HexOf(std::int64_t number, int purpose) { return Digits(purpose, "%04llx") + Digits(number, "%060llx"); }

std::string ProtectedName(const Sent& sent) {
  const std::string stem = sent.file_name.substr(0, sent.file_name.rfind('.'));
  return stem + "-protected-" + std::to_string(sent.start_time) + ".apk";
}

BuildRow RowOf(const Job& job, const char* words, bool done) {
  BuildRow row;
  row.start_time = job.ticket.start_time;
  row.version = job.target->version;
  row.platform = "android";
  row.name = job.artifact.file_name;
  row.status_message = words;
  row.signed_ = false;
  if (done) row.end_time = row.start_time + 240;
  if (done) row.success = true;
  return row;
}

std::vector<Check> PassedChecks() {
  return {{"length", "pass", "2314567 bytes, as the store named"},
          {"differs", "pass", "the output's bytes are not the source's"},
          {"zip_structure", "pass", "the end record meets the central directory"},
          {"zip_entries", "pass", "412 entries inflate with their CRC and size"},
          {"kind", "pass", "the entry that makes it an artifact of its kind is there"},
          {"signing_block", "skipped", "there is none"},
          {"signature", "skipped", "there is none"},
          {"provisioning", "skipped", "only an IPA has a provisioning profile"},
          {"package", "pass", "'com.example.demo', as the source"},
          {"version", "pass", "version '1.0', code '1', as the source"},
          {"signer", "skipped", "the folder expects no particular certificate"}};
}

}  // namespace

Sent SentOf(const Site& site, std::int64_t number) {
  Sent sent;
  sent.file_name = Digits(number, "app-%06lld.apk");
  sent.start_time = 1'700'000'000 + number;
  sent.file_path =
      site.tenant + "/uploads/android/production/" + std::to_string(sent.start_time) + "/" + sent.file_name;
  return sent;
}

Job ClaimedJob(const Site& site, const Sent& sent, std::int64_t number, WallMs at) {
  Job job;
  job.id = Digits(number, "1m%014llx");
  job.owner = "builder";
  job.epoch = 1;
  Target& target = job.target.Edit();
  target.folder = site.folder;
  target.drop_path = site.drop_path;
  target.rooms = ".tegodrop";
  target.output_path = site.output_path;
  target.output_name = "{stem}-protected-{start_time}{ext}";
  target.portal_url = site.portal_url;
  target.tenant = site.tenant;
  target.version = "production";
  target.provenance = Provenance::kStatement;
  job.artifact.file_name = sent.file_name;
  job.artifact.size = 2'000'000 + static_cast<std::uint64_t>(number);
  job.artifact.sha256 = HexOf(number, 1);
  job.artifact.identity = {"com.example.demo", "1.0", "1"};
  job.artifact.sidecar.files = {sent.file_name + ".commit"};
  job.artifact.commit.candidates = {{"sidecar", HexOf(number, 2).substr(24)}};
  job.times.detected = at;
  return job;
}

std::vector<Step> StepsToSubmitted(const Sent& sent) {
  return {
      {[](Job& job) {
         job.state = JobState::kClaimed;
         job.times.claimed = job.times.detected + 2000;
       },
       "claimed"},
      {[sent](Job& job) {
         job.state = JobState::kRequested;
         job.ticket = {sent.start_time, sent.file_path, std::nullopt};
       },
       "upload URL received, start_time " + std::to_string(sent.start_time)},
      {[](Job& job) { job.state = JobState::kUploading; }, "sending 2000000 bytes"},
      {[](Job& job) {
         job.last_chunk_left = job.times.claimed + 3000;
         job.sends = 1;
       },
       "all but the last chunk sent, digest right; the last chunk leaves"},
      {[](Job& job) {
         job.state = JobState::kSubmitted;
         job.times.submitted = job.times.claimed + 4000;
       },
       "the portal has the whole object"},
  };
}

std::vector<Step> StepsToDelivered(const Sent& sent) {
  const std::string name = ProtectedName(sent);
  return {
      {[](Job& job) {
         job.state = JobState::kBuilding;
         job.build = RowOf(job, "Protecting", false);
       },
       "the portal builds it: Protecting"},
      {[](Job& job) {
         job.state = JobState::kBuilt;
         job.build = RowOf(job, "Complete", true);
         job.times.completed = job.times.submitted + 240'000;
       },
       "the build is done and passed the release gates"},
      {[](Job& job) { job.output.staging_name = job.id + ".1.part"; }, "the protected output is being downloaded"},
      {[](Job& job) {
         job.state = JobState::kFetched;
         job.output.size = job.artifact.size + 300'000;
         job.output.sha256 = job.artifact.sha256;
         job.output.sha256[0] = 'f';
         job.output.identity = job.artifact.identity;
         job.output.signature_schemes.emplace();
         job.output.checks = PassedChecks();
       },
       "the protected output is here and passed its checks"},
      {[name](Job& job) { job.output.protected_name = name; }, "to be published as " + name},
      {[](Job& job) {
         job.state = JobState::kPublished;
         job.times.delivered = job.times.completed + 5000;
       },
       "published as " + name},
      {[](Job& job) {
         job.state = JobState::kDelivered;
         job.finished = true;
       },
       "delivered; the source is put away"},
  };
}

}  // namespace tegodrop::bench
