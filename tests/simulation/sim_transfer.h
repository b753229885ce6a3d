// The line between the simulated process and the portal's model: requests take time, and the weather decides what
// becomes of each. What has left whole goes its way also when the process dies.
#pragma once

#include <functional>
#include <memory>

#include "daemon/net/transfer.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/portal_model.h"
#include "tests/simulation/sim_loop.h"
#include "tests/simulation/weather.h"

namespace tegodrop::simulation {

class SimTransfer final : public Transfer {
 public:
  SimTransfer(SimLoop& loop, PortalModel& portal, Weather& weather, Dice dice)
      : loop_(loop), portal_(portal), weather_(weather), dice_(dice) {}

  HandlePtr Start(HttpRequest request, std::function<void(Result<HttpAnswer>)> done) override;

  // The process dies with the `nth` piece of a request or an answer from now on (1: the next).
  void DieAtPiece(std::int64_t nth, std::function<void()> die) {
    die_at_ = nth;
    die_ = std::move(die);
  }
  void Die() { dead_ = true; }
  void Revive() {
    dead_ = false;
    die_at_ = 0;
  }
  // Requests of the process that have no answer yet.
  int under_way() const { return under_way_; }
  std::uint64_t started() const { return started_; }

 private:
  class Exchange;
  class ExchangeHandle;
  // A piece moves: false where the process dies at it.
  bool PieceMoves();

  SimLoop& loop_;
  PortalModel& portal_;
  Weather& weather_;
  Dice dice_;
  std::int64_t die_at_ = 0;
  std::function<void()> die_;
  bool dead_ = false;
  int under_way_ = 0;
  std::uint64_t started_ = 0;
};

}  // namespace tegodrop::simulation
