#include "daemon/app/metrics/exposition.h"

#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

namespace tegodrop {
namespace {

constexpr std::array kJobStates{
    JobState::kClaiming,   JobState::kClaimed,   JobState::kRequested, JobState::kUploading, JobState::kCompleting,
    JobState::kConfirming, JobState::kSubmitted, JobState::kBuilding,  JobState::kBuilt,     JobState::kFetched,
    JobState::kPublished,  JobState::kDelivered, JobState::kFailed,    JobState::kCancelled, JobState::kReclaiming};

std::string Escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return out;
}

std::string Seconds(std::int64_t ms) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f", static_cast<double>(ms) / 1000);
  return text.data();
}

std::string Number(std::int64_t value) { return std::to_string(value); }

using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

class Text {
 public:
  // The samples of one metric follow it.
  void Gauge(std::string_view name, std::string_view help) { Begin(name, "gauge", help); }
  void Counter(std::string_view name, std::string_view help) { Begin(name, "counter", help); }
  void Sample(const std::string& value, const Labels& labels = {}) {
    out_.append(name_);
    const char* before = "{";
    for (const auto& [label, of] : labels) {
      out_.append(before).append(label).append("=\"").append(Escaped(of)).append("\"");
      before = ",";
    }
    out_.append(labels.empty() ? " " : "} ").append(value).append("\n");
  }
  void Only(std::string_view name, std::string_view help, const std::string& value) {
    Gauge(name, help);
    Sample(value);
  }
  std::string Finish() { return std::move(out_); }

 private:
  void Begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    out_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    out_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
  }

  std::string out_;
  std::string_view name_;
};

void WriteEnds(Text& text, const std::map<std::string, MetricsEnds>& ends) {
  text.Counter("tegodrop_artifacts_total",
               "Jobs that came to their end, by what came of them; one that is retried or redelivered counts again.");
  for (const auto& [folder, of] : ends) {
    text.Sample(Number(of.delivered), {{"folder", folder}, {"result", "delivered"}});
    text.Sample(Number(of.failed), {{"folder", folder}, {"result", "failed"}});
    text.Sample(Number(of.duplicate), {{"folder", folder}, {"result", "duplicate"}});
    text.Sample(Number(of.cancelled), {{"folder", folder}, {"result", "cancelled"}});
  }
  text.Gauge("tegodrop_last_success_timestamp_seconds",
             "When a job of the folder was last delivered or found to be a duplicate; left out before the first.");
  for (const auto& [folder, of] : ends) {
    if (of.last_success != 0) text.Sample(Seconds(of.last_success), {{"folder", folder}});
  }
}

void WriteFolders(Text& text, const std::vector<MetricsNow::Folder>& folders) {
  text.Gauge("tegodrop_folder_up", "1 while the drop folder's state is ok ('tegodrop status' says what is wrong).");
  for (const MetricsNow::Folder& one : folders) {
    if (one.up) text.Sample(*one.up ? "1" : "0", {{"folder", one.name}});
  }
  text.Gauge("tegodrop_files_waiting", "Files that lie in the drop folder and are not taken yet.");
  for (const MetricsNow::Folder& one : folders) text.Sample(Number(one.files_waiting), {{"folder", one.name}});
}

void WriteJobs(Text& text, const MetricsNow& now) {
  text.Gauge("tegodrop_jobs", "Jobs that have not come to their end, by state.");
  for (const JobState state : kJobStates) {
    const auto found = now.jobs.find(state);
    text.Sample(Number(found == now.jobs.end() ? 0 : found->second), {{"state", ToString(state)}});
  }
  text.Gauge("tegodrop_jobs_waiting",
             "Of these: held for a person, waiting for an output folder, for a drop folder, for 'tegodrop resume'.");
  text.Sample(Number(now.held_for_person), {{"for", "person"}});
  text.Sample(Number(now.blocked_on_output), {{"for", "output_folder"}});
  text.Sample(Number(now.blocked_on_drop_folder), {{"for", "drop_folder"}});
  text.Sample(Number(now.paused), {{"for", "resume"}});
  text.Only("tegodrop_builds_overdue", "Awaited builds that take longer than polling.alarm_after.",
            Number(now.builds_overdue));
  text.Only("tegodrop_left_claims", "Artifacts on shares that another host has claimed and seems to have left.",
            Number(now.left_claims));
  text.Only(
      "tegodrop_oldest_pending_seconds",
      "Since when the oldest job that has not ended, or file that is not taken, was first seen; 0: there is none.",
      Seconds(now.oldest_pending.count()));
}

void WritePortal(Text& text, const MetricsNow& now) {
  text.Only("tegodrop_portal_silent_seconds", "For how long the portal has not answered; 0 while it does.",
            Seconds(now.portal_silent.count()));
  text.Only("tegodrop_portal_full", "1 while uploads wait because the portal takes no more builds or quota is used up.",
            now.portal_full ? "1" : "0");
  text.Only("tegodrop_credentials_refused", "1 while nothing is asked because the portal refused the credentials.",
            now.credentials_refused ? "1" : "0");
  if (now.clock_ahead) {
    text.Only("tegodrop_clock_ahead_seconds",
              "By how much this machine's clock is ahead of the portal's; negative: behind.",
              Seconds(now.clock_ahead->count()));
  }
  text.Counter("tegodrop_upload_bytes_total", "Bytes of request bodies sent since the start, repetitions included.");
  text.Sample(std::to_string(now.sent));
  text.Counter("tegodrop_download_bytes_total", "Bytes of answers' bodies received since the start.");
  text.Sample(std::to_string(now.received));
}

}  // namespace

std::string FormatMetrics(const Metrics& metrics) {
  Text text;
  text.Only("tegodrop_up", "1 while the daemon works, 0 once it was stopped; look at the file's age too.",
            metrics.now ? "1" : "0");
  text.Gauge("tegodrop_build_info", "Always 1; the program's version.");
  text.Sample("1", {{"version", metrics.version}});
  if (metrics.ends) WriteEnds(text, *metrics.ends);
  if (!metrics.now) return text.Finish();
  WriteFolders(text, metrics.now->folders);
  WriteJobs(text, *metrics.now);
  WritePortal(text, *metrics.now);
  return text.Finish();
}

}  // namespace tegodrop
