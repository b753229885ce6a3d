// The drop and output folders that jobs need: those of the config, and those of jobs whose folder has left the config
// since.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/settings.h"
#include "daemon/base/result.h"
#include "daemon/ledger/ledger.h"
#include "daemon/loop/handle.h"
#include "daemon/model/job.h"
#include "daemon/share/drop_folder.h"
#include "daemon/share/local_drop_folder.h"
#include "daemon/share/output_folder.h"

namespace tegodrop {

// How the folders that are asked for come to be; it must outlive them.
class FolderMaker {
 public:
  virtual ~FolderMaker() = default;
  virtual std::unique_ptr<DropFolder> MakeDrop(LocalDropFolderSettings settings) = 0;
  // `rooms`: as OutputOps.
  virtual std::unique_ptr<OutputFolder> MakeOutput(std::string path, std::string rooms, OutputMemory memory) = 0;
};

class Folders {
 public:
  // `spool`: absolute. `known`: what the ledger remembers, for folders that only jobs still name. `learned`: what an
  // output folder is on, to be remembered.
  Folders(FolderMaker& maker, std::string spool, std::vector<FolderRecord> known, std::vector<OutputRecord> outputs,
          std::function<void(OutputRecord)> learned);
  ~Folders();
  Folders(const Folders&) = delete;
  Folders& operator=(const Folders&) = delete;

  // The drop folder of a config entry, for its intake to open; lives as long as this. One that is there already and was
  // opened in another way stays for whoever works with it.
  DropFolder& Configured(const FolderSettings& settings);
  // The config has it no longer, and no intake either; jobs that were dropped there go on. `record`: what the ledger
  // knows of it by now; `open`: whether it was open to the end.
  void Leave(const FolderSettings& settings, FolderRecord record, bool open);

  // Tells whether the config's drop folder at `path` is open and trusted at the moment; set once its intake exists.
  void OnAskWhetherOpen(std::function<bool(const std::string& path)> is_open) { is_open_ = std::move(is_open); }

  // The drop folder that a job's files stand in; kLocalDisk while it is missing.
  Result<DropFolder*> Drop(const Job& job);
  // Never an error: an output folder that is missing shows when it is used.
  OutputFolder* Output(const Job& job);
  // See OutputFolder::Accept, of all at that path.
  bool AcceptOutput(const std::string& path);

 private:
  struct Entry {
    std::unique_ptr<DropFolder> folder;
    bool configured = false;
    bool made_for_config = false;
    WatchMode watch = WatchMode::kPoll;
    bool recursive = false;
    bool open = false;    // of one that is not configured
    std::string trouble;  // why it is not
    HandlePtr opening;
  };
  // Makes the folder of an entry that has none.
  void Fill(Entry& entry, const std::string& path, const std::string& rooms, bool change);
  void OpenForJob(const std::string& key, const Job& job);

  FolderMaker& maker_;
  const std::string spool_;
  std::vector<FolderRecord> known_;
  std::map<std::string, std::string> known_outputs_;  // the file system's type, by path
  const std::function<void(OutputRecord)> learned_;
  std::function<bool(const std::string&)> is_open_;
  std::map<std::string, Entry> drops_;  // by path, rooms and whether it may be changed
  // Replaced ones, which jobs may still be working with. They cost a thread each until the process ends, and only a
  // reload that changes how a folder is watched or how deep it is read makes one.
  std::vector<std::unique_ptr<DropFolder>> replaced_;
  std::map<std::string, std::unique_ptr<OutputFolder>> outputs_;  // by path and rooms
};

}  // namespace tegodrop
