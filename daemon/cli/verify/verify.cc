#include "daemon/cli/verify/verify.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/base/json.h"
#include "daemon/base/text.h"
#include "daemon/base/version.h"
#include "daemon/cli/verify/apksigner.h"
#include "daemon/cli/verify/collect.h"
#include "daemon/cli/verify/delivery.h"
#include "daemon/delivery/records.h"
#include "daemon/disk/layout.h"

namespace tegodrop {
namespace {

constexpr std::size_t kLargestKey = 64UL * 1024;
// From the protected file to its trace a daemon needs a few syncs.
constexpr std::chrono::milliseconds kPublishing{2000};

// Two for each processor: one reads while the other inflates.
std::size_t Threads(std::size_t deliveries) {
  const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
  return std::min(deliveries, std::clamp<std::size_t>(2 * processors, 2, 32));
}

// What stands without a trace may be just about to be published: it gets a moment.
void AwaitTraces(const VerifyWorld& world, const std::vector<Place>& places, std::vector<Verdict>& verdicts) {
  const auto deadline = std::chrono::steady_clock::now() + kPublishing;
  bool waiting = true;
  while (waiting && std::chrono::steady_clock::now() < deadline) {
    waiting = false;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (!places[i].trace.empty() || verdicts[i].trace) continue;
      const Verdict again = VerifyDelivery(world, {places[i].folder, TraceName(places[i].output), places[i].output});
      if (again.trace) verdicts[i] = again;
      waiting = waiting || !again.trace;
    }
    if (waiting) std::this_thread::sleep_for(kPublishing / 10);
  }
}

std::vector<Verdict> VerifyAll(const VerifyWorld& world, const std::vector<Place>& places) {
  std::vector<Verdict> verdicts(places.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < places.size(); i = next++) verdicts[i] = VerifyDelivery(world, places[i]);
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < Threads(places.size()); ++i) threads.emplace_back(work);
  threads.clear();
  AwaitTraces(world, places, verdicts);
  return verdicts;
}

// All keys that stand in the file. Links are followed, and pipes are read: it is the person's own path.
Status ReadKeys(const std::string& path, std::vector<VerifyingKey>& keys) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kLargestKey, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.gcount() == 0) return Fail(ErrorKind::kLocalDisk, "cannot read " + Printable(path));
  text.resize(static_cast<std::size_t>(file.gcount()));
  constexpr std::string_view kBegin = "-----BEGIN ";
  std::size_t at = text.find(kBegin);
  if (at == std::string::npos) at = 0;  // it is none, and that is said
  do {
    const std::size_t next = text.find(kBegin, at + 1);
    auto key = VerifyingKey::FromPem(std::string_view(text).substr(at, next == std::string::npos ? next : next - at));
    if (!key) return Fail(key.error().kind, Printable(path) + " " + key.error().message);
    keys.push_back(std::move(*key));
    at = next;
  } while (at != std::string::npos);
  return {};
}

void WriteVerdict(Json& json, const Verdict& verdict) {
  const Check* difference = verdict.difference();
  json.Begin();
  json.Text("path", verdict.place.folder + "/" + verdict.place.output);
  json.Known("trace", verdict.place.trace.empty() ? "" : verdict.place.path());
  json.Flag("ok", difference == nullptr);
  if (difference == nullptr) {
    json.Null("difference");
  } else {
    json.Begin("difference");
    json.Text("id", difference->id);
    json.Text("detail", difference->detail);
    json.End();
  }
  const std::optional<Trace>& trace = verdict.trace;
  json.Known("commit_sha", trace ? trace->commit_sha : "");
  json.Flag("commit_conflict", trace ? std::optional(trace->commit_conflict) : std::nullopt);
  json.Known("version", trace ? trace->version : "");
  json.Known("platform", trace ? trace->platform : "");
  json.Number("start_time", trace ? std::optional(trace->start_time) : std::nullopt);
  json.Known("sha256", trace ? trace->output.sha256 : "");
  WriteChecks(json, verdict.checks);
  json.End();
}

void PrintDocument(const std::vector<Verdict>& verdicts, const Collected& found, ExitCode code) {
  const auto wrong =
      std::count_if(verdicts.begin(), verdicts.end(), [](const Verdict& one) { return one.difference(); });
  Json json(2);
  json.Begin();
  json.Text("schema", "tegodrop-verify/1");
  json.Flag("ok", code == ExitCode::kDone);
  json.Number("verified", static_cast<std::int64_t>(verdicts.size()) - wrong);
  json.Number("different", wrong);
  json.BeginList("troubles");
  for (const std::string& trouble : found.troubles) json.Item(trouble);
  json.EndList();
  json.BeginList("notes");
  for (const std::string& note : found.notes) json.Item(note);
  json.EndList();
  json.BeginList("deliveries");
  for (const Verdict& verdict : verdicts) WriteVerdict(json, verdict);
  json.EndList();
  json.End();
  std::fputs(json.Finish().c_str(), stdout);
}

void PrintGood(const Verdict& verdict) {
  const Trace& trace = *verdict.trace;
  std::printf("ok         %s/%s\n", Printable(verdict.place.folder).c_str(), Printable(verdict.place.output).c_str());
  std::printf("           commit %s%s, build %s %s %lld\n",
              trace.commit_sha.empty() ? "not known" : Printable(trace.commit_sha).c_str(),
              trace.commit_conflict ? " (what names it disagrees: see its trace)" : "",
              Printable(trace.version).c_str(), Printable(trace.platform).c_str(),
              static_cast<long long>(trace.start_time));
  for (const Check& check : verdict.checks) {
    if (check.result == "warn") std::printf("           warning: %s: %s\n", check.id.c_str(), check.detail.c_str());
  }
}

void PrintTable(const std::vector<Verdict>& verdicts) {
  std::size_t wrong = 0;
  for (const Verdict& verdict : verdicts) {
    const Check* difference = verdict.difference();
    if (difference == nullptr) {
      PrintGood(verdict);
      continue;
    }
    ++wrong;
    std::printf("DIFFERENT  %s/%s\n           %s: %s\n", Printable(verdict.place.folder).c_str(),
                Printable(verdict.place.output).c_str(), difference->id.c_str(), difference->detail.c_str());
  }
  std::printf("%zu of %zu deliver%s what %s records say%s\n", verdicts.size() - wrong, verdicts.size(),
              verdicts.size() == 1 ? "y is" : "ies are", verdicts.size() == 1 ? "its" : "their",
              wrong == 0 ? "" : ": do not ship what is different; 'tegodrop redeliver JOB' brings it again");
}

// What was not looked at in any of them, said once.
void PrintNotAsked(const std::vector<Verdict>& verdicts, const VerifyWorld& world) {
  bool apk = false;
  bool envelope = false;
  for (const Verdict& verdict : verdicts) {
    for (const Check& check : verdict.checks) {
      apk = apk || (check.id == "apksigner" && check.detail == world.no_apksigner);
      envelope = envelope || (check.id == "provenance_signature" && check.detail.find("--key") != std::string::npos);
    }
  }
  std::size_t unattested = 0;
  for (const Verdict& verdict : verdicts) {
    for (const Check& check : verdict.checks)
      unattested += check.id == "provenance" && check.result == "skipped" ? 1 : 0;
  }
  if (unattested > 0) std::printf("without provenance beside the trace: %zu of %zu\n", unattested, verdicts.size());
  if (apk) std::printf("not asked: apksigner, whether signatures are valid: %s\n", world.no_apksigner.c_str());
  if (envelope) std::printf("not asked: who signed the provenance: no public key was given with --key\n");
}

}  // namespace

ExitCode Verify(const VerifyOptions& options, FileSystem& fs, const std::string& path_variable) {
  VerifyWorld world{fs, {}, "", "--no-apksigner"};
  for (const std::string& path : options.keys) {
    if (Status read = ReadKeys(path, world.keys); !read) {
      std::fprintf(stderr, "%s: --key: %s\n", kToolName, read.error().message.c_str());
      return ExitCode::kUsage;
    }
  }
  if (!options.no_apksigner) {
    world.apksigner = FindApksigner(path_variable);
    if (world.apksigner.empty()) world.no_apksigner = "it is not installed (Debian: apt-get install apksigner)";
  }
  Collected found = Collect(fs, options.paths);
  // Nothing is proved of a folder that is empty, perhaps because it is not mounted.
  found.troubles.insert(found.troubles.end(), found.empty.begin(), found.empty.end());
  const std::vector<Verdict> verdicts = VerifyAll(world, found.places);
  const bool good = found.troubles.empty() && !verdicts.empty() &&
                    std::none_of(verdicts.begin(), verdicts.end(), [](const Verdict& one) { return one.difference(); });
  const ExitCode code = good ? ExitCode::kDone : ExitCode::kFailed;
  for (const std::string& trouble : found.troubles) std::fprintf(stderr, "%s: %s\n", kToolName, trouble.c_str());
  for (const std::string& note : found.notes) std::fprintf(stderr, "%s: note: %s\n", kToolName, note.c_str());
  if (options.json) {
    PrintDocument(verdicts, found, code);
  } else if (!verdicts.empty()) {
    PrintTable(verdicts);
    PrintNotAsked(verdicts, world);
  }
  return code;
}

}  // namespace tegodrop
