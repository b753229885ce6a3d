// The upload window: what has not begun waits for it, everything else goes on.
#include <chrono>
#include <utility>

#include "daemon/conductor/conductor.h"

namespace tegodrop {

using std::chrono::milliseconds;

void Conductor::SetWindow(UploadWindow window) {
  gate_.SetWindow(std::move(window));
  TurnSoon();
}

void Conductor::SawClock(milliseconds ahead) {
  ahead_ = ahead;
  if (gate_.Saw(ahead, world_.clock.Wall(), world_.clock.Mono())) TurnSoon();
}

void Conductor::LookAtGate(MonoMs now) {
  gate_now_ = gate_.At(world_.clock.Wall(), now);
  gate_shut_until_ = gate_now_.open ? 0 : now + gate_now_.good_for.value_or(milliseconds(0)).count();
}

// Begun is what has sent something: a try that failed before that would make a portal that was away all night a day of
// uploads.
bool Conductor::WaitsForWindow(const ActiveJob& job) const {
  const Job& row = job.job();
  const bool before = row.state == JobState::kClaimed || row.state == JobState::kRequested;
  return !gate_now_.open && before && !job.work && !job.begun && row.sends == 0 && job.ours;
}

// What its row says of the window is true no longer; so many begin at once that the others would go on saying it. True
// where it is being written.
bool Conductor::EndWindowWait(ActiveJob& job) {
  if (!UploadGate::Says(job.job().waiting.for_what) || WaitsForWindow(job)) return false;
  // A ledger that takes nothing is not asked again before its time.
  if (job.due > world_.clock.Mono()) return false;
  job.last_wait = {};
  Note(
      job, [](Job&) {}, "");
  return true;
}

void Conductor::TellOfWindow(bool held) {
  if (gate_now_.open) {
    if (!std::exchange(gate_told_, "").empty()) world_.log.Info("window.open", "uploads start again");
    return;
  }
  if (!held || gate_told_ == gate_now_.waiting_for) return;
  gate_told_ = gate_now_.waiting_for;
  const bool known = gate_now_.not_before != 0;
  world_.log.Write(
      known || gate_now_.ask ? LogLevel::kInfo : LogLevel::kWarning, "window.closed",
      "uploads wait for " + gate_told_ + (known ? ", which opens on " + gate_.TimeText(gate_now_.not_before) : ""), {});
}

// A look through the history of a version that nothing is awaited of, for the time that its answer tells.
void Conductor::AskForTime(const std::string& version, std::map<std::string, int>& awaited) {
  awaited.try_emplace(version, 0);
  LookBy(watches_[version], world_.clock.Mono() + settings_.polling.interval.count());
}

}  // namespace tegodrop
