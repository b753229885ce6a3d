#include "tests/simulation/judge.h"

#include <rapidjson/document.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "daemon/base/digest.h"
#include "daemon/provenance/statement.h"

namespace tegodrop::simulation {
namespace {

bool IsTemporary(const std::string& name) { return name.starts_with(".") && name.ends_with(".part"); }

std::string BaseOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }
std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

// "drop0" of "drop0.away/x".
std::string TopOf(const std::string& path) {
  std::string top = path.substr(0, path.find('/'));
  if (top.ends_with(kAwaySuffix)) top.resize(top.size() - kAwaySuffix.size());
  return top;
}

// The path below its top.
std::string Below(const std::string& path) { return path.substr(path.find('/') + 1); }

std::string TextOf(const rapidjson::Value& object, const char* name) {
  if (!object.IsObject()) return {};
  const auto found = object.FindMember(name);
  return found != object.MemberEnd() && found->value.IsString() ? found->value.GetString() : "";
}

const rapidjson::Value& MemberOf(const rapidjson::Value& object, const char* name) {
  static const rapidjson::Value kNothing;
  if (!object.IsObject()) return kNothing;
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() ? kNothing : found->value;
}

}  // namespace

std::vector<SeenFile> Survey(const std::string& site) {
  std::vector<SeenFile> files;
  std::error_code error;
  for (auto it = std::filesystem::recursive_directory_iterator(site, error);
       !error && it != std::filesystem::recursive_directory_iterator(); it.increment(error)) {
    if (!it->is_regular_file(error)) continue;
    SeenFile file;
    file.path = it->path().string().substr(site.size() + 1);
    if (file.path.starts_with("incoming/") || file.path.starts_with("aside/")) continue;
    std::ifstream in(it->path(), std::ios::binary);
    file.bytes.assign(std::istreambuf_iterator<char>(in), {});
    file.sha256 = Sha256Hex(file.bytes);
    files.push_back(std::move(file));
  }
  std::sort(files.begin(), files.end(), [](const SeenFile& a, const SeenFile& b) { return a.path < b.path; });
  return files;
}

void Judge::Break(int promise, const std::string& how) {
  std::string text = "promise " + std::to_string(promise) + ": " + how;
  if (std::find(broken_.begin(), broken_.end(), text) == broken_.end()) broken_.push_back(std::move(text));
}

void Judge::AddForeign(const std::string& path, const std::string& bytes) { foreign_[path] = Sha256Hex(bytes); }

int Judge::Dropped(const std::string& sha256) const {
  return static_cast<int>(std::count_if(drops_.begin(), drops_.end(),
                                        [&](const Drop& drop) { return drop.dropped && drop.sha256 == sha256; }));
}

void Judge::CheckLine(std::string_view line) {
  for (const std::string& secret :
       {std::string(kSignatureMark), std::string(kToken.substr(kToken.find(':') + 1)), Base64(kToken)}) {
    if (line.find(secret) != std::string_view::npos) Break(4, "a log line shows a secret: " + std::string(line));
  }
}

void Judge::CheckSecrets(const Files& files) {
  static const std::string kSecrets[] = {std::string(kSignatureMark), std::string(kToken.substr(kToken.find(':') + 1)),
                                         Base64(kToken)};
  for (const SeenFile& file : files) {
    for (const std::string& secret : kSecrets) {
      if (file.bytes.find(secret) != std::string::npos) Break(4, file.path + " holds a secret");
    }
  }
}

void Judge::CheckNothingLost(const Files& files, const Outcome& outcome) {
  std::map<std::string, int> copies;
  for (const SeenFile& file : files) {
    const std::string top = TopOf(file.path);
    const bool spool = file.path.starts_with("state/spool/");
    if ((top.starts_with("drop") || spool) && !IsTemporary(BaseOf(file.path))) ++copies[file.sha256];
  }
  std::map<std::string, std::pair<int, int>> wanted;  // all, and those that no delivery replaces
  for (const Drop& drop : drops_) {
    if (!drop.dropped || drop.replaced) continue;
    ++wanted[drop.sha256].first;
    if (settings_.folders[drop.folder].after != After::kDelete || !drop.whole) ++wanted[drop.sha256].second;
  }
  for (const auto& [sha256, counts] : wanted) {
    const auto traces = outcome.traces.find(sha256);
    const int delivered = traces == outcome.traces.end() ? 0 : traces->second;
    const int there = copies[sha256];
    if (there >= counts.second && there + delivered >= counts.first) continue;
    const auto drop = std::find_if(drops_.begin(), drops_.end(), [&](const Drop& one) { return one.sha256 == sha256; });
    Break(1, "lost: " + drop->name + " of " + DropName(drop->folder) + " (" + std::to_string(there) + " of " +
                 std::to_string(counts.first) + " there, " + std::to_string(delivered) + " delivered)");
  }
}

void Judge::CheckBuilds() {
  std::map<std::string, int> builds;
  for (const SimBuild& build : portal_.builds()) ++builds[build.sha256];
  for (const auto& [sha256, count] : builds) {
    if (count > Dropped(sha256)) {
      Break(2, std::to_string(count) + " builds of " + std::to_string(Dropped(sha256)) + " drops with digest " +
                   sha256.substr(0, 8));
    }
  }
  for (const std::string& violation : portal_.violations()) Break(2, "the portal's page does not allow: " + violation);
}

void Judge::CheckTrace(const SeenFile& file, const std::map<std::string, const SeenFile*>& folder, Outcome& outcome) {
  rapidjson::Document trace;
  trace.Parse(file.bytes.data(), file.bytes.size());
  if (trace.HasParseError() || !trace.IsObject()) return Break(3, file.path + " is no whole trace");
  const std::string name = BaseOf(file.path);
  const std::string protected_name = name.substr(0, name.size() - std::string(".trace.json").size());
  const std::string source = TextOf(MemberOf(trace, "source"), "sha256");
  const std::string job = TextOf(trace, "job");
  const auto output = folder.find(protected_name);
  if (TextOf(trace, "protected_output") != protected_name) Break(3, file.path + " names another file");
  if (output == folder.end()) return Break(3, file.path + " stands without its file");
  if (!folder.contains(protected_name + ".sha256")) Break(3, file.path + " stands without its .sha256");
  const auto provenance = folder.find(protected_name + ".provenance.json");
  const auto statement = ProvenanceStatement(file.bytes, name);
  if (provenance == folder.end()) {
    Break(3, file.path + " stands without its provenance");
  } else if (!statement || provenance->second->bytes != *statement) {
    Break(3, provenance->second->path + " is not that of " + file.path);
  }
  if (TextOf(MemberOf(trace, "output"), "sha256") != output->second->sha256) {
    Break(3, file.path + " speaks of other bytes");
  }
  const auto [other, is_new] = outcome.trace_of_job.emplace(job, file.path);
  if (!is_new) Break(2, "job " + job + " was delivered twice: " + other->second + " and " + file.path);
  ++outcome.traces[source];
  const rapidjson::Value& start_time = MemberOf(trace, "start_time");
  for (SimBuild& build : portal_.builds()) {
    if (!start_time.IsInt64() || build.start_time != start_time.GetInt64()) continue;
    if (build.file_name != TextOf(trace, "file_name") || build.version != TextOf(trace, "version")) continue;
    if (build.sha256 != source) Break(3, file.path + " names a build of other bytes");
    if (Sha256Hex(portal_.OutputOf(build)) != output->second->sha256)
      Break(3, file.path + " is not its build's output");
    return;
  }
  Break(3, file.path + " names a build that never was");
}

Judge::Outcome Judge::CheckOutputs(const Files& files, bool at_end) {
  Outcome outcome;
  for (std::size_t i = 0; i < kFolders; ++i) {
    std::map<std::string, const SeenFile*> folder;
    for (const SeenFile& file : files) {
      if (TopOf(file.path) == OutputName(i) && Below(file.path).find('/') == std::string::npos) {
        folder[BaseOf(file.path)] = &file;
      }
    }
    for (const auto& [name, file] : folder) {
      const std::string path = OutputName(i) + "/" + name;
      const auto [known, is_new] = seen_.emplace(path, file->sha256);
      const bool anew = retried_ && name.ends_with(".failed.json");
      if (!is_new && known->second != file->sha256 && !anew) Break(3, path + " was overwritten");
      if (foreign_.contains(path)) continue;
      if (name.ends_with(".failed.json")) continue;
      if (name.ends_with(".trace.json")) {
        CheckTrace(*file, folder, outcome);
      } else if (name.ends_with(".sha256")) {
        const std::string of = name.substr(0, name.size() - 7);
        const auto output = folder.find(of);
        if (output == folder.end()) {
          Break(3, path + " stands without its file");
        } else if (file->bytes != output->second->sha256 + "  " + of + "\n") {
          Break(3, path + " is wrong");
        }
      } else if (name.ends_with(".provenance.json")) {
        // What it says its trace is compared with.
        const std::string of = name.substr(0, name.size() - std::string(".provenance.json").size());
        if (!folder.contains(of + ".sha256")) Break(3, path + " stands without its .sha256");
        if (!file->bytes.ends_with("}\n")) Break(3, path + " is not whole");
        if (at_end && !folder.contains(of + ".trace.json")) Break(3, path + " has no trace");
      } else {
        const auto& builds = portal_.builds();
        const bool whole = std::any_of(builds.begin(), builds.end(), [&](const SimBuild& build) {
          return !build.output.empty() && build.output == file->bytes;
        });
        if (!whole) Break(3, path + " is not whole");
        if (at_end && !folder.contains(name + ".trace.json")) Break(3, path + " has no trace");
      }
    }
  }
  for (const auto& [path, sha256] : foreign_) {
    const auto file = std::find_if(files.begin(), files.end(), [&](const SeenFile& one) {
      return TopOf(one.path) + "/" + Below(one.path) == path;
    });
    if (file == files.end() || file->sha256 != sha256) Break(3, "somebody's own " + path + " was touched");
  }
  for (const auto& [sha256, count] : outcome.traces) {
    if (count > Dropped(sha256))
      Break(2, std::to_string(count) + " deliveries of one drop, digest " + sha256.substr(0, 8));
  }
  return outcome;
}

void Judge::AtDeath() {
  const Files files = Survey(site_);
  CheckSecrets(files);
  CheckBuilds();
  const Outcome outcome = CheckOutputs(files, false);
  CheckNothingLost(files, outcome);
}

bool Judge::MayFail(const Job& job) const {
  const std::size_t folder = job.target->folder == settings_.folders[0].name ? 0 : 1;
  if (job.state == JobState::kCancelled) return cancelled_;
  if (!job.failure) return false;
  switch (job.failure->kind) {
    case FailureKind::kBuildFailed: {
      const auto& builds = portal_.builds();
      return std::any_of(builds.begin(), builds.end(), [&](const SimBuild& build) {
        return build.fails && build.sha256 == job.artifact.sha256 && build.start_time == job.ticket.start_time;
      });
    }
    case FailureKind::kValidationFailed:
      return weather_.Ever(Trouble::kCorrupt) || weather_.Ever(Trouble::kShort) || weather_.Ever(Trouble::kLong);
    case FailureKind::kUploadExpired:
      return weather_.Ever(Trouble::kUrlRefused);
    case FailureKind::kUnreadable:
      return weather_.EverOnDisk(DropPlace(folder));
    case FailureKind::kOutputUnwritable:
      return weather_.EverOnDisk(OutputPlace(folder));
    case FailureKind::kCancelled:
      return cancelled_;
    case FailureKind::kIncomplete:
    case FailureKind::kNotAnArtifact:
      return std::any_of(drops_.begin(), drops_.end(),
                         [&](const Drop& drop) { return !drop.whole && drop.name == job.artifact.file_name; });
    default:
      return false;
  }
}

void Judge::CheckFailure(const Files& files, const Job& job) {
  const std::string what = "job " + job.id + " (" + job.artifact.file_name + ")";
  const bool keep = job.target->after == SourceAfter::kKeep;
  const std::size_t folder = job.target->folder == settings_.folders[0].name ? 0 : 1;
  const std::string room = DropName(folder) + "/.tegodrop/";
  bool reason = keep;
  bool record = job.failure && job.failure->kind == FailureKind::kOutputUnwritable;
  bool receipt = record && keep;
  for (const SeenFile& file : files) {
    const bool says = file.bytes.find("\"" + job.id + "\"") != std::string::npos;
    if (!says) continue;
    reason = reason || (file.path.starts_with(room + "failed/") && file.path.ends_with(".reason.json"));
    record = record || (FolderOf(file.path) == OutputName(folder) && file.path.ends_with(".failed.json"));
    receipt = receipt || file.path.find("/.tegodrop/receipts/") != std::string::npos;
  }
  if (!reason) Break(6, what + " failed without a reason beside it");
  if (!record) Break(6, what + " failed without its .failed.json");
  if (!receipt) Break(6, what + " failed without a receipt");
}

void Judge::CheckRows(const Files& files, const LedgerSnapshot& snapshot, const Outcome& outcome) {
  std::map<std::string, int> ended;  // by folder, name and digest
  const auto key = [](std::size_t folder, const std::string& name, const std::string& sha256) {
    return std::to_string(folder) + "/" + name + "/" + sha256;
  };
  for (const Job& job : snapshot.jobs) {
    const std::size_t folder = job.target->folder == settings_.folders[0].name ? 0 : 1;
    const std::string what =
        "job " + job.id + " (" + job.artifact.file_name + ", " + std::string(ToString(job.state)) + ")";
    if (!job.finished) Break(5, what + " is not finished: waits for " + WaitingOf(job).for_what);
    if (!job.aborts.empty()) Break(5, what + " still has an upload to abort");
    ++ended[key(folder, job.artifact.file_name, job.artifact.sha256)];
    if (job.state == JobState::kDelivered) {
      ++deliveries_;
      if (!outcome.trace_of_job.contains(job.id)) Break(3, what + " is delivered and has no trace");
      continue;
    }
    ++failures_;
    if (!MayFail(job)) {
      Break(5,
            what + " failed for no reason of its own: " +
                (job.failure ? std::string(ToString(job.failure->kind)) + ": " + job.failure->message : "no failure"));
    }
    CheckFailure(files, job);
  }
  for (const Drop& drop : drops_) {
    if (!drop.dropped) continue;
    const std::string sha256 = drop.whole ? drop.sha256 : "";
    int wanted = 0;
    int most = 0;
    for (const Drop& other : drops_) {
      if (!other.dropped || other.folder != drop.folder || other.name != drop.name || other.sha256 != drop.sha256)
        continue;
      ++most;
      wanted += other.replaced ? 0 : 1;
    }
    int jobs = ended[key(drop.folder, drop.name, drop.sha256)];
    if (!drop.whole) jobs += ended[key(drop.folder, drop.name, "")];
    if (jobs < wanted) Break(5, drop.name + " of " + DropName(drop.folder) + " has " + std::to_string(jobs) + " jobs");
    if (jobs > most) Break(2, drop.name + " of " + DropName(drop.folder) + " has " + std::to_string(jobs) + " jobs");
  }
}

void Judge::CheckNothingLeft(const Files& files) {
  for (const SeenFile& file : files) {
    const bool staged = file.path.find("/staging/") != std::string::npos;
    // What a disk in trouble would not let go is said in the log, and goes when the next life first uses the folder.
    const Place output = OutputPlace(TopOf(file.path) == OutputName(0) ? 0 : 1);
    const bool kept = staged && weather_.EverOnDisk(output);
    if ((staged && !kept) || file.path.find("/claimed/") != std::string::npos) Break(5, file.path + " was left behind");
    if (file.path.starts_with("state/spool/")) Break(5, file.path + " was left behind");
  }
  if (const int open = portal_.OpenUploadsWithParts(); open > 0) {
    Break(5, std::to_string(open) + " uploads in parts were left open at the portal");
  }
}

void Judge::AtEnd(const LedgerSnapshot& snapshot) {
  const Files files = Survey(site_);
  CheckSecrets(files);
  CheckBuilds();
  const Outcome outcome = CheckOutputs(files, true);
  CheckNothingLost(files, outcome);
  CheckRows(files, snapshot, outcome);
  CheckNothingLeft(files);
}

}  // namespace tegodrop::simulation
