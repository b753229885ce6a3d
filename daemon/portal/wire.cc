#include "daemon/portal/wire.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "daemon/base/safe_json.h"
#include "daemon/base/text.h"
#include "daemon/portal/answer_json.h"
#include "daemon/portal/history_row.h"
#include "daemon/portal/json_body.h"
#include "daemon/portal/signed_url.h"
#include "daemon/portal/words.h"

namespace tegodrop {
namespace {

constexpr std::int64_t kExpiry = 3600;
constexpr std::int64_t kShortestExpiry = 60;
constexpr std::int64_t kLongestExpiry = 7L * 24 * 3600;  // what object stores sign at most

Result<MultipartPlan> ReadMultipart(const JsonValue& answer, std::string_view body) {
  MultipartPlan plan;
  const std::optional<std::string> upload_id = NonEmpty(TextMember(answer, "upload_id"));
  if (!upload_id) return Lacks("upload_id", body);
  plan.upload_id = *upload_id;
  const std::optional<std::int64_t> chunk_size = IntegerMember(answer, "chunk_size");
  if (!chunk_size || *chunk_size <= 0) return Lacks("chunk_size", body);
  plan.chunk_size = static_cast<std::uint64_t>(*chunk_size);
  const JsonValue* urls = Member(answer, "part_urls");
  if (urls == nullptr || !urls->IsArray() || urls->Empty()) return Lacks("part_urls", body);
  for (const JsonValue& url : urls->GetArray()) {
    if (!url.IsString()) return Fail(ErrorKind::kRetry, "the portal's answer has a part URL that is no text");
    Result<Secret> taken = TakeSignedUrl({url.GetString(), url.GetStringLength()});
    if (!taken) return Fail(taken.error());
    plan.part_urls.push_back(std::move(*taken));
  }
  const std::optional<std::int64_t> total = IntegerMember(answer, "total_parts");
  if (total && *total != static_cast<std::int64_t>(plan.part_urls.size())) {
    return Fail(ErrorKind::kRetry, "the portal's answer promises " + std::to_string(*total) +
                                       " parts and has URLs for " + std::to_string(plan.part_urls.size()));
  }
  return plan;
}

}  // namespace

std::string UploadBody(const UploadRequest& request) {
  JsonBody body;
  body.Text("file_name", request.file_name).Text("platform", request.platform).Text("version", request.version);
  body.Number("file_size", static_cast<std::int64_t>(request.file_size));
  body.TextIfAny("signing_key_id", request.signing_key);
  return body.Take();
}

std::string CompleteBody(const std::string& file_path, const std::string& upload_id,
                         const std::vector<CompletedPart>& parts) {
  return JsonBody().Text("file_path", file_path).Text("upload_id", upload_id).Parts("parts", parts).Take();
}

std::string AbortBody(const std::string& file_path, const std::string& upload_id) {
  return JsonBody().Text("file_path", file_path).Text("upload_id", upload_id).Take();
}

std::string HistoryBody(const HistoryQuestion& question) {
  return JsonBody()
      .Text("version", question.version)
      .Number("page", question.page)
      .Number("page_size", question.page_size)
      .Take();
}

std::string DownloadBody(const BuildIdentity& build) {
  return JsonBody()
      .Text("version", build.version)
      .Text("platform", build.platform)
      .Number("start_time", build.start_time)
      .Text("file_name", build.name)
      .Take();
}

Result<UploadGrant> ReadUploadGrant(std::string_view body) {
  const Result<rapidjson::Document> answer = ReadObject(body);
  if (!answer) return Fail(answer.error());
  UploadGrant grant;
  const std::optional<std::string> url = NonEmpty(TextMember(*answer, "url"));
  if (BoolMember(*answer, "multipart").value_or(!url && Member(*answer, "part_urls") != nullptr)) {
    Result<MultipartPlan> plan = ReadMultipart(*answer, body);
    if (!plan) return Fail(plan.error());
    grant.multipart = std::move(*plan);
  } else {
    if (!url) return Lacks("url", body);
    Result<Secret> taken = TakeSignedUrl(*url);
    if (!taken) return Fail(taken.error());
    grant.url = std::move(*taken);
  }
  const std::optional<std::int64_t> start_time = IntegerMember(*answer, "start_time");
  if (!start_time || *start_time <= 0) return Lacks("start_time", body);
  grant.start_time = *start_time;
  const std::optional<std::string> file_path = NonEmpty(TextMember(*answer, "file_path"));
  if (!file_path) return Lacks("file_path", body);
  grant.file_path = *file_path;
  grant.expires_in = std::chrono::seconds(
      std::clamp(IntegerMember(*answer, "expires_in").value_or(kExpiry), kShortestExpiry, kLongestExpiry));
  grant.signing_key_id = NonEmpty(TextMember(*answer, "signing_key_id"));
  // The request's own word for no key: it must not read as the id of one.
  if (grant.signing_key_id == "none") grant.signing_key_id.reset();
  return grant;
}

Result<HistoryReading> ReadHistory(std::string_view body, const HistoryQuestion& question) {
  const Result<rapidjson::Document> answer = ReadObject(body);
  if (!answer) return Fail(answer.error());
  const JsonValue* results = Member(*answer, "results");
  if (results == nullptr || !results->IsArray()) return Lacks("list of results", body);
  HistoryReading reading;
  reading.page.rows.reserve(results->Size());
  for (const JsonValue& value : results->GetArray()) {
    Result<BuildRow> row = ReadBuildRow(value, question.version);
    if (row) {
      reading.page.rows.push_back(std::move(*row));
    } else {
      reading.skipped.push_back(row.error().message);
    }
  }
  reading.page.total_count = IntegerMember(*answer, "total_count").value_or(0);
  reading.page.page = IntegerMember(*answer, "page").value_or(question.page);
  reading.page.total_pages = TotalPages(*answer, results->Size(), question);
  return reading;
}

Result<Secret> ReadDownload(std::string_view body) {
  const Result<rapidjson::Document> answer = ReadObject(body);
  if (!answer) return Fail(answer.error());
  const std::optional<std::string> url = NonEmpty(TextMember(*answer, "url"));
  if (!url) return Lacks("url", body);
  return TakeSignedUrl(*url);
}

Status ReadDone(std::string_view body) {
  const Result<rapidjson::Document> answer = ReadObject(body);
  if (!answer) return Fail(answer.error());
  if (SaysItFailed(body)) return Fail(ErrorKind::kRetry, "the portal says that it failed: " + PortalWords(body));
  return {};
}

Result<std::vector<TenantInfo>> ReadTenants(std::string_view body) {
  const Result<rapidjson::Document> answer = ParseJson(body);
  if (!answer) return Fail(ReadObject(body).error());
  const JsonValue* list = ListIn(*answer, {"tenants", "results", "data"});
  if (list == nullptr) return Lacks("list of tenants", body);
  std::vector<TenantInfo> tenants;
  for (const JsonValue& value : list->GetArray()) {
    std::optional<std::string> id = NonEmpty(TextMember(value, "tenant_id"));
    if (!id) id = NonEmpty(TextMember(value, "id"));
    if (!id) continue;
    tenants.push_back({*id, TextMember(value, "name").value_or(""), TextMember(value, "plan").value_or("")});
  }
  return tenants;
}

}  // namespace tegodrop
