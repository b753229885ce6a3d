// The tenant's signing keys: those that the switches signing_keys and default_signing_key name, and those that were
// uploaded. World::mutex guards them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/portal/json.h"
#include "tests/portal/settings.h"
#include "tests/portal/storage.h"
#include "tests/portal/uploads.h"

namespace tegodrop::sim {

struct KeyRecord {
  SigningKey key;
  std::string file_name;
  std::string alias;
  std::string password_sha256;  // the password itself is not kept
  int64_t creation_time = 0;
  bool is_default = false;
  bool seeded = false;               // by a switch: usable, though nobody put its file
  std::shared_ptr<StoredFile> file;  // of an uploaded key, once it is there

  bool IsUsable() const { return seeded || file != nullptr; }
};

class KeyRing {
 public:
  // Takes the keys and the defaults that the switches name in place of those that they named before. Uploaded keys
  // stay, and stay the default where the switches name none.
  void Seed(const Settings& settings, int64_t now);
  void Add(KeyRecord record);
  // False when there is no such key. With the default key goes the default.
  bool Remove(std::string_view id);
  // Makes `key` the default of its platform; null: there is none from now on.
  void SetDefault(std::string_view platform, KeyRecord* key);

  KeyRecord* Find(std::string_view id);
  // The key that an upload for this platform gets when it names none. A default whose file is not there signs nothing.
  std::optional<SigningKey> Default(std::string_view platform) const;
  const std::vector<KeyRecord>& all() const { return keys_; }

 private:
  std::vector<KeyRecord> keys_;  // in the order of their creation
};

}  // namespace tegodrop::sim
