// Waits for the receipts of drops. Blocking; a share that is away for a while is waited for.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/cli/submit/desk.h"
#include "daemon/cli/submit/receipt.h"
#include "daemon/disk/file_system.h"

namespace tegodrop {

// One drop whose outcome is awaited.
struct Awaited {
  std::string submit_id;
  // What was dropped; empty where only the id is known.
  std::string file_name;
  std::string sha256;
  // Its outcome: a receipt, or why what stands under its name is none.
  std::optional<Receipt> receipt;
  std::string fault;

  const std::string& label() const { return file_name.empty() ? submit_id : file_name; }
  bool open() const { return !receipt && fault.empty(); }
  bool failed() const { return !open() && !(receipt && receipt->passed()); }
};

class Follower {
 public:
  enum class End : std::uint8_t { kAll, kTimedOut, kStopped };

  Follower(FileSystem& fs, const Clock& clock, Desk& desk, std::string folder, const std::string& rooms);

  // Calls `told` with each whose outcome is there, in the order in which they come.
  End Follow(std::vector<Awaited>& all, std::optional<std::chrono::milliseconds> timeout,
             const std::function<void(const Awaited&)>& told);

  // kLocalDisk where receipts are there and we may not look for them; all else passes or is yet to come.
  Status CanLook();

 private:
  Result<Fd> OpenReceipts();
  void LookAt(int receipts, Awaited& one);
  void Notice(const std::vector<Awaited>& all, MonoMs waited);

  FileSystem& fs_;
  const Clock& clock_;
  Desk& desk_;
  const std::string folder_;
  const std::string receipts_;  // below the folder
  std::string trouble_;         // what the last look met
  std::optional<MonoMs> unreadable_since_;
};

}  // namespace tegodrop
