// What hosts on one share tell each other in the drop folder's room, as values and as JSON. Pure.
//
// Nobody on a share can ask another host anything, so each writes down, before it can have happened, what must not
// happen twice; and from time to time that it is there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/model/job.h"

namespace tegodrop {

// Beside a claimed artifact: how far the host that claimed it may have come. Where none stands, nothing of the artifact
// has reached the portal.
struct ClaimRecord {
  std::string job;
  std::string file_name;
  std::string subfolder;  // below the drop folder
  // What it was sent as, and where; the history knows it by these.
  std::string portal_url;
  std::string tenant;
  std::string version;
  std::int64_t start_time = 0;
  std::string file_path;
  std::optional<std::string> signing_key_id;
  bool delivering = false;  // its output may stand in the output folder
  std::string output_path;  // that one

  bool operator==(const ClaimRecord&) const = default;
};

ClaimRecord ClaimRecordOf(const Job& job, bool delivering);

std::string WriteClaimRecord(const ClaimRecord& record);
// kCorrupt, with what is wrong in words, for everything that WriteClaimRecord does not write.
Result<ClaimRecord> ReadClaimRecord(std::string_view json);

// A host that is there, and the jobs it has claimed in this folder.
struct HostBeat {
  std::string id;         // its own in this folder; the record's name
  std::string host;       // its name, for people
  std::int64_t beat = 0;  // another one each time
  std::vector<std::string> jobs;

  bool operator==(const HostBeat&) const = default;
};

// What is said of a claim that another host has now.
std::string TakenOverWords(const std::string& job);

std::string WriteHostBeat(const HostBeat& beat);
// `id`: from the record's name. Errors as ReadClaimRecord.
Result<HostBeat> ReadHostBeat(std::string id, std::string_view json);

}  // namespace tegodrop
