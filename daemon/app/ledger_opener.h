// The first thing of a life: the state folder and the ledger in it. A disk in trouble is waited for, and so is another
// daemon's lock for as long as a restart that overlaps takes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/app/exit_code.h"
#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/result.h"
#include "daemon/ledger/sqlite_ledger.h"
#include "daemon/loop/handle.h"
#include "daemon/loop/timers.h"

namespace tegodrop {

// All must outlive the LedgerOpener.
struct LedgerOpenerWorld {
  TimerMaker& timers;
  const Clock& clock;
  Log& log;
  std::function<void(std::function<void()>)> post;  // to the loop, from any thread
};

class LedgerOpener {
 public:
  struct Hands {
    std::function<void(std::unique_ptr<LedgerStore>)> opened;
    std::function<void()> waits;  // for the disk, from now on or still
    // It will not be opened: said to the log, with what to do.
    std::function<void(ExitCode)> given_up;
  };

  // `once`: a run that ends does not wait for a disk for ever.
  LedgerOpener(LedgerOpenerWorld world, std::string state_dir, bool once, Hands hands);
  LedgerOpener(const LedgerOpener&) = delete;
  LedgerOpener& operator=(const LedgerOpener&) = delete;

  void Open();
  // What was opened could not be read and is closed again: waits for its disk, then opens it anew. Where it seems
  // damaged it is opened anew at once, which looks over all of it; one that is so a second time, and whatever is no
  // passing trouble, is given up.
  void Unread(const Error& error);
  void Stop() { timer_.reset(); }
  // The trouble of the disk that is waited for; empty: none.
  const std::string& trouble() const { return trouble_; }

 private:
  Status MakeFolders() const;
  void Try();
  void WaitForDisk(const std::string& trouble);

  const LedgerOpenerWorld world_;
  const std::string state_dir_;
  const bool once_;
  const Hands hands_;
  HandlePtr timer_;
  MonoMs lock_wanted_since_ = 0;
  bool said_locked_ = false;
  std::optional<MonoMs> trouble_since_;
  std::string trouble_;
  MonoMs trouble_said_ = 0;
  bool seems_damaged_ = false;  // when it was read last
};

}  // namespace tegodrop
