#include "daemon/cli/verify/find.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/json.h"
#include "daemon/base/text.h"
#include "daemon/base/version.h"
#include "daemon/cli/verify/collect.h"
#include "daemon/cli/verify/trace.h"
#include "daemon/disk/whole_file.h"

namespace tegodrop {
namespace {

constexpr std::size_t kLargestRecord = 4 << 20;

struct Hit {
  Place place;
  Trace trace;
};

bool Fits(const FindOptions& asked, const Trace& trace) {
  if (asked.start_time) return trace.start_time == *asked.start_time;
  if (!asked.sha256.empty()) {
    return trace.source.sha256.starts_with(asked.sha256) || trace.output.sha256.starts_with(asked.sha256);
  }
  // Whoever looks for a commit wants to see also where something called it so and something else disagreed.
  return trace.commit_sha.starts_with(asked.commit) ||
         std::any_of(trace.candidates.begin(), trace.candidates.end(),
                     [&](const CommitCandidate& one) { return one.sha.starts_with(asked.commit); });
}

Result<Trace> Read(FileSystem& fs, const Place& place) {
  const auto folder = fs.OpenFolder(place.folder);
  if (!folder) return Fail(folder.error());
  const auto text = ReadWhole(fs, folder->get(), place.trace, kLargestRecord);
  if (!text) return Fail(text.error());
  auto trace = ReadTrace(*text);
  if (!trace) return Fail(trace.error().kind, Printable(place.path()) + " " + trace.error().message);
  return trace;
}

void PrintDocument(const std::vector<Hit>& hits, const std::vector<std::string>& troubles) {
  Json json(2);
  json.Begin();
  json.Text("schema", "tegodrop-traces/1");
  json.BeginList("troubles");
  for (const std::string& trouble : troubles) json.Item(trouble);
  json.EndList();
  json.BeginList("traces");
  for (const Hit& hit : hits) {
    json.Begin();
    json.Text("trace", hit.place.path());
    json.Text("path", hit.place.folder + "/" + hit.trace.protected_output);
    json.Known("commit_sha", hit.trace.commit_sha);
    json.Flag("commit_conflict", hit.trace.commit_conflict);
    json.Known("version", hit.trace.version);
    json.Known("platform", hit.trace.platform);
    json.Known("file_name", hit.trace.file_name);
    json.Number("start_time", hit.trace.start_time);
    json.Known("source_sha256", hit.trace.source.sha256);
    json.Known("output_sha256", hit.trace.output.sha256);
    json.Known("package", hit.trace.output.identity.package);
    json.Known("version_name", hit.trace.output.identity.version_name);
    json.Known("version_code", hit.trace.output.identity.version_code);
    json.Known("delivered", hit.trace.delivered);
    json.Known("job", hit.trace.job);
    json.End();
  }
  json.EndList();
  json.End();
  std::fputs(json.Finish().c_str(), stdout);
}

void PrintTable(const std::vector<Hit>& hits) {
  for (const Hit& hit : hits) {
    const Trace& trace = hit.trace;
    std::printf("%s/%s\n    delivered %s, build %s %s %lld of %s\n    commit %s%s\n",
                Printable(hit.place.folder).c_str(), Printable(trace.protected_output).c_str(),
                Printable(trace.delivered).c_str(), Printable(trace.version).c_str(), Printable(trace.platform).c_str(),
                static_cast<long long>(trace.start_time), Printable(trace.file_name).c_str(),
                trace.commit_sha.empty() ? "not known" : Printable(trace.commit_sha).c_str(),
                trace.commit_conflict ? " (what names it disagrees: see its trace)" : "");
  }
}

}  // namespace

ExitCode Find(const FindOptions& options, FileSystem& fs) {
  Collected found = Collect(fs, options.paths);
  std::vector<Hit> hits;
  for (const Place& place : found.places) {
    if (place.trace.empty()) continue;
    Result<Trace> trace = Read(fs, place);
    if (!trace) {
      found.troubles.push_back(trace.error().message);
    } else if (Fits(options, *trace)) {
      hits.push_back({place, std::move(*trace)});
    }
  }
  std::stable_sort(hits.begin(), hits.end(),
                   [](const Hit& a, const Hit& b) { return a.trace.delivered < b.trace.delivered; });
  for (const std::string& trouble : found.troubles) std::fprintf(stderr, "%s: %s\n", kToolName, trouble.c_str());
  options.json ? PrintDocument(hits, found.troubles) : PrintTable(hits);
  if (hits.empty() && !options.json) std::fprintf(stderr, "%s: no trace fits\n", kToolName);
  return hits.empty() || !found.troubles.empty() ? ExitCode::kFailed : ExitCode::kDone;
}

}  // namespace tegodrop
