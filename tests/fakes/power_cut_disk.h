// A disk whose power can be cut, under every database that this process opens by default.
//
// Databases, write-ahead logs and rollback journals lie on the real disk, and what of them is not synced yet is
// remembered. The order of use:
//   Die    the instant of the cut: from now on nothing changes any file, and whoever tries gets an error. May be called
//          by any thread, or be set to strike at a chosen write, sync, truncation or removal (DieAt)
//   ...    the connections are closed
//   Cut    brings the files into one of the states that the power's end may leave, chosen by the randomness given: what
//          was synced, and of each later write nothing, all, its beginning or its end, in any order
//   Live   calls work again; what stands is what is durable
// A file's content is durable by xSync. The existence of a log or journal, and the removal of one, by the sync of their
// folder, which SQLite makes with the first sync of a new log or journal and with a removal that asks for it, and
// others by fsync, which is caught; the database itself is made by who opens it and is durable at that.
//
// The real sync is left out: this machine keeps its power. One at a time in a process.
#pragma once

#include <memory>

#include "daemon/base/random.h"

namespace tegodrop::testing {

class PowerCutDisk {
 public:
  PowerCutDisk();
  ~PowerCutDisk();
  PowerCutDisk(const PowerCutDisk&) = delete;
  PowerCutDisk& operator=(const PowerCutDisk&) = delete;

  void Die();
  // Just before the `nth` write, sync, truncation or removal from now on (1: the next).
  void DieAt(int nth);
  bool dead() const;
  void Cut(Random& random);
  void Live();

  // The `nth` write, sync or truncation from now on and all after it give `code`, as on a full or broken disk.
  void FailFrom(int nth, int code);
  void Heal();
  // Whether that fault was met since it was set.
  bool met() const;

  // Writes and truncations that a cut may take back now, and syncs that were asked for since the start.
  int unsynced() const;
  int syncs() const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace tegodrop::testing
