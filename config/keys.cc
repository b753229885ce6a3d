#include "config/keys.h"

#include <cstdio>

#include "config/bind.h"
#include "config/checks.h"
#include "daemon/base/units.h"

namespace tegodrop {
namespace {

using bind::kFolder;
using bind::kIn;
using bind::kTop;

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

constexpr std::string_view kKeyPattern = "^[!-~]+$";

std::vector<KeySpec> PortalKeys() {
  using P = PortalSettings;
  constexpr auto kPortal = &Settings::portal;
  return {
      {.path = "portal.url",
       .bind = kIn<kPortal, &P::url>,
       .help = "The portal's base address. https; plain http only to a loopback address.",
       .required = true,
       .pattern = "^[hH][tT][tT][pP][sS]?://[^@?# ]+$",
       .check = CheckPortalUrl},
      {.path = "portal.tenant",
       .bind = kIn<kPortal, &P::tenant>,
       .help = "The tenant's id: 32 hex digits.",
       .required = true,
       .pattern = "^[0-9a-fA-F]{32}$",
       .may_look_like_number = true,
       .check = CheckTenant},
      {.path = "portal.token_file",
       .type = KeyType::kPath,
       .bind = kIn<kPortal, &P::token_file>,
       .help =
           "A file with one line KEY:SECRET, mode 0600, of the daemon's user; read again on reload. When set, the only "
           "source; else the systemd credential apptego-token, else $APPTEGO_TOKEN.",
       .null_word = "null"},
      {.path = "portal.ca_file",
       .type = KeyType::kPath,
       .bind = kIn<kPortal, &P::ca_file>,
       .help = "A PEM file with authorities to trust besides the system's.",
       .null_word = "null"},
      {.path = "portal.proxy",
       .bind = kIn<kPortal, &P::proxy>,
       .help = "http://host:port; never used for loopback. The environment's proxy variables are ignored.",
       .null_word = "null",
       .pattern = "^[hH][tT][tT][pP]://[^@?# ]+:[0-9]+/?$",
       .check = CheckProxy},
      {.path = "portal.proxy_token_file",
       .type = KeyType::kPath,
       .bind = kIn<kPortal, &P::proxy_token_file>,
       .help = "A file with one line USER:PASSWORD for the proxy, mode 0600, of the daemon's user.",
       .null_word = "null"},
      {.path = "state_dir",
       .type = KeyType::kPath,
       .bind = kTop<&Settings::state_dir>,
       .help = "Ledger and spool. On a local disk, outside every drop and output folder."},
  };
}

std::vector<KeySpec> FolderKeys() {
  using F = FolderSettings;
  return {
      {.path = "folders[].name",
       .bind = kFolder<&F::name>,
       .help = "What people, traces and 'tegodrop status' call this folder. Unique.",
       .required = true,
       .pattern = "^[A-Za-z0-9._][A-Za-z0-9._-]{0,63}$",
       .may_look_like_number = true,
       .check = CheckFolderName},
      {.path = "folders[].path",
       .type = KeyType::kPath,
       .bind = kFolder<&F::path>,
       .help = "The drop folder.",
       .required = true},
      {.path = "folders[].output",
       .type = KeyType::kPath,
       .bind = kFolder<&F::output>,
       .help = "Where protected files appear. Never inside a drop folder, nor the other way round.",
       .required = true},
      {.path = "folders[].version",
       .type = KeyType::kChoice,
       .bind = kFolder<&F::version>,
       .help = "The configuration version that the portal builds with.",
       .required = true,
       .choices = {"development", "staging", "production"}},
      {.path = "folders[].signing_key",
       .bind = kFolder<&F::signing_key>,
       .help = "default: the tenant's default key; none: not signed; or a key id of the portal's.",
       .pattern = kKeyPattern,
       .may_look_like_number = true,
       .check = CheckSigningKey},
      {.path = "folders[].allow_keys",
       .type = KeyType::kList,
       .bind = kFolder<&F::allow_keys>,
       .help = "Key ids that a sidecar may ask for. None: a dropped file chooses no key.",
       .pattern = kKeyPattern,
       .may_look_like_number = true,
       .check = CheckSigningKey},
      {.path = "folders[].watch",
       .type = KeyType::kChoice,
       .bind = kFolder<&F::watch>,
       .help = "auto: the kernel's events on a local disk, polling on a network folder.",
       .choices = {"auto", "events", "poll"}},
      {.path = "folders[].poll_interval",
       .type = KeyType::kDuration,
       .bind = kFolder<&F::poll_interval>,
       .help = "auto: 5 s while something happens, 30 s idle, never under 20 times the last scan's time.",
       .null_word = "auto",
       .least = kSecond,
       .most = kHour},
      {.path = "folders[].recursive",
       .type = KeyType::kFlag,
       .bind = kFolder<&F::recursive>,
       .help = "true: folders inside the drop folder are entered too, 16 deep, but no other mount and no link."},
      {.path = "folders[].settle",
       .type = KeyType::kDuration,
       .bind = kFolder<&F::settle>,
       .help = "Quiet time when nothing better proves a file whole. auto: 2 s on a local disk, on a network folder at "
               "least 30 s and twice its attribute cache.",
       .null_word = "auto",
       .least = 10,
       .most = kDay},
      {.path = "folders[].refuse_after",
       .type = KeyType::kDuration,
       .bind = kFolder<&F::refuse_after>,
       .help = "A file unchanged for so long and still no whole ZIP, or still unreadable, is refused.",
       .least = kSecond,
       .most = 30 * kDay},
      {.path = "folders[].same_bytes",
       .type = KeyType::kChoice,
       .bind = kFolder<&F::same_bytes>,
       .help = "build or skip: what a drop with the bytes of an earlier delivered one gives.",
       .choices = {"build", "skip"}},
      {.path = "folders[].existing",
       .type = KeyType::kChoice,
       .bind = kFolder<&F::existing>,
       .help = "take or ignore: what becomes of what lies in the folder when it is first seen.",
       .choices = {"take", "ignore"}},
      {.path = "folders[].after",
       .type = KeyType::kChoice,
       .bind = kFolder<&F::after>,
       .help = "What becomes of the source once its protected file is delivered.",
       .choices = {"archive", "delete", "keep"}},
      {.path = "folders[].keep_processed",
       .type = KeyType::kDuration,
       .bind = kFolder<&F::keep_processed>,
       .help = "How long 'after: archive' keeps sources in processed/. failed/ is never pruned by itself.",
       .least = 0,
       .most = 3650 * kDay},
      {.path = "folders[].rooms",
       .bind = kFolder<&F::rooms>,
       .help = "Name of the daemon's own room in the drop folder. Choose a visible one for Windows and macOS users.",
       .pattern = "^[^/\\\\<>:\"|?*]{1,64}$",
       .may_look_like_number = true,
       .check = CheckRooms},
      {.path = "folders[].require_commit",
       .type = KeyType::kFlag,
       .bind = kFolder<&F::require_commit>,
       .help = "Whether an artifact that nothing names a commit SHA of is refused, before it is uploaded."},
      {.path = "folders[].require_signed",
       .type = KeyType::kChoice,
       .bind = kFolder<&F::require_signed>,
       .help = "Whether a build that is not signed fails. auto: when the upload's answer named a signing key.",
       .choices = {"auto", "true", "false"}},
      {.path = "folders[].commit_pattern",
       .bind = kFolder<&F::commit_pattern>,
       .help = "A regular expression (RE2) with one group that finds the commit SHA, 40 or 64 hex digits, in the file "
               "name. It counts where neither a sidecar nor the artifact itself names one.",
       .null_word = "null",
       .pattern = "[(]",
       .check = CheckCommitPattern},
      {.path = "folders[].commit_keys",
       .type = KeyType::kList,
       .bind = kFolder<&F::commit_keys>,
       .help = "Keys of an IPA's Info.plist that the build writes the commit SHA under; the first that has one counts.",
       .most = 32,
       .pattern = "^.{1,128}$"},
      {.path = "folders[].expect_signer_sha256",
       .type = KeyType::kList,
       .bind = kFolder<&F::expect_signer_sha256>,
       .help = "SHA-256 of the certificate that must have signed the protected output, as 'apksigner verify "
               "--print-certs' and 'openssl x509 -fingerprint -sha256' show it, or a list of such: signed by another "
               "it is not delivered. None: any may sign.",
       .pattern = "^([0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}$",
       .may_look_like_number = true,
       .one_text = true,
       .allowed = "the SHA-256 of a certificate, 64 hex digits, or a list of such",
       .check = CheckFingerprint},
      {.path = "folders[].warn_checks",
       .type = KeyType::kList,
       .bind = kFolder<&F::warn_checks>,
       .help = "Checks of the protected output that warn (in the log and in the trace) where they would fail it: "
               "differs, zip_structure, zip_entries, kind, signing_block, signature, package, version, signer.",
       .pattern = "^(differs|zip_structure|zip_entries|kind|signing_block|signature|package|version|signer)$",
       .check = CheckWarnCheck},
      {.path = "folders[].provenance",
       .type = KeyType::kChoice,
       .bind = kFolder<&F::provenance>,
       .help = "As 'provenance' of the top level, for this folder alone. null: as there.",
       .null_word = "null",
       .choices = {"statement", "signed", "off"}},
      {.path = "folders[].output_name",
       .bind = kFolder<&F::output_name>,
       .help = "The protected file's name. {stem} {start_time} {job} {package} {version_name} {version_code} "
               "{commit} {sha256} {version} {platform}, and {ext} at the end. A taken name gets -<job>.",
       .pattern = "^[^/\\\\]*[{]ext[}]$",
       .check = CheckOutputName},
      {.path = "folders[].output_mode",
       .type = KeyType::kMode,
       .bind = kFolder<&F::output_mode>,
       .help = "Mode of the files in the output folder, whatever the umask: octal, with its leading 0."},
      {.path = "folders[].priority",
       .type = KeyType::kInteger,
       .bind = kFolder<&F::priority>,
       .help = "Folders with a higher number go first.",
       .least = -1000,
       .most = 1000},
  };
}

std::vector<KeySpec> LimitKeys() {
  using L = LimitSettings;
  constexpr auto kLimits = &Settings::limits;
  return {
      {.path = "limits.concurrent_uploads",
       .type = KeyType::kInteger,
       .bind = kIn<kLimits, &L::concurrent_uploads>,
       .help = "Artifacts on their way at once; more only share the same line.",
       .least = 1,
       .most = 64},
      {.path = "limits.concurrent_parts",
       .type = KeyType::kInteger,
       .bind = kIn<kLimits, &L::concurrent_parts>,
       .help = "Parts of one artifact on their way at once.",
       .least = 1,
       .most = 64},
      {.path = "limits.concurrent_builds",
       .type = KeyType::kInteger,
       .bind = kIn<kLimits, &L::concurrent_builds>,
       .help = "Builds of ours at the portal at once. auto: until it answers 429, then as many as were running.",
       .null_word = "auto",
       .least = 1,
       .most = 1000},
      {.path = "limits.upload_rate",
       .type = KeyType::kSize,
       .bind = kIn<kLimits, &L::upload_rate>,
       .help = "Bytes a second over all uploads, as 20MiB.",
       .null_word = "unlimited",
       .least = 1024,
       .most = 1LL << 40},
      {.path = "limits.spool",
       .type = KeyType::kSize,
       .bind = kIn<kLimits, &L::spool>,
       .help = "How much the spool may hold: copies of what cannot be claimed by a rename.",
       .least = 1LL << 20,
       .most = 1LL << 50},
  };
}

std::vector<KeySpec> OtherKeys() {
  return {
      {.path = "polling.mode",
       .type = KeyType::kChoice,
       .bind = kIn<&Settings::polling, &PollingSettings::mode>,
       .help =
           "adaptive: the portal's build history is asked where a build's end is likely, by how long earlier builds "
           "took. fixed: once each interval.",
       .choices = {"adaptive", "fixed"}},
      {.path = "polling.interval",
       .type = KeyType::kDuration,
       .bind = kIn<&Settings::polling, &PollingSettings::interval>,
       .help = "How often the portal's build history is asked at most while builds are awaited.",
       .least = 100,
       .most = kHour},
      {.path = "polling.ceiling",
       .type = KeyType::kDuration,
       .bind = kIn<&Settings::polling, &PollingSettings::ceiling>,
       .help = "mode adaptive: how long the portal is left unasked at most while builds are awaited. Left out: 8 "
               "intervals, but at most 2m, or the interval where that is longer.",
       .least = 100,
       .most = kDay},
      {.path = "polling.alarm_after",
       .type = KeyType::kDuration,
       .bind = kIn<&Settings::polling, &PollingSettings::alarm_after>,
       .help = "A build that takes longer is reported. Left out: 4h, or the deadline where that is shorter.",
       .least = kSecond,
       .most = 30 * kDay},
      {.path = "polling.deadline",
       .type = KeyType::kDuration,
       .bind = kIn<&Settings::polling, &PollingSettings::deadline>,
       .help = "A build that takes longer fails; the portal ends stuck builds itself.",
       .least = kSecond,
       .most = 30 * kDay},
      {.path = "polling.confirm_after",
       .type = KeyType::kDuration,
       .bind = kIn<&Settings::polling, &PollingSettings::confirm_after>,
       .help = "How long the history is asked about an upload whose outcome is unknown, before it is sent again.",
       .least = kSecond,
       .most = 7 * kDay},
      {.path = "schedule.window",
       .type = KeyType::kList,
       .bind = kIn<&Settings::schedule, &ScheduleSettings::window>,
       .help = "22:00-06:00, or mon-fri 22:00-06:00, or a list of such: artifacts are admitted at any time, uploads "
               "start inside one of them. null: at any time.",
       .null_word = "null",
       .least = 1,
       .pattern = "^ *([A-Za-z][A-Za-z, -]* )?[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9] *$",
       .one_text = true,
       .allowed = "a window as 22:00-06:00 or mon-fri 22:00-06:00, a list of such",
       .check = CheckWindow},
      {.path = "schedule.timezone",
       .bind = kIn<&Settings::schedule, &ScheduleSettings::timezone>,
       .help = "The windows' time zone. local: the machine's ($TZ, else /etc/localtime); or a name as Europe/Berlin.",
       .pattern = "^[A-Za-z0-9_+/-]+$",
       .check = CheckTimeZone},
      {.path = "log.level",
       .type = KeyType::kChoice,
       .bind = kIn<&Settings::log, &LogSettings::level>,
       .help = "The least important lines that the log shows.",
       .choices = {"debug", "info", "warning", "error"}},
      {.path = "log.format",
       .type = KeyType::kChoice,
       .bind = kIn<&Settings::log, &LogSettings::format>,
       .help = "auto: the journal under systemd, text on a terminal, JSON lines elsewhere. All but the journal on "
               "standard error. Only read at the start.",
       .choices = {"auto", "text", "json", "journal"}},
      {.path = "metrics_file",
       .type = KeyType::kPath,
       .bind = kTop<&Settings::metrics_file>,
       .help = "A file for node_exporter's textfile collector, ending in .prom in the folder that it reads.",
       .null_word = "null"},
      {.path = "report_dir",
       .type = KeyType::kPath,
       .bind = kTop<&Settings::report_dir>,
       .help = "A local folder that gets the report of each night, as a page and as JSON: when the upload window has "
               "closed and what it began has come to its end, without a window at 06:00; and of each run --once.",
       .null_word = "null"},
      {.path = "provenance",
       .type = KeyType::kChoice,
       .bind = kTop<&Settings::provenance>,
       .help =
           "What stands beside each trace: statement: an in-toto statement with SLSA provenance, "
           "<protected>.provenance.json; signed: the same in a signed DSSE envelope, <protected>.intoto.jsonl; off: "
           "nothing.",
       .choices = {"statement", "signed", "off"}},
      {.path = "provenance_key_file",
       .type = KeyType::kPath,
       .bind = kTop<&Settings::provenance_key_file>,
       .help = "A PEM file with the Ed25519 or ECDSA private key for 'provenance: signed', mode 0600, of the daemon's "
               "user; read again on reload. When set, the only source; else the systemd credential provenance-key.",
       .null_word = "null"},
      {.path = "notify.webhook_file",
       .type = KeyType::kPath,
       .bind = kIn<&Settings::notify, &NotifySettings::webhook_file>,
       .help = "A file with one line, the URL of a webhook that is told of trouble, mode 0600, of the daemon's "
               "user; read again on reload.",
       .null_word = "null"},
      {.path = "notify.on",
       .type = KeyType::kList,
       .bind = kIn<&Settings::notify, &NotifySettings::on>,
       .help = "What is worth a message: failed, quota, folder, credentials, stuck.",
       .pattern = "^(failed|quota|folder|credentials|stuck)$",
       .check = CheckNotifyEvent},
  };
}

std::string Mode(std::int64_t mode) {
  char text[16];
  std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode));
  return text;
}

std::string Duration(std::int64_t ms) { return FormatDuration(std::chrono::milliseconds(ms)); }

std::string AllowedForType(const KeySpec& spec) {
  std::string allowed;
  switch (spec.type) {
    case KeyType::kText:
      allowed = "a text";
      break;
    case KeyType::kPath:
      allowed = "a path";
      break;
    case KeyType::kFlag:
      allowed = "only true or false, without quotes (yes, no, on and off are not read as such)";
      break;
    case KeyType::kInteger:
      allowed =
          "a whole number from " + std::to_string(spec.least) + " to " + std::to_string(spec.most) + ", without quotes";
      break;
    case KeyType::kDuration:
      allowed = "a duration from " + Duration(spec.least) + " to " + Duration(spec.most) +
                ", written as 500ms, 15s, 10m, 4h or 1d";
      break;
    case KeyType::kSize:
      allowed = "a size from " + FormatSize(static_cast<std::uint64_t>(spec.least)) + " to " +
                FormatSize(static_cast<std::uint64_t>(spec.most)) + ", written as 64KiB, 10MiB or 2GiB";
      break;
    case KeyType::kChoice:
      for (std::size_t i = 0; i < spec.choices.size(); ++i) {
        if (i > 0) allowed += i + 1 == spec.choices.size() ? " or " : ", ";
        allowed += spec.choices[i];
      }
      break;
    case KeyType::kMode:
      allowed = "four octal digits as \"0640\": the first is 0, and the owner may read";
      break;
    case KeyType::kList:
      allowed = "a list of texts, as [a, b] or []";
      break;
  }
  return allowed;
}

}  // namespace

const std::vector<KeySpec>& ConfigKeys() {
  static const std::vector<KeySpec> keys = [] {
    std::vector<KeySpec> all = PortalKeys();
    for (const auto& part : {FolderKeys(), LimitKeys(), OtherKeys()}) all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return keys;
}

const std::vector<SectionSpec>& ConfigSections() {
  static const std::vector<SectionSpec> sections{
      {"portal", "The AppTego portal and the credentials for it.", true},
      {"folders[]", "The drop folders, one entry each.", true},
      {"limits", "How much happens at once.", false},
      {"polling", "How builds are awaited.", false},
      {"schedule", "When uploads may start.", false},
      {"log", "The log on standard error.", false},
      {"notify", "Who is told of trouble.", false},
  };
  return sections;
}

KeyValue DefaultOf(const KeySpec& spec) {
  static const Settings settings = [] {
    Settings made;
    made.folders.emplace_back();
    return made;
  }();
  return spec.bind.read(settings, 0, spec);
}

std::string AllowedFor(const KeySpec& spec) {
  std::string allowed(spec.allowed);
  if (allowed.empty()) allowed = AllowedForType(spec);
  if (!spec.null_word.empty()) allowed += ", or " + std::string(spec.null_word);
  return allowed;
}

std::string FormatKeyValue(const KeySpec& spec, const KeyValue& value) {
  if (std::holds_alternative<std::monostate>(value)) return std::string(spec.null_word);
  if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const std::int64_t* number = std::get_if<std::int64_t>(&value)) {
    if (spec.type == KeyType::kDuration) return Duration(*number);
    if (spec.type == KeyType::kSize) return FormatSize(static_cast<std::uint64_t>(*number));
    return spec.type == KeyType::kMode ? Mode(*number) : std::to_string(*number);
  }
  if (const std::string* text = std::get_if<std::string>(&value)) return *text;
  std::string list;
  for (const std::string& item : std::get<std::vector<std::string>>(value)) list += (list.empty() ? "" : ", ") + item;
  return "[" + list + "]";
}

}  // namespace tegodrop
