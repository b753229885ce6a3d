// A job: one dropped artifact on its way, and all that must be known to go on after a death at any instant. Pure.
//
// The ledger owns the truth; a Job in memory is a copy of its row. What a job was claimed with (portal, tenant,
// version, key, output) stays with it whatever the config says later.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/shared.h"
#include "daemon/model/artifact.h"
#include "daemon/model/build.h"
#include "daemon/model/check.h"
#include "daemon/model/failure.h"
#include "daemon/model/lifecycle.h"

namespace tegodrop {

// What becomes of the source once delivered.
enum class SourceAfter : std::uint8_t { kArchive, kDelete, kKeep };
enum class SignatureNeed : std::uint8_t { kAuto, kRequired, kNotRequired };
// What stands beside a delivery's trace: nothing, an in-toto statement, or that in a signed envelope.
enum class Provenance : std::uint8_t { kOff, kStatement, kSigned };

// Where a job goes and by which rules; frozen at its claim.
struct Target {
  std::string folder;       // the folder's name in the config
  std::string drop_path;    // absolute
  std::string rooms;        // name of the folder's own room
  std::string output_path;  // absolute
  std::string output_name;  // template
  mode_t output_mode = 0640;
  SourceAfter after = SourceAfter::kArchive;
  SignatureNeed signature = SignatureNeed::kAuto;
  std::string portal_url;
  std::string tenant;
  std::string version;
  // As sent: "" leaves the field out (the tenant's default key), "none", or a key id.
  std::string signing_key;
  int priority = 0;
  bool skip_same_bytes = false;  // the bytes of an earlier delivered job are not built again
  // SHA-256 of certificates (64 lowercase hex digits): one of them must have signed the output. None: any may.
  std::vector<std::string> expected_signers;
  std::vector<std::string> warn_checks;  // ids of checks (model/check.h) that warn where they would fail the output
  Provenance provenance = Provenance::kOff;

  auto operator<=>(const Target&) const = default;
};

// The last answer to a request for an upload URL. The signed URL itself is never kept.
struct UploadTicket {
  std::int64_t start_time = 0;  // Unix seconds; 0: nothing asked yet
  std::string file_path;        // tenant-scoped, verbatim
  std::optional<std::string> signing_key_id;
};

// One part of a multipart upload that the store has confirmed.
struct UploadedPart {
  std::int64_t number = 0;  // from 1
  std::string etag;         // verbatim, quotes included; opaque
  std::string sha256;       // of the bytes that were sent; empty: they were held against the file's fingerprint
};

// A multipart upload that is under way: what it takes to go on with it after a death.
struct MultipartUpload {
  std::string upload_id;
  std::uint64_t chunk_size = 0;  // bytes of every part but the last
  std::int64_t total_parts = 0;
  std::string sealed_urls;  // the part URLs, sealed under the token's secret (base/seal.h)
  WallMs expires_at = 0;    // when the URLs do
  std::vector<UploadedPart> parts;
};

// A multipart upload that was given up and is to be aborted at the portal, so that its parts do not lie there for ever.
struct OpenUpload {
  std::string file_path;
  std::string upload_id;
};

// What came of a download that broke off: enough to ask the store for the rest of the very same bytes.
struct KeptBytes {
  std::string etag;          // the store's, strong, verbatim; empty: nothing is kept
  std::uint64_t total = 0;   // bytes of the whole output
  std::uint64_t synced = 0;  // so many of the staged file's first bytes are these, and survive a power cut
};

// The protected output on its way into the output folder.
struct Output {
  std::string staging_name;    // in the output folder's staging room; empty: none
  std::string protected_name;  // the name it is or will be published under; empty: not chosen yet
  std::uint64_t size = 0;
  std::string sha256;
  AppIdentity identity;
  std::optional<std::vector<std::string>> signature_schemes;  // see ProtectedFacts; nullopt: not looked for
  std::vector<Check> checks;
  KeptBytes kept;  // of the staged file, in state built
};

// So many outputs of a build may fail their checks, one after the other, before the job fails.
inline constexpr int kMostBadDownloads = 4;

struct Times {
  WallMs detected = 0;  // first seen in the drop folder
  WallMs claimed = 0;
  WallMs submitted = 0;  // the portal has received the whole object
  WallMs completed = 0;  // the history first showed its end to us
  WallMs delivered = 0;
};

// Why nothing is being done on a job at the moment. Not a state: it stands on one.
struct Waiting {
  std::string for_what;  // one phrase for people: "the build", "the portal (connection refused)"; empty: not waiting
  WallMs since = 0;
  WallMs not_before = 0;  // nothing is tried before; 0: until something happens
};

struct Job {
  std::string id;
  JobState state = JobState::kClaiming;
  bool finished = false;   // nothing is left to do: an end state whose files and receipt are all in place
  std::string owner;       // the host that works on it
  std::int64_t epoch = 0;  // grows with each attempt, so that a late result of an abandoned attempt is told apart

  Shared<Target> target;
  Artifact artifact;
  UploadTicket ticket;
  std::optional<MultipartUpload> multipart;
  std::vector<OpenUpload> aborts;  // still to be aborted; never one whose Complete may have succeeded
  int upload_tries = 0;            // failures since the last progress, for the delay of the next one
  int refused_urls = 0;            // upload URLs that the store refused since then
  int sends = 0;                   // how often the whole object may have reached the portal
  // When the row said that the last chunk is about to leave; 0: it provably has not, so nothing was delivered to the
  // portal.
  WallMs last_chunk_left = 0;
  WallMs confirming_since = 0;
  int confirming_looks = 0;  // complete looks through the history since then; while a build is reset, since reset_since

  std::optional<BuildRow> build;  // the history row as last seen
  WallMs reset_since = 0;         // when `success: false` without an error was first seen
  bool alarmed = false;           // that the build takes too long was reported

  int download_tries = 0;  // failures since the build was done, for the delay of the next try
  int bad_downloads = 0;   // of these: outputs that failed their checks
  Output output;
  int redeliveries = 0;         // how often a delivered build was asked for again
  std::string duplicate_of;     // the delivered job with the same bytes that this drop was skipped for; empty: none
  std::string duplicate_trace;  // where the trace of that delivery was put, absolute
  Times times;
  Waiting waiting;
  std::optional<Failure> failure;
};

// What a job waits for at the moment: its row's own word, else what its state says by itself ("an upload slot", "the
// build: Protecting"). `for_what` is empty where something is being done on it.
Waiting WaitingOf(const Job& job);

// What the portal knows this job's build as.
BuildIdentity IdentityOf(const Job& job);

// Whether the history's row is that of this job's build: as Matches with its identity.
bool IsBuildOf(const BuildRow& row, const Job& job);

// Whether a delivery must be signed: what the folder says, else whether the upload's answer named a signing key.
bool SignatureRequired(const Job& job);

// Whether a build of the one is as good for the other: the same known bytes, for the same folder, account, version and
// key, of commits that do not differ, by signers that do not.
bool SameBuild(const Job& a, const Job& b);

// Lets go of the upload that the row speaks of. A multipart upload is then to be aborted, but never one whose Complete
// may have reached the portal.
void ForgetUpload(Job& job);

}  // namespace tegodrop
