#include "tests/portal/signing_keys.h"

#include <algorithm>
#include <utility>

namespace tegodrop::sim {
namespace {

// What stands before the first `separator`; `rest` becomes what stands behind it.
std::string_view Piece(std::string_view* rest, char separator) {
  size_t end = rest->find(separator);
  std::string_view piece = rest->substr(0, end);
  *rest = end == std::string_view::npos ? "" : rest->substr(end + 1);
  return piece;
}

}  // namespace

void KeyRing::Seed(const Settings& settings, int64_t now) {
  std::erase_if(keys_, [](const KeyRecord& one) { return one.seeded; });
  std::vector<KeyRecord> seeds;
  for (std::string_view keys = settings.signing_keys; !keys.empty();) {
    std::string_view key = Piece(&keys, ';');
    KeyRecord seed;
    seed.key.id = Piece(&key, ':');
    seed.key.platform = Piece(&key, ':');
    seed.key.name = key;
    seed.file_name = seed.key.platform == "ios" ? "distribution.p12" : "release.jks";
    seed.creation_time = now;
    seed.seeded = true;
    if (!seed.key.id.empty()) seeds.push_back(std::move(seed));
  }
  keys_.insert(keys_.begin(), std::make_move_iterator(seeds.begin()), std::make_move_iterator(seeds.end()));
  // Backwards, so that of two for one platform the first one stands.
  std::vector<std::string_view> defaults;
  for (std::string_view ids = settings.default_signing_key; !ids.empty();) defaults.push_back(Piece(&ids, ','));
  for (auto id = defaults.rbegin(); id != defaults.rend(); ++id) {
    if (KeyRecord* key = Find(*id)) SetDefault(key->key.platform, key);
  }
}

void KeyRing::Add(KeyRecord record) {
  keys_.push_back(std::move(record));
  if (keys_.back().is_default) SetDefault(keys_.back().key.platform, &keys_.back());
}

bool KeyRing::Remove(std::string_view id) {
  return std::erase_if(keys_, [&](const KeyRecord& one) { return one.key.id == id; }) > 0;
}

void KeyRing::SetDefault(std::string_view platform, KeyRecord* key) {
  for (KeyRecord& one : keys_) {
    if (one.key.platform == platform) one.is_default = &one == key;
  }
}

KeyRecord* KeyRing::Find(std::string_view id) {
  auto found = std::find_if(keys_.begin(), keys_.end(), [&](const KeyRecord& one) { return one.key.id == id; });
  return found == keys_.end() ? nullptr : &*found;
}

std::optional<SigningKey> KeyRing::Default(std::string_view platform) const {
  for (const KeyRecord& one : keys_) {
    if (one.is_default && one.key.platform == platform && one.IsUsable()) return one.key;
  }
  return std::nullopt;
}

}  // namespace tegodrop::sim
