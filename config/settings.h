// The settings that the config file gives, as plain structs: beside each field its default, unit and reason.
//
// Whoever loads the config owns the value; rooms get what they need of it by copy. A change here belongs into the key
// table (keys.cc), which the loader, the JSON Schema and the example file are tested against.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/log.h"

namespace tegodrop {

using std::chrono::milliseconds;

struct PortalSettings {
  // https; plain http only to a loopback address, for rehearsals with a simulator. Without a slash at its end.
  std::string url;
  // 32 hex digits, sent in the `tenant` header.
  std::string tenant;
  // One line KEY:SECRET. When set, the only source; else the systemd credential apptego-token, else $APPTEGO_TOKEN.
  std::optional<std::string> token_file;
  // PEM, added to the system's: for portals behind a company's own authority.
  std::optional<std::string> ca_file;
  // http://host:port; never used for loopback. The environment's proxy variables are ignored: a build server's shell
  // must not reroute credentials.
  std::optional<std::string> proxy;
  // One line USER:PASSWORD.
  std::optional<std::string> proxy_token_file;
  bool operator==(const PortalSettings&) const = default;
};

enum class WatchMode : std::uint8_t { kAuto, kEvents, kPoll };
enum class SameBytes : std::uint8_t { kBuild, kSkip };
enum class Existing : std::uint8_t { kTake, kIgnore };
enum class After : std::uint8_t { kArchive, kDelete, kKeep };
// kAuto: when the upload's answer named a signing key.
enum class RequireSigned : std::uint8_t { kAuto, kYes, kNo };
enum class ProvenanceForm : std::uint8_t { kStatement, kSigned, kOff };

struct FolderSettings {
  std::string name;     // unique; what people, traces and `status` call it
  std::string path;     // the drop folder, absolute
  std::string output;   // absolute; never inside a drop folder, nor the other way round
  std::string version;  // configuration version: development | staging | production
  // "default" (the field is left out of the request: the tenant's default key), "none", or a key id.
  std::string signing_key = "default";
  std::vector<std::string> allow_keys;  // key ids that a sidecar may ask for; none: a dropped file chooses no key
  WatchMode watch = WatchMode::kAuto;
  // nullopt = auto: 5 s while something happens, 30 s idle, never under 20 × the last scan's time.
  std::optional<milliseconds> poll_interval;
  bool recursive = false;
  // nullopt = auto: 2 s on a local disk; on a network folder at least 30 s and twice its attribute cache.
  std::optional<milliseconds> settle;
  milliseconds refuse_after =
      std::chrono::hours(1);  // unchanged for so long and still no whole ZIP, or unreadable: refused
  SameBytes same_bytes = SameBytes::kBuild;
  Existing existing = Existing::kTake;
  After after = After::kArchive;
  milliseconds keep_processed = std::chrono::hours(30 * 24);  // 30 d; failed/ is never pruned by itself
  std::string rooms = ".tegodrop";  // one path component; a visible one for Windows and macOS users
  bool require_commit = false;
  RequireSigned require_signed = RequireSigned::kAuto;
  std::optional<std::string> commit_pattern;  // regex with one group, on the file name
  // Keys of an IPA's Info.plist that builds write the commit SHA under; the first that has one counts.
  std::vector<std::string> commit_keys = {"GitCommit", "GitCommitHash", "GIT_COMMIT"};
  // SHA-256 of certificates, hex: one of them must have signed the protected output. None: any may.
  std::vector<std::string> expect_signer_sha256;
  std::vector<std::string> warn_checks;      // ids of checks that warn where they would fail an output
  std::optional<ProvenanceForm> provenance;  // nullopt: the loader puts the top level's value here
  std::string output_name = "{stem}-protected-{start_time}{ext}";
  mode_t output_mode = 0640;  // explicit, whatever the umask
  int priority = 0;           // higher first
  bool operator==(const FolderSettings&) const = default;
};

struct LimitSettings {
  int concurrent_uploads = 2;            // artifacts on their way at once; more only share the same line
  int concurrent_parts = 4;              // parts of one artifact
  std::optional<int> concurrent_builds;  // nullopt = auto: until the portal answers 429, then as many as were running
  std::optional<std::uint64_t> upload_rate;  // bytes a second; nullopt = unlimited
  std::uint64_t spool = 20ULL << 30U;        // bytes; the spool holds copies of what cannot be claimed by rename
  bool operator==(const LimitSettings&) const = default;
};

enum class PollingMode : std::uint8_t { kAdaptive, kFixed };

struct PollingSettings {
  // kAdaptive: looks are placed where a build's end is likely, by how long earlier ones took. kFixed: one each
  // interval.
  PollingMode mode = PollingMode::kAdaptive;
  milliseconds interval = std::chrono::seconds(15);  // the least distance of two looks; as in the portal's own example
  milliseconds ceiling = std::chrono::minutes(2);    // the greatest, in kAdaptive; left out: CeilingFor(interval)
  milliseconds alarm_after = std::chrono::hours(4);  // a build that takes longer is reported
  milliseconds deadline = std::chrono::hours(24);    // and then failed: the portal ends stuck builds itself
  milliseconds confirm_after =
      std::chrono::minutes(30);  // how long the history is asked about an upload of unknown outcome
  bool operator==(const PollingSettings&) const = default;
};

// A ceiling that nobody wrote follows the interval: whoever asks for 1 s wants to know soon, also of the build whose
// end nobody expected. More than two minutes saves no requests worth naming.
inline milliseconds CeilingFor(milliseconds interval) {
  return std::max(interval, std::min<milliseconds>(8 * interval, std::chrono::minutes(2)));
}

struct ScheduleSettings {
  // "mon-fri 22:00-06:00", see daemon/model/upload_window.h; artifacts are admitted at any time, uploads start inside
  // one of these. nullopt: at any time.
  std::optional<std::vector<std::string>> window;
  std::string timezone = "local";  // or a name of the tz database; local: the machine's, or $TZ
  bool operator==(const ScheduleSettings&) const = default;
};

enum class LogOutput : std::uint8_t { kAuto, kText, kJson, kJournal };

struct LogSettings {
  LogLevel level = LogLevel::kInfo;
  LogOutput format = LogOutput::kAuto;
  bool operator==(const LogSettings&) const = default;
};

struct NotifySettings {
  std::optional<std::string> webhook_file;  // a file with the URL: the URL is a credential
  std::vector<std::string> on = {"failed", "quota", "folder", "credentials", "stuck"};
  bool operator==(const NotifySettings&) const = default;
};

struct Settings {
  PortalSettings portal;
  std::string state_dir = "/var/lib/tegodrop";  // ledger and spool: a local disk
  std::vector<FolderSettings> folders;
  LimitSettings limits;
  PollingSettings polling;
  ScheduleSettings schedule;
  LogSettings log;
  std::optional<std::string> metrics_file;                 // node_exporter's textfile collector
  std::optional<std::string> report_dir;                   // gets the report of each night
  ProvenanceForm provenance = ProvenanceForm::kStatement;  // beside each trace; for folders that say nothing of it
  // PEM, an Ed25519 or ECDSA private key, for folders whose provenance is signed. When set, the only source; else the
  // systemd credential provenance-key.
  std::optional<std::string> provenance_key_file;
  NotifySettings notify;
  bool operator==(const Settings&) const = default;
};

}  // namespace tegodrop
