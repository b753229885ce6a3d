// What `apps`, `builds`, `keys` and `signing-file` were asked for.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace tegodrop {

enum class PortalAction : std::uint8_t {
  kNone,
  kAppsList,
  kAppsDelete,
  kBuildsList,
  kBuildsDownload,
  kBuildsDelete,
  kBuildsSign,
  kBuildsPrune,
  kKeysList,
  kKeysUpload,
  kKeysSetDefault,
  kKeysClearDefault,
  kKeysDelete,
  kSigningFileUpload,
};

struct PortalOptions {
  PortalAction action = PortalAction::kNone;
  std::string id;  // of an application or a key; of the application also for a signing file

  // Of builds.
  std::string version;
  std::string platform;  // of keys and signing files too
  std::int64_t start_time = 0;
  std::string name;  // of a key its display name

  // Of lists.
  std::optional<std::int64_t> page;
  std::optional<std::int64_t> page_size;
  bool all = false;
  std::optional<std::chrono::milliseconds> since;
  std::string state;  // a word of BuildWord (listing.h); empty: any
  std::string glob;   // on the name; empty: any
  bool utc = false;

  // Of downloads.
  std::string output;  // absolute
  bool trace = false;
  bool allow_unsigned = false;

  // Of key and signing files.
  std::string file;
  std::string alias;
  std::string password_file;  // empty: asked for at the terminal
  bool make_default = false;

  std::optional<std::chrono::milliseconds> older_than;  // prune

  bool yes = false;
  bool json = false;
};

// Whether it changes something at the portal or on a disk, and does not only show.
inline bool TakesEffect(const PortalOptions& asked) {
  switch (asked.action) {
    case PortalAction::kAppsList:
    case PortalAction::kBuildsList:
    case PortalAction::kKeysList:
      return false;
    case PortalAction::kBuildsPrune:
      return asked.yes;
    default:
      return true;
  }
}

}  // namespace tegodrop
