#include "daemon/provenance/statement.h"

#include <cstdint>
#include <optional>

#include "daemon/base/clock.h"
#include "daemon/base/digest.h"
#include "daemon/base/json.h"
#include "daemon/base/safe_json.h"

namespace tegodrop {
namespace {

// What stands under a member of the trace's objects; empty for what is null or not there.
std::string TextIn(const JsonValue& trace, const char* object, const char* key) {
  const JsonValue* found = Member(trace, object);
  return found == nullptr ? std::string() : TextMember(*found, key).value_or("");
}

void WriteDigest(Json& json, const char* algorithm, const std::string& digest) {
  json.Begin("digest");
  json.Text(algorithm, digest);
  json.End();
}

void WriteParameters(Json& json, const JsonValue& trace) {
  json.Begin("externalParameters");
  for (const char* key : {"version", "platform", "file_name"}) json.Maybe(key, TextMember(trace, key));
  json.Known("signing_key_id", TextIn(trace, "build", "signing_key_id"));
  json.End();
  json.Begin("internalParameters");
  for (const char* key : {"tenant", "folder", "file_path"}) json.Maybe(key, TextMember(trace, key));
  json.Number("start_time", IntegerMember(trace, "start_time"));
  json.End();
}

// As RFC 3986 wants it: what may not stand in a URI becomes %XX.
std::string Encoded(std::string_view text) {
  constexpr std::string_view kAllowed = "-._~:/[]!$&'()*+,;=@%";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (plain || kAllowed.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    }
  }
  return out;
}

// git+<repository>@<ref>; empty where the repository is no address. Git's own short form, USER@HOST:PATH, is one by
// ssh.
std::string GitUri(std::string repository, const std::string& ref) {
  if (repository.starts_with("git+")) repository.erase(0, 4);
  if (repository.find("://") == std::string::npos) {
    const std::size_t at = repository.find('@');
    const std::size_t colon = repository.find(':', at == std::string::npos ? 0 : at);
    if (at == std::string::npos || colon == std::string::npos || repository.find_first_of("/\\ ") < colon) return "";
    repository = "ssh://" + repository.substr(0, colon) + "/" + repository.substr(colon + 1);
  }
  return "git+" + Encoded(repository) + (ref.empty() ? "" : "@" + Encoded(ref));
}

void WriteDependencies(Json& json, const JsonValue& trace) {
  json.BeginList("resolvedDependencies");
  const std::string source = TextIn(trace, "source", "sha256");
  if (!source.empty()) {
    json.Begin();
    json.Maybe("name", TextMember(trace, "file_name"));
    WriteDigest(json, "sha256", source);
    json.End();
  }
  const std::string commit = TextMember(trace, "commit_sha").value_or("");
  if (!commit.empty()) {
    const std::string repository = TextIn(trace, "sidecar", "repository");
    const std::string ref = TextIn(trace, "sidecar", "ref");
    const std::string uri = GitUri(repository, ref);
    json.Begin();
    json.Text("name", repository.empty() ? "commit" : repository);
    if (!uri.empty()) json.Text("uri", uri);
    WriteDigest(json, "gitCommit", commit);
    json.End();
  }
  json.EndList();
}

// RFC 3339 of Unix seconds, up to the year 9999; nothing for what is no time that anybody means.
void WriteTime(Json& json, const char* key, std::optional<std::int64_t> seconds) {
  constexpr std::int64_t kLast = 253'402'300'799;
  if (seconds && *seconds > 0 && *seconds <= kLast) json.Time(key, *seconds * 1000);
}

void WriteRun(Json& json, const JsonValue& trace, std::int64_t start_time, std::string_view text,
              std::string_view trace_name) {
  json.Begin("runDetails");
  json.Begin("builder");
  json.Maybe("id", TextMember(trace, "portal_url"));
  json.Begin("version");
  json.Text(TextIn(trace, "tool", "name"), TextIn(trace, "tool", "version"));
  json.End();
  json.End();
  json.Begin("metadata");
  std::string invocation;
  for (const char* key : {"tenant", "version", "platform", "start_time", "file_name"}) {
    invocation += (invocation.empty() ? "" : "/") + TextMember(trace, key).value_or("");
  }
  json.Text("invocationId", invocation);
  WriteTime(json, "startedOn", start_time);
  const JsonValue* build = Member(trace, "build");
  WriteTime(json, "finishedOn", build == nullptr ? std::nullopt : IntegerMember(*build, "end_time"));
  json.End();
  json.BeginList("byproducts");
  json.Begin();
  json.Text("name", trace_name);
  WriteDigest(json, "sha256", Sha256Hex(text));
  json.Text("mediaType", "application/json");
  json.End();
  json.EndList();
  json.End();
}

}  // namespace

Result<std::string> ProvenanceStatement(std::string_view trace, std::string_view trace_name) {
  const auto parsed = ParseJson(trace);
  if (!parsed) return Fail(parsed.error().kind, "the trace " + parsed.error().message);
  const std::string name = TextMember(*parsed, "protected_output").value_or("");
  const std::string digest = TextIn(*parsed, "output", "sha256");
  const std::optional<std::int64_t> start_time = IntegerMember(*parsed, "start_time");
  if (TextMember(*parsed, "schema") != "tegodrop-trace/1" || name.empty() || digest.empty() || !start_time) {
    return Fail(ErrorKind::kCorrupt, "it is no trace of a delivery");
  }
  Json json(2);
  json.Begin();
  json.Text("_type", "https://in-toto.io/Statement/v1");
  json.BeginList("subject");
  json.Begin();
  json.Text("name", name);
  WriteDigest(json, "sha256", digest);
  json.End();
  json.EndList();
  json.Text("predicateType", "https://slsa.dev/provenance/v1");
  json.Begin("predicate");
  json.Begin("buildDefinition");
  json.Text("buildType", kBuildType);
  WriteParameters(json, *parsed);
  WriteDependencies(json, *parsed);
  json.End();
  WriteRun(json, *parsed, *start_time, trace, trace_name);
  json.End();
  json.End();
  return json.Finish();
}

}  // namespace tegodrop
