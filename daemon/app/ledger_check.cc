#include "daemon/app/ledger_check.h"

#include <utility>

#include "daemon/ledger/sqlite_ledger.h"

namespace tegodrop {

LedgerCheck::LedgerCheck(EventLoop& loop, Log& log, const std::string& state_dir, std::function<void()> damaged)
    : reader_(loop, 1, "ledger check") {
  using Found = tl::expected<void, LedgerOpenError>;
  looking_ = RunTask<Found>(
      reader_, [this, state_dir] { return LookOver(state_dir, stop_); },
      [&log, damaged = std::move(damaged)](const Found& found) {
        if (found) return;
        if (found.error().reason != LedgerOpenFailure::kDamaged) {
          log.Warning("ledger.not_looked_over",
                      "the ledger could not be looked over for damage: " + found.error().message);
          return;
        }
        log.Error("ledger.unusable", found.error().message);
        damaged();
      });
}

LedgerCheck::~LedgerCheck() { stop_ = true; }

}  // namespace tegodrop
