// The portal's JSON, both ways and pure: strict in what is sent, patient with what is received.
//
// All readings answer kRetry, with a sentence, for a body that is not JSON or lacks what the portal's page promises and
// the program needs; unknown fields are passed over. No message holds a signed URL's query.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/base/secret.h"
#include "daemon/portal/portal.h"

namespace tegodrop {

// Which page of which listing was asked for.
struct HistoryQuestion {
  std::string version;
  std::int64_t page = 1;
  std::int64_t page_size = 50;
};

// Bodies of requests. Text that is not UTF-8 (no name gets here so) goes out with replacement characters.
std::string UploadBody(const UploadRequest& request);
std::string CompleteBody(const std::string& file_path, const std::string& upload_id,
                         const std::vector<CompletedPart>& parts);
std::string AbortBody(const std::string& file_path, const std::string& upload_id);
std::string HistoryBody(const HistoryQuestion& question);
std::string DownloadBody(const BuildIdentity& build);

// A grant with exactly one of url and multipart; its URLs are https, or http to this very machine.
Result<UploadGrant> ReadUploadGrant(std::string_view body);

struct HistoryReading {
  HistoryPage page;
  std::vector<std::string> skipped;  // a sentence for each row without a start_time or a name
};
// A row that does not name its version has the listing's. Without total_pages, it follows from total_count; without
// both, a full page has another one behind it.
Result<HistoryReading> ReadHistory(std::string_view body, const HistoryQuestion& question);

Result<Secret> ReadDownload(std::string_view body);

// Complete and Abort: a JSON object that does not say that it failed.
Status ReadDone(std::string_view body);

// A list of tenants, bare or as a member of an object.
Result<std::vector<TenantInfo>> ReadTenants(std::string_view body);

}  // namespace tegodrop
