#include "daemon/cli/verify/trace.h"

#include <array>
#include <utility>

#include "daemon/base/safe_json.h"
#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr std::string_view kSchema = "tegodrop-trace/1";

Unexpected Wrong(std::string words) { return Fail(ErrorKind::kCorrupt, std::move(words)); }

std::string TextOf(const JsonValue& object, std::string_view key) { return TextMember(object, key).value_or(""); }

AppIdentity IdentityIn(const JsonValue& object) {
  return {TextOf(object, "package"), TextOf(object, "version_name"), TextOf(object, "version_code")};
}

Result<TracedFile> FileIn(const JsonValue& trace, const char* key) {
  const JsonValue* object = Member(trace, key);
  if (object == nullptr || !object->IsObject()) return Wrong(std::string("has no object '") + key + "'");
  TracedFile file{IntegerMember(*object, "size"), TextOf(*object, "sha256"), IdentityIn(*object)};
  if (!file.sha256.empty() && (file.sha256.size() != 64 || !IsHex(file.sha256))) {
    return Wrong(std::string("has a ") + key + ".sha256 that is none");
  }
  return file;
}

Status ReadCommit(const JsonValue& document, Trace& trace) {
  trace.commit_sha = TextOf(document, "commit_sha");
  const JsonValue* commit = Member(document, "commit");
  if (commit == nullptr) return {};
  trace.commit_origin = TextOf(*commit, "origin");
  trace.commit_conflict = BoolMember(*commit, "conflict").value_or(false);
  const JsonValue* list = Member(*commit, "candidates");
  if (list == nullptr || !list->IsArray()) return {};
  for (const JsonValue& one : list->GetArray()) trace.candidates.push_back({TextOf(one, "origin"), TextOf(one, "sha")});
  const bool first = trace.candidates.empty() ? trace.commit_sha.empty() : trace.commit_sha == trace.candidates[0].sha;
  if (!first) return Wrong("has a commit_sha that is not the first of its candidates");
  return {};
}

Status ReadOutput(const JsonValue& document, Trace& trace) {
  auto source = FileIn(document, "source");
  if (!source) return Fail(source.error());
  auto output = FileIn(document, "output");
  if (!output) return Fail(output.error());
  if (output->sha256.empty() || !output->size) return Wrong("does not say which bytes were delivered");
  trace.source = std::move(*source);
  trace.output = std::move(*output);
  const JsonValue* schemes = Member(*Member(document, "output"), "signature_schemes");
  if (schemes == nullptr) return {};
  if (!schemes->IsArray()) return Wrong("has output.signature_schemes that are no list");
  trace.signature_schemes.emplace();
  for (const JsonValue& one : schemes->GetArray()) {
    if (!one.IsString()) return Wrong("has output.signature_schemes that are no list of texts");
    trace.signature_schemes->emplace_back(one.GetString(), one.GetStringLength());
  }
  return {};
}

Status ReadValidation(const JsonValue& document, Trace& trace) {
  const JsonValue* validation = Member(document, "validation");
  const JsonValue* checks = validation == nullptr ? nullptr : Member(*validation, "checks");
  if (checks == nullptr || !checks->IsArray()) return Wrong("has no list 'validation.checks'");
  for (const JsonValue& one : checks->GetArray()) {
    trace.checks.push_back({TextOf(one, "id"), TextOf(one, "result"), TextOf(one, "detail")});
  }
  const std::string result = TextOf(*validation, "result");
  if (result != OverallResult(trace.checks)) return Wrong("has a validation.result that its checks do not give");
  if (result == "fail") return Wrong("is of an output that failed its validation");
  return {};
}

}  // namespace

Result<Trace> ReadTrace(std::string_view text) {
  const auto document = ParseJson(text);
  if (!document) return Wrong(document.error().message);
  if (!document->IsObject()) return Wrong("is no JSON object");
  const std::string schema = TextOf(*document, "schema");
  if (schema != kSchema) {
    return Wrong("has the schema '" + Printable(schema.substr(0, 60)) + "', and this tegodrop reads " +
                 std::string(kSchema));
  }
  if (document->HasMember("failure")) return Wrong("is the record of a failure, not of a delivery");
  Trace trace;
  const std::array<std::pair<const char*, std::string*>, 7> texts{{{"version", &trace.version},
                                                                   {"platform", &trace.platform},
                                                                   {"file_name", &trace.file_name},
                                                                   {"protected_output", &trace.protected_output},
                                                                   {"portal_url", &trace.portal_url},
                                                                   {"folder", &trace.folder},
                                                                   {"job", &trace.job}}};
  for (const auto& [key, field] : texts) *field = TextOf(*document, key);
  if (trace.protected_output.empty()) return Wrong("names no protected_output");
  const std::optional<std::int64_t> start_time = IntegerMember(*document, "start_time");
  if (!start_time) return Wrong("has no start_time");
  trace.start_time = *start_time;
  if (Status read = ReadCommit(*document, trace); !read) return Fail(read.error());
  if (Status read = ReadOutput(*document, trace); !read) return Fail(read.error());
  if (Status read = ReadValidation(*document, trace); !read) return Fail(read.error());
  if (const JsonValue* build = Member(*document, "build")) {
    trace.said_signed = BoolMember(*build, "signed").value_or(false);
  }
  if (const JsonValue* times = Member(*document, "times")) trace.delivered = TextOf(*times, "delivered");
  return trace;
}

}  // namespace tegodrop
