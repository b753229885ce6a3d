#include "daemon/portal/administration_wire.h"

#include <optional>
#include <utility>

#include "daemon/base/safe_json.h"
#include "daemon/portal/answer_json.h"
#include "daemon/portal/history_row.h"
#include "daemon/portal/json_body.h"
#include "daemon/portal/signed_url.h"
#include "daemon/portal/words.h"

namespace tegodrop {
namespace {

Unexpected NoId(const char* what, const char* id) {
  return Fail(ErrorKind::kRetry, std::string("a row of the ") + what + " has no " + id);
}

Result<ApplicationRecord> ReadApplication(const JsonValue& value) {
  const std::optional<std::string> id = NonEmpty(TextMember(value, "application_id"));
  if (!id) return NoId("applications", "application_id");
  ApplicationRecord row;
  row.application_id = *id;
  row.platform = TextMember(value, "platform");
  row.build_version = TextMember(value, "build_version");
  row.build_id = TextMember(value, "build_id");
  row.build_name = TextMember(value, "build_name");
  if (auto image = TextMember(value, "build_image")) row.build_image = Secret(std::move(*image));
  row.creation_time = IntegerMember(value, "creation_time");
  row.json = ShownJson(value);
  return row;
}

Result<SigningKeyRecord> ReadSigningKey(const JsonValue& value) {
  const std::optional<std::string> id = NonEmpty(TextMember(value, "key_id"));
  if (!id) return NoId("signing keys", "key_id");
  SigningKeyRecord row;
  row.key_id = *id;
  row.key_name = TextMember(value, "key_name");
  row.platform = TextMember(value, "platform");
  row.file_name = TextMember(value, "file_name");
  row.is_default = BoolMember(value, "is_default");
  row.uploaded_by = TextMember(value, "uploaded_by");
  row.creation_time = IntegerMember(value, "creation_time");
  row.json = ShownJson(value);
  return row;
}

template <typename Row>
Result<Rows<Row>> ReadRows(std::string_view body, std::string_view key, Result<Row> (*read)(const JsonValue&)) {
  const Result<rapidjson::Document> answer = ParseJson(body);
  if (!answer) return Fail(ReadObject(body).error());
  const JsonValue* list = ListIn(*answer, {key, "results", "data"});
  if (list == nullptr) return Lacks("list of " + std::string(key), body);
  Rows<Row> out;
  for (const JsonValue& value : list->GetArray()) {
    Result<Row> row = read(value);
    if (row) {
      out.rows.push_back(std::move(*row));
    } else {
      out.skipped.push_back(row.error().message);
    }
  }
  return out;
}

// An object that does not say that it failed.
Result<rapidjson::Document> ReadSuccess(std::string_view body) {
  Result<rapidjson::Document> answer = ReadObject(body);
  if (answer && SaysItFailed(body)) {
    return Fail(ErrorKind::kRetry, "the portal says that it failed: " + PortalWords(body));
  }
  return answer;
}

Result<Secret> UrlIn(const JsonValue& answer, std::string_view body) {
  const std::optional<std::string> url = NonEmpty(TextMember(answer, "url"));
  if (!url) return Lacks("url", body);
  return TakeSignedUrl(*url);
}

}  // namespace

std::string DeleteApplicationBody(const std::string& application_id) {
  return JsonBody().Text("application_id", application_id).Take();
}

// The same four fields name it.
std::string DeleteBuildBody(const BuildIdentity& build) { return DownloadBody(build); }

std::string SignBody(const SignRequest& build) {
  return JsonBody()
      .Text("platform", build.platform)
      .Text("name", build.name)
      .Number("start_time", build.start_time)
      .Take();
}

std::string SigningKeyBody(const SigningKeyUpload& key) {
  return JsonBody()
      .Text("key_name", key.key_name)
      .Text("platform", key.platform)
      .Text("file_name", key.file_name)
      .Text("password", key.password.Reveal())
      .TextIfAny("alias", key.alias)
      .Number("file_size", static_cast<std::int64_t>(key.file_size))
      .Bool("is_default", key.is_default)
      .Take();
}

std::string DefaultKeyBody(const std::string& platform, const std::string& key_id) {
  return JsonBody().Text("platform", platform).Text("key_id", key_id).Take();
}

// The page takes null too; what is left out can be misread by nobody.
std::string NoDefaultKeyBody(const std::string& platform) { return JsonBody().Text("platform", platform).Take(); }

std::string DeleteKeyBody(const std::string& key_id) { return JsonBody().Text("key_id", key_id).Take(); }

std::string SigningFileBody(const SigningFileUpload& file) {
  return JsonBody()
      .Text("file", file.file)
      .Text("password", file.password.Reveal())
      .Text("application_id", file.application_id)
      .Text("platform", file.platform)
      .TextIfAny("alias", file.alias)
      .Take();
}

Result<Rows<ApplicationRecord>> ReadApplications(std::string_view body) {
  return ReadRows<ApplicationRecord>(body, "applications", ReadApplication);
}

Result<Rows<SigningKeyRecord>> ReadSigningKeys(std::string_view body) {
  return ReadRows<SigningKeyRecord>(body, "signing_keys", ReadSigningKey);
}

Result<BuildListingReading> ReadBuildListing(std::string_view body, const HistoryQuestion& question) {
  const Result<rapidjson::Document> answer = ReadObject(body);
  if (!answer) return Fail(answer.error());
  const JsonValue* results = Member(*answer, "results");
  if (results == nullptr || !results->IsArray()) return Lacks("list of results", body);
  BuildListingReading reading;
  for (const JsonValue& value : results->GetArray()) {
    Result<BuildRow> row = ReadBuildRow(value, question.version);
    if (row) {
      reading.listing.builds.push_back({std::move(*row), ShownJson(value)});
    } else {
      reading.skipped.push_back(row.error().message);
    }
  }
  reading.listing.total_count = IntegerMember(*answer, "total_count").value_or(0);
  reading.listing.page = IntegerMember(*answer, "page").value_or(question.page);
  reading.listing.total_pages = TotalPages(*answer, results->Size(), question);
  reading.listing.json = ShownJson(*answer, "results");
  return reading;
}

Result<SigningKeyGrant> ReadSigningKeyGrant(std::string_view body) {
  const Result<rapidjson::Document> answer = ReadSuccess(body);
  if (!answer) return Fail(answer.error());
  const std::optional<std::string> id = NonEmpty(TextMember(*answer, "key_id"));
  if (!id) return Lacks("key_id", body);
  Result<Secret> url = UrlIn(*answer, body);
  if (!url) return Fail(url.error());
  return SigningKeyGrant{*id, std::move(*url)};
}

Result<Secret> ReadUrl(std::string_view body) {
  const Result<rapidjson::Document> answer = ReadSuccess(body);
  if (!answer) return Fail(answer.error());
  return UrlIn(*answer, body);
}

Result<Subscription> ReadSubscription(std::string_view body) {
  const Result<rapidjson::Document> answer = ReadSuccess(body);
  if (!answer) return Fail(answer.error());
  Subscription subscription;
  subscription.plan = NonEmpty(TextMember(*answer, "plan"));
  if (const JsonValue* limits = Member(*answer, "custom_limits")) {
    subscription.concurrent_builds = IntegerMember(*limits, "concurrent_builds");
  }
  return subscription;
}

}  // namespace tegodrop
