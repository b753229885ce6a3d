#include "tests/simulation/weather.h"

#include <algorithm>
#include <numeric>

namespace tegodrop::simulation {
namespace {

constexpr std::int64_t kMinute = 60'000;

constexpr std::array<std::string_view, static_cast<std::size_t>(Trouble::kCount)> kNames{
    "refused",    "cut sending",  "lost",        "late",    "answer lost", "5xx before", "5xx after", "stall",
    "answer cut", "error in 200", "url refused", "corrupt", "short",       "long",       "away",      "sign in",
    "slow",       "eio",          "eio after",   "full",    "read-only",   "hang",       "gone",      "emptied"};

bool OnDisk(Trouble trouble) { return trouble >= Trouble::kEio; }

}  // namespace

std::string_view NameOf(Trouble trouble) { return kNames.at(static_cast<std::size_t>(trouble)); }

Weather::Weather(Dice dice, std::int64_t hours) : dice_(dice) {
  const std::int64_t end = hours * 60 * kMinute;
  if (dice_.Chance(0.9)) AddNet(end);
  if (dice_.Chance(0.5)) AddDisk(end);
}

void Weather::Add(Trouble trouble, Place place, std::int64_t from, std::int64_t until, double likelihood) {
  windows_.push_back({trouble, place, from, until, likelihood});
}

void Weather::AddNet(std::int64_t end) {
  const std::int64_t count = dice_.Between(1, 8);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto trouble = static_cast<Trouble>(dice_.Below(static_cast<std::uint64_t>(Trouble::kSignIn) + 2));
    const Place place = dice_.Chance(0.5) ? Place::kPortal : Place::kStore;
    const std::int64_t from = dice_.Between(0, end * 3 / 4);
    const bool whole = trouble == Trouble::kAway || trouble == Trouble::kSignIn || trouble == Trouble::kSlow;
    const std::int64_t length = dice_.Between(1, whole ? 70 : 150) * kMinute;
    const double likelihood = whole || dice_.Chance(0.15) ? 1 : 0.05 + static_cast<double>(dice_.Below(60)) / 100;
    Add(trouble, trouble == Trouble::kSignIn ? Place::kPortal : place, from, std::min(end, from + length), likelihood);
  }
}

void Weather::AddDisk(std::int64_t end) {
  const std::int64_t count = dice_.Between(1, 4);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto first = static_cast<std::int64_t>(Trouble::kEio);
    const auto trouble = static_cast<Trouble>(dice_.Between(first, static_cast<std::int64_t>(Trouble::kEmptied)));
    auto place = static_cast<Place>(
        dice_.Between(static_cast<std::int64_t>(Place::kDrop0), static_cast<std::int64_t>(Place::kState)));
    const bool drop = place == Place::kDrop0 || place == Place::kDrop1;
    const bool folder = trouble == Trouble::kGone || trouble == Trouble::kEmptied;
    if (folder && (place == Place::kState || (trouble == Trouble::kEmptied && !drop))) place = Place::kDrop0;
    const std::int64_t from = dice_.Between(0, end * 3 / 4);
    const std::int64_t length = dice_.Between(1, 60) * kMinute;
    const bool single = trouble == Trouble::kEio || trouble == Trouble::kEioAfter || trouble == Trouble::kHang;
    Add(trouble, place, from, std::min(end, from + length),
        single ? 0.01 + static_cast<double>(dice_.Below(30)) / 100 : 1);
  }
}

bool Weather::Strikes(Trouble trouble, Place place, std::int64_t now) {
  for (const TroubleWindow& window : windows_) {
    if (window.trouble != trouble || window.place != place || now < window.from || now >= window.until) continue;
    if (window.likelihood < 1 && !dice_.Chance(window.likelihood)) continue;
    ++struck_.at(static_cast<std::size_t>(trouble));
    return true;
  }
  return false;
}

bool Weather::Open(Trouble trouble, Place place, std::int64_t now) const {
  return std::any_of(windows_.begin(), windows_.end(), [&](const TroubleWindow& window) {
    return window.trouble == trouble && window.place == place && now >= window.from && now < window.until;
  });
}

bool Weather::EverOnDisk(Place place) const {
  return std::any_of(windows_.begin(), windows_.end(),
                     [&](const TroubleWindow& window) { return OnDisk(window.trouble) && window.place == place; });
}

bool Weather::Ever(Trouble trouble) const {
  return std::any_of(windows_.begin(), windows_.end(),
                     [&](const TroubleWindow& window) { return window.trouble == trouble; });
}

std::uint64_t Weather::total() const { return std::accumulate(struck_.begin(), struck_.end(), std::uint64_t{0}); }

}  // namespace tegodrop::simulation
