#include "daemon/conductor/upload_gate.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookAgain = std::chrono::minutes(1);
// While a wrong clock holds all uploads up perhaps nothing else asks the portal.
constexpr milliseconds kAskAgain = std::chrono::minutes(15);

constexpr std::string_view kWindow = "the upload window (";
constexpr std::string_view kClock = "a right clock of this machine: ";
constexpr std::string_view kPortalTime = "the portal's time: ";

bool IsWrong(milliseconds ahead) { return std::chrono::abs(ahead) > kClockTolerance; }

}  // namespace

bool UploadGate::Saw(milliseconds ahead, WallMs wall, MonoMs mono) {
  const Trust before = TrustAt(wall, mono);
  seen_ = Sight{ahead, wall, mono};
  return before != TrustAt(wall, mono);
}

UploadGate::Trust UploadGate::TrustAt(WallMs wall, MonoMs mono) const {
  if (!seen_) return Trust::kUnknown;
  // Somebody may have set the clock since then, which no answer of the portal has shown yet.
  const milliseconds set((wall - seen_->wall) - (mono - seen_->mono));
  if (!IsWrong(seen_->ahead + set)) return Trust::kRight;
  return IsWrong(seen_->ahead) ? Trust::kWrong : Trust::kUnknown;
}

void UploadGate::Asked(std::string trouble) {
  answered_ = answered_ || trouble.empty();
  trouble_ = std::move(trouble);
}

UploadGate::Answer UploadGate::At(WallMs wall, MonoMs mono) const {
  if (window_.always_open()) return {};
  Answer answer;
  const Trust trust = TrustAt(wall, mono);
  if (trust == Trust::kWrong) {
    answer.open = false;
    answer.ask = mono - seen_->mono >= kAskAgain.count();
    answer.waiting_for = std::string(kClock) + "it is more than 5 minutes from the portal's, and " + window_.Words() +
                         " cannot be told by it; set it by NTP ('timedatectl set-ntp true')";
    answer.good_for = kLookAgain;
    return answer;
  }
  const UploadWindow::Look look = window_.At(wall);
  answer.open = look.open;
  if (look.changes) answer.good_for = milliseconds(*look.changes - wall);
  if (!look.open) {
    answer.waiting_for = window_.Words();
    answer.not_before = look.changes.value_or(0);
    answer.good_for = std::min(answer.good_for.value_or(kLookAgain), kLookAgain);
  } else if (trust == Trust::kUnknown && (seen_ || !answered_)) {
    // Begun by a wrong clock an upload could not be called back.
    answer.open = false;
    answer.ask = true;
    answer.waiting_for = std::string(kPortalTime) + window_.Words() + " is open by this machine's clock alone" +
                         (trouble_.empty() ? "" : "; " + trouble_);
    answer.good_for = std::min(answer.good_for.value_or(kLookAgain), kLookAgain);
  }
  return answer;
}

bool UploadGate::Says(std::string_view waiting_for) {
  constexpr std::array kWords{kWindow, kClock, kPortalTime};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view words) { return waiting_for.starts_with(words); });
}

}  // namespace tegodrop
