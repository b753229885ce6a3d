#include "daemon/app/ledger_check.h"

#include <utility>

namespace tegodrop {

LedgerCheck::LedgerCheck(LedgerCheckWorld world, Look look, Hands hands)
    : world_(world), look_(std::move(look)), hands_(std::move(hands)) {
  Begin();
}

LedgerCheck::~LedgerCheck() { Stop(); }

void LedgerCheck::Stop() {
  stop_->Stop();
  again_.reset();
  looking_.reset();
}

void LedgerCheck::Begin() {
  using Found = tl::expected<bool, LedgerOpenError>;
  looking_ = RunTask<Found>(
      world_.reader, [look = look_, stop = stop_] { return look(*stop); }, [this](const Found& found) { Take(found); });
}

void LedgerCheck::Take(const tl::expected<bool, LedgerOpenError>& found) {
  if (found) {
    if (!*found) return;
    // Only the end of a trouble is news.
    world_.log.Write(spoilt_ ? LogLevel::kInfo : LogLevel::kDebug, "ledger.looked_over",
                     "all of the ledger was looked over, and it is whole", {});
    return hands_.whole();
  }
  if (found.error().reason == LedgerOpenFailure::kDamaged) {
    world_.log.Error("ledger.unusable", found.error().message);
    return hands_.damaged();
  }
  spoilt_ = true;
  world_.log.Warning("ledger.not_looked_over",
                     "the ledger could not be looked over for damage: " + found.error().message,
                     {{"retry_in_s", std::chrono::duration_cast<std::chrono::seconds>(kAgain).count()}});
  again_ = world_.timers.After(kAgain, [this] { Begin(); });
}

}  // namespace tegodrop
