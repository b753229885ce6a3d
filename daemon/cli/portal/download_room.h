// Where a download by hand is received, beside the file that it becomes, and what is remembered there of it, so that
// the same command goes on where an earlier one stopped.
//
//   DIR/.tegodrop-<of NAME>/download.json     how far it came
//   DIR/.tegodrop-<of NAME>/staging/…         the bytes (share/output_folder.h)
//   DIR/.tegodrop-<of NAME>/NAME…             its records, once all is there
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/disk/file_system.h"
#include "daemon/ledger/job_record.h"
#include "daemon/loop/timers.h"

namespace tegodrop {

class DownloadRoom final : public JobRecord {
 public:
  // `fs` and `timers` must outlive it.
  DownloadRoom(FileSystem& fs, TimerMaker& timers, std::string folder, std::string name);

  // The name of the room below the folder.
  const std::string& rooms() const { return rooms_; }

  // Makes the room, or takes it over with what an earlier download of the same build left in it. kLocalDisk: it cannot
  // be made, or somebody else is downloading to that name.
  Status Begin(Job job);

  const Job& job() const override { return job_; }
  // Blocks for a small write.
  void Save(std::function<void(Job&)> change, std::string note, std::function<void(Status)> done) override;

  // A small file that is to stand beside it.
  struct Companion {
    std::string name;
    std::string content;
  };
  // Gives the received file its name, and then its companions theirs, without replacing anything: kLocalDisk with
  // EEXIST. All of them are whole and synced in the room before the first has its name. Modes follow the umask.
  Status Publish(const std::vector<Companion>& companions);
  // How much a later download need not ask for again.
  std::uint64_t kept() const { return kept_.etag.empty() ? 0 : kept_.synced; }
  // Removes the room with all that is in it.
  void Remove();

 private:
  void Recall();
  Status Write(const Job& job);

  FileSystem& fs_;
  TimerMaker& timers_;
  const std::string folder_;
  const std::string name_;
  const std::string rooms_;
  Fd dir_;
  Fd room_;
  Fd lock_;
  Job job_;
  KeptBytes kept_;  // as the record says
  HandlePtr later_;
};

}  // namespace tegodrop
