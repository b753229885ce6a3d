#include "daemon/app/folders.h"

#include <algorithm>
#include <utility>

namespace tegodrop {
namespace {

// No path holds a line's end before it holds a NUL, and none holds that.
std::string KeyOf(const std::string& path, const std::string& rooms, bool change) {
  return path + std::string(1, '\0') + rooms + (change ? "+" : "-");
}

}  // namespace

Folders::Folders(FolderMaker& maker, std::string spool, std::vector<FolderRecord> known,
                 std::vector<OutputRecord> outputs, std::function<void(OutputRecord)> learned)
    : maker_(maker), spool_(std::move(spool)), known_(std::move(known)), learned_(std::move(learned)) {
  for (OutputRecord& output : outputs) known_outputs_[std::move(output.path)] = std::move(output.fs_type);
}

Folders::~Folders() = default;

void Folders::Fill(Entry& entry, const std::string& path, const std::string& rooms, bool change) {
  if (entry.folder) return;
  LocalDropFolderSettings settings;
  settings.ops = {path, rooms, spool_, change, entry.configured, entry.recursive};
  settings.events = entry.configured && entry.watch != WatchMode::kPoll;
  settings.events_everywhere = entry.watch == WatchMode::kEvents;
  entry.folder = maker_.MakeDrop(std::move(settings));
  entry.made_for_config = entry.configured;
}

DropFolder& Folders::Configured(const FolderSettings& settings) {
  const bool change = settings.after != After::kKeep;
  Entry& entry = drops_[KeyOf(settings.path, settings.rooms, change)];
  const bool same = entry.made_for_config && entry.watch == settings.watch && entry.recursive == settings.recursive;
  if (entry.folder && !same) {
    entry.folder->StopWatching();
    replaced_.push_back(std::move(entry.folder));
    entry = Entry();
  }
  entry.configured = true;
  entry.watch = settings.watch;
  entry.recursive = settings.recursive;
  Fill(entry, settings.path, settings.rooms, change);
  return *entry.folder;
}

void Folders::Leave(const FolderSettings& settings, FolderRecord record, bool open) {
  std::erase_if(known_, [&](const FolderRecord& one) { return one.name == record.name && one.path == record.path; });
  known_.push_back(std::move(record));
  const auto found = drops_.find(KeyOf(settings.path, settings.rooms, settings.after != After::kKeep));
  if (found == drops_.end() || !found->second.configured) return;
  Entry& entry = found->second;
  entry.folder->StopWatching();
  entry.configured = false;
  entry.open = open;
}

Result<DropFolder*> Folders::Drop(const Job& job) {
  const bool change = job.target->after != SourceAfter::kKeep;
  Entry& entry = drops_[KeyOf(job.target->drop_path, job.target->rooms, change)];
  Fill(entry, job.target->drop_path, job.target->rooms, change);
  const std::string missing = "the drop folder " + job.target->drop_path + " cannot be reached";
  if (entry.configured) {
    if (!change || is_open_(job.target->drop_path)) return entry.folder.get();
    return Fail(ErrorKind::kLocalDisk, missing);
  }
  // A copy stands in the spool: the folder itself is not needed.
  if (entry.open || !change) return entry.folder.get();
  if (!entry.opening) OpenForJob(KeyOf(job.target->drop_path, job.target->rooms, change), job);
  return Fail(ErrorKind::kLocalDisk, entry.trouble.empty() ? missing : missing + ": " + entry.trouble);
}

void Folders::OpenForJob(const std::string& key, const Job& job) {
  const auto record = std::find_if(known_.begin(), known_.end(), [&](const FolderRecord& one) {
    return one.name == job.target->folder && one.path == job.target->drop_path;
  });
  const FolderRecord known = record == known_.end() ? FolderRecord{} : *record;
  drops_[key].opening = drops_[key].folder->Open(
      known.room_id, known.fs_type, [](const Hint&) {},
      [this, key](const Result<DropFolderFacts>& facts) {
        Entry& entry = drops_[key];
        entry.opening.reset();
        entry.open = facts.has_value();
        entry.trouble = facts ? "" : facts.error().message;
      });
}

OutputFolder* Folders::Output(const Job& job) {
  const std::string& path = job.target->output_path;
  std::unique_ptr<OutputFolder>& folder = outputs_[KeyOf(path, job.target->rooms, true)];
  if (folder) return folder.get();
  const auto known = known_outputs_.find(path);
  OutputMemory memory;
  if (known != known_outputs_.end()) memory.fs_type = known->second;
  memory.learned = [this, path](const std::string& fs_type) {
    known_outputs_[path] = fs_type;
    learned_({path, fs_type});
  };
  folder = maker_.MakeOutput(path, job.target->rooms, std::move(memory));
  return folder.get();
}

bool Folders::AcceptOutput(const std::string& path) {
  bool any = false;
  for (const auto& [key, folder] : outputs_) {
    if (key.starts_with(path + std::string(1, '\0'))) any = folder->Accept() || any;
  }
  if (any) known_outputs_.erase(path);
  return any;
}

}  // namespace tegodrop
