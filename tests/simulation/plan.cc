#include "tests/simulation/plan.h"

#include <chrono>

#include "daemon/base/digest.h"
#include "tests/fakes/zip_maker.h"
#include "tests/simulation/survey.h"

namespace tegodrop::simulation {
namespace {

constexpr std::int64_t kMinute = 60'000;

FolderSettings DrawFolder(Dice& dice, const std::string& site, std::size_t index) {
  FolderSettings folder;
  folder.name = "folder" + std::to_string(index);
  folder.path = site + "/" + DropName(index);
  folder.output = site + "/" + OutputName(index);
  folder.version = index == 0 ? "production" : "staging";
  folder.signing_key = "none";
  folder.watch = WatchMode::kPoll;
  folder.poll_interval = std::chrono::minutes(dice.Between(1, 3));
  const std::uint64_t after = dice.Below(4);
  folder.after = after == 0 ? After::kDelete : after == 1 ? After::kKeep : After::kArchive;
  folder.priority = static_cast<int>(dice.Below(2));
  return folder;
}

Settings DrawSettings(Dice& dice, const std::string& site) {
  Settings settings;
  settings.portal.url = kPortalUrl;
  settings.portal.tenant = kTenant;
  settings.state_dir = site + "/state";
  for (std::size_t i = 0; i < kFolders; ++i) settings.folders.push_back(DrawFolder(dice, site, i));
  settings.polling.interval = std::chrono::seconds(dice.Chance(0.3) ? 15 : 45);
  settings.limits.concurrent_uploads = static_cast<int>(dice.Between(1, 3));
  settings.limits.concurrent_parts = static_cast<int>(dice.Between(1, 4));
  if (dice.Chance(0.2)) settings.limits.upload_rate = 20'000 + dice.Below(100'000);
  if (dice.Chance(0.2)) settings.limits.concurrent_builds = static_cast<int>(dice.Between(1, 2));
  return settings;
}

PortalModel::Rules DrawRules(Dice& dice, const PollingSettings& polling) {
  PortalModel::Rules rules;
  if (dice.Chance(0.6)) rules.multipart_from = 4'000 + dice.Below(40'000);
  rules.chunk_size = 3'000 + dice.Below(20'000);
  // What may come late on the line (five minutes) and what the history lags behind are together under half of
  // confirm_after.
  const std::int64_t most = polling.confirm_after.count() / 2 - 6 * kMinute;
  rules.most_lag = dice.Chance(0.3) ? 0 : dice.Between(0, most);
  rules.most_building = dice.Between(1, 40) * kMinute;
  rules.failing = dice.Chance(0.3) ? 0.3 : 0;
  rules.resetting = dice.Chance(0.3) ? 0.4 : 0;
  rules.most_builds_at_once = dice.Chance(0.25) ? static_cast<int>(dice.Between(1, 2)) : 0;
  rules.foreign_builds = dice.Chance(0.08) ? 60 : static_cast<int>(dice.Below(3));
  return rules;
}

Drop DrawDrop(Dice& dice, const Plan& plan, std::int64_t last, std::int64_t index) {
  Drop drop;
  drop.folder = dice.Below(kFolders);
  drop.at = dice.Between(0, last);
  const bool keep = plan.settings.folders[drop.folder].after == After::kKeep;
  if (index > 0 && dice.Chance(0.2)) {  // the same bytes as an earlier one
    const Drop& other = plan.drops[dice.Below(static_cast<std::uint64_t>(index))];
    if (other.whole) {
      drop.bytes = other.bytes;
      const std::string extension = other.name.substr(other.name.rfind('.'));
      drop.name = dice.Chance(0.5) && !keep ? other.name : "again-" + std::to_string(index) + extension;
    }
  }
  if (drop.bytes.empty()) {
    // As likely small as above what is held back of an upload.
    const std::size_t padding = dice.Chance(0.25) ? 60'000 + dice.Below(120'000) : dice.Below(30'000);
    const std::uint64_t seed = dice.Next();
    const std::uint64_t kind = dice.Below(3);
    const bool same_name = index > 0 && !keep && dice.Chance(0.3);
    const std::string name = same_name ? "app" : "app-" + std::to_string(index);
    if (dice.Chance(0.05)) {
      drop.whole = false;
      drop.bytes = testing::RandomBytes(500 + dice.Below(2000), seed);
      drop.name = "garbage-" + std::to_string(index) + ".apk";
    } else if (kind == 0) {
      drop.bytes = testing::MakeAab(padding, seed);
      drop.name = name + ".aab";
    } else if (kind == 1) {
      drop.bytes = testing::MakeIpa(padding, seed);
      drop.name = name + ".ipa";
    } else {
      drop.bytes = testing::MakeApk(padding, seed);
      drop.name = name + ".apk";
    }
  }
  drop.sha256 = Sha256Hex(drop.bytes);
  return drop;
}

std::string DrawSubfolder(Dice& dice) {
  const std::uint64_t which = dice.Below(4);
  return which == 0 ? "team" : which == 1 ? "team/night" : which == 2 ? "other" : "";
}

Death DrawDeath(Dice& dice, std::int64_t last) {
  Death death;
  death.at = dice.Between(0, last);
  death.by = static_cast<DeathBy>(dice.Below(4));
  death.nth = dice.Spread(death.by == DeathBy::kStep ? 400 : 40);
  death.power_cut = dice.Chance(0.4);
  death.pause = dice.Chance(0.2) ? dice.Between(1, 90) * kMinute : dice.Between(100, 60'000);
  return death;
}

}  // namespace

Plan DrawPlan(std::uint64_t seed, const std::string& site) {
  Dice dice(seed);
  Plan plan;
  Dice house = dice.Fork(1);
  plan.settings = DrawSettings(house, site);
  plan.portal = DrawRules(house, plan.settings.polling);
  const std::int64_t hours = house.Between(1, 4);
  plan.calm = hours * 60 * kMinute;
  Dice drops = dice.Fork(2);
  const std::int64_t count = drops.Between(1, 6);
  for (std::int64_t i = 0; i < count; ++i) {
    plan.drops.push_back(DrawDrop(drops, plan, plan.calm / 2, i));
    std::string sidecars;
    for (const char* suffix : {".sha256", ".commit", ".json"}) {
      if (plan.drops.back().whole && drops.Chance(0.2)) sidecars += suffix;
    }
    plan.sidecars.push_back(sidecars);
  }
  Dice deaths = dice.Fork(3);
  const std::int64_t dying = deaths.Chance(0.15) ? 0 : deaths.Spread(10);
  for (std::int64_t i = 0; i < dying; ++i) plan.deaths.push_back(DrawDeath(deaths, plan.calm));
  Dice person = dice.Fork(4);
  if (person.Chance(0.3)) {
    const std::int64_t acts = person.Between(1, 4);
    for (std::int64_t i = 0; i < acts; ++i) {
      plan.acts.push_back({person.Between(0, plan.calm), static_cast<Deed>(person.Below(4))});
    }
  }
  plan.foreign_output = person.Chance(0.2);
  if (person.Chance(0.15)) {
    plan.wall_jump_at = person.Between(1, plan.calm);
    plan.wall_jump = person.Between(-120, 120) * kMinute;
  }
  if (!dice.Chance(0.1)) plan.weather = Weather(dice.Fork(5), hours);
  Dice inside = dice.Fork(6);
  for (FolderSettings& folder : plan.settings.folders) folder.recursive = inside.Chance(0.4);
  for (Drop& drop : plan.drops) {
    if (plan.settings.folders[drop.folder].recursive) drop.subfolder = DrawSubfolder(inside);
  }
  return plan;
}

}  // namespace tegodrop::simulation
