#include "daemon/share/claim_record.h"

#include <utility>

#include "daemon/base/json.h"
#include "daemon/base/safe_json.h"
#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr std::string_view kClaimSchema = "tegodrop-claim/1";
constexpr std::string_view kHostSchema = "tegodrop-host/1";

Unexpected Wrong(std::string what) { return Fail(ErrorKind::kCorrupt, std::move(what)); }

bool IsText(const JsonValue* value) { return value != nullptr && value->IsString(); }
std::string TextOf(const JsonValue& value) { return {value.GetString(), value.GetStringLength()}; }

Result<rapidjson::Document> Parse(std::string_view json, std::string_view schema) {
  auto document = ParseJson(json);
  if (!document) return Wrong("it is no JSON that can be read");
  const JsonValue* named = Member(*document, "schema");
  if (!IsText(named) || TextOf(*named) != schema) return Wrong("its schema is not " + std::string(schema));
  return document;
}

}  // namespace

ClaimRecord ClaimRecordOf(const Job& job, bool delivering) {
  ClaimRecord record;
  record.job = job.id;
  record.file_name = job.artifact.file_name;
  record.subfolder = job.artifact.subfolder;
  record.portal_url = job.target->portal_url;
  record.tenant = job.target->tenant;
  record.version = job.target->version;
  record.start_time = job.ticket.start_time;
  record.file_path = job.ticket.file_path;
  record.signing_key_id = job.ticket.signing_key_id;
  record.delivering = delivering;
  record.output_path = job.target->output_path;
  return record;
}

std::string WriteClaimRecord(const ClaimRecord& record) {
  Json json;
  json.Begin();
  json.Text("schema", kClaimSchema);
  json.Text("job", record.job);
  json.Text("file_name", record.file_name);
  json.Text("subfolder", record.subfolder);
  json.Text("portal_url", record.portal_url);
  json.Text("tenant", record.tenant);
  json.Text("version", record.version);
  json.Number("start_time", record.start_time);
  json.Text("file_path", record.file_path);
  json.Maybe("signing_key_id", record.signing_key_id);
  json.Flag("delivering", record.delivering);
  json.Text("output_path", record.output_path);
  json.End();
  return json.Finish();
}

Result<ClaimRecord> ReadClaimRecord(std::string_view json) {
  auto document = Parse(json, kClaimSchema);
  if (!document) return Fail(document.error());
  ClaimRecord record;
  const std::pair<const char*, std::string*> texts[] = {{"job", &record.job},
                                                        {"file_name", &record.file_name},
                                                        {"subfolder", &record.subfolder},
                                                        {"tenant", &record.tenant},
                                                        {"portal_url", &record.portal_url},
                                                        {"version", &record.version},
                                                        {"file_path", &record.file_path},
                                                        {"output_path", &record.output_path}};
  for (const auto& [key, text] : texts) {
    const JsonValue* value = Member(*document, key);
    if (!IsText(value)) return Wrong(std::string("it has no ") + key);
    *text = TextOf(*value);
  }
  const JsonValue* start_time = Member(*document, "start_time");
  if (start_time == nullptr || !start_time->IsInt64()) return Wrong("it has no start_time");
  record.start_time = start_time->GetInt64();
  if (const JsonValue* key = Member(*document, "signing_key_id")) {
    if (!key->IsString()) return Wrong("its signing_key_id is no text");
    record.signing_key_id = TextOf(*key);
  }
  const JsonValue* delivering = Member(*document, "delivering");
  if (delivering == nullptr || !delivering->IsBool()) return Wrong("it does not say whether it was delivered");
  record.delivering = delivering->GetBool();
  return record;
}

std::string TakenOverWords(const std::string& job) {
  return "another host on the share has taken over what was claimed as job " + job;
}

std::string WriteHostBeat(const HostBeat& beat) {
  Json json;
  json.Begin();
  json.Text("schema", kHostSchema);
  json.Text("host", beat.host);
  json.Number("beat", beat.beat);
  json.BeginList("jobs");
  for (const std::string& job : beat.jobs) json.Item(job);
  json.EndList();
  json.End();
  return json.Finish();
}

Result<HostBeat> ReadHostBeat(std::string id, std::string_view json) {
  auto document = Parse(json, kHostSchema);
  if (!document) return Fail(document.error());
  HostBeat beat;
  beat.id = std::move(id);
  const JsonValue* host = Member(*document, "host");
  const JsonValue* count = Member(*document, "beat");
  const JsonValue* jobs = Member(*document, "jobs");
  if (!IsText(host)) return Wrong("it names no host");
  if (count == nullptr || !count->IsInt64()) return Wrong("it has no beat");
  if (jobs == nullptr || !jobs->IsArray()) return Wrong("it has no jobs");
  beat.host = TextOf(*host);
  beat.beat = count->GetInt64();
  for (const JsonValue& job : jobs->GetArray()) {
    if (!job.IsString()) return Wrong("one of its jobs is no text");
    beat.jobs.push_back(TextOf(job));
  }
  return beat;
}

}  // namespace tegodrop
