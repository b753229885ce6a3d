// Every name that the program puts on a disk: the drop folder's room, the output folder, the state folder.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tegodrop {

// Below a drop folder's own room:
inline constexpr std::string_view kRoomId = "id";                // the folder's random id
inline constexpr std::string_view kRoomClaimed = "claimed";      // claimed/<job>/NAME and its sidecars
inline constexpr std::string_view kRoomProcessed = "processed";  // processed/NAME
inline constexpr std::string_view kRoomFailed = "failed";        // failed/NAME beside failed/NAME.reason.json
inline constexpr std::string_view kRoomReceipts = "receipts";    // receipts/<job or submit_id>.json
inline constexpr std::chrono::milliseconds kKeepReceipts = std::chrono::hours(30 * 24);
inline constexpr std::string_view kRoomHosts = "hosts";  // hosts/<id of a host>.json, on a share
// claimed/<job>/.claim.json, on a share: see share/claim_record.h.
inline constexpr std::string_view kClaimRecord = ".claim.json";

// claimed/.<of the path>.<job>: on a share, while a host is taking what stands under that path. `path_digest`: SHA-256
// of the path below the drop folder, hex.
inline std::string ClaimMarkPrefix(std::string_view path_digest) {
  constexpr std::size_t kEnough = 16;
  return "." + std::string(path_digest.substr(0, kEnough)) + ".";
}

// claimed/.taken.<job>, on a share: another host has taken that claim over. Stays as long as receipts do, so that its
// host knows when it comes back.
inline std::string ClaimTakenName(std::string_view job) { return ".taken." + std::string(job); }

// Below an output folder's own room (of the same name as the drop folder's):
inline constexpr std::string_view kOutputStaging = "staging";        // what is not whole yet
inline constexpr std::string_view kOutputQuarantine = "quarantine";  // what failed its checks, for a person to look at

// Below the state folder:
inline constexpr std::string_view kStateSpool = "spool";  // spool/<job>/NAME
// Below the spool, for each network folder: spool/incoming-<folder>/<any name>, copies that no claim has taken yet.
inline constexpr std::string_view kSpoolIncoming = "incoming-";

inline std::string ReasonName(std::string_view name) { return std::string(name) + ".reason.json"; }
inline std::string ReceiptName(std::string_view id) { return std::string(id) + ".json"; }
inline std::string HostBeatName(std::string_view id) { return std::string(id) + ".json"; }
inline std::string ChecksumName(std::string_view output) { return std::string(output) + ".sha256"; }
inline std::string TraceName(std::string_view output) { return std::string(output) + ".trace.json"; }
// Provenance: a bare statement, or in a signed envelope.
inline std::string StatementName(std::string_view output) { return std::string(output) + ".provenance.json"; }
inline std::string EnvelopeName(std::string_view output) { return std::string(output) + ".intoto.jsonl"; }
inline std::string FailedName(std::string_view file_name, std::string_view job) {
  return std::string(file_name) + "." + std::string(job) + ".failed.json";
}
// A name of its own for each attempt that begins from nothing; one that goes on with what an earlier one left keeps
// that one's.
inline std::string StagingName(std::string_view job, std::int64_t epoch) {
  return std::string(job) + "." + std::to_string(epoch) + ".part";
}
// What stands beside a staged file, by its staging name.
inline constexpr std::array<std::string_view, 8> kStagedCompanions{
    "", ".provenance", ".provenance.tmp", ".trace", ".trace.tmp", ".sha256", ".publishing", ".publishing.tmp"};

struct ParsedStagingName {
  std::string job;
  std::string name;  // the staging name itself, also where a companion's was read
};
// Of a staged file or a companion of one; nullopt for every other name.
std::optional<ParsedStagingName> ParseStagingName(std::string_view name);

}  // namespace tegodrop
