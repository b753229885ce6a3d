#include "daemon/provenance/envelope.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "daemon/base/digest.h"
#include "daemon/base/json.h"
#include "daemon/base/safe_json.h"
#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr std::string_view kPayloadType = "application/vnd.in-toto+json";
constexpr std::size_t kMostSignatures = 100;

// What is signed: DSSE's pre-authentication encoding.
std::string Encoded(std::string_view type, std::string_view payload) {
  std::string text = "DSSEv1 " + std::to_string(type.size()) + " ";
  text += type;
  text += " " + std::to_string(payload.size()) + " ";
  text += payload;
  return text;
}

Unexpected NoEnvelope(const std::string& why) { return Fail(ErrorKind::kCorrupt, why); }

}  // namespace

Result<std::string> WriteEnvelope(std::string_view statement, const SigningKey& key) {
  const Result<std::string> signature = key.Sign(Encoded(kPayloadType, statement));
  if (!signature) return Fail(signature.error());
  Json json(0);
  json.Begin();
  json.Text("payloadType", kPayloadType);
  json.Text("payload", Base64(statement));
  json.BeginList("signatures");
  json.Begin();
  json.Text("keyid", key.id());
  json.Text("sig", Base64(*signature));
  json.End();
  json.EndList();
  json.End();
  return json.FinishLine();
}

Result<Envelope> ReadEnvelope(std::string_view line) {
  if (Trim(line).find('\n') != std::string_view::npos) return NoEnvelope("has more than one line");
  const auto parsed = ParseJson(Trim(line));
  if (!parsed) return NoEnvelope(parsed.error().message);
  const std::optional<std::string> payload = TextMember(*parsed, "payload");
  const JsonValue* signatures = Member(*parsed, "signatures");
  if (!payload || signatures == nullptr || !signatures->IsArray() || signatures->Size() > kMostSignatures) {
    return NoEnvelope("is no DSSE envelope");
  }
  Envelope envelope;
  envelope.payload_type = TextMember(*parsed, "payloadType").value_or("");
  if (envelope.payload_type != kPayloadType) return NoEnvelope("holds no in-toto statement");
  std::optional<std::string> bytes = FromBase64(*payload);
  if (!bytes) return NoEnvelope("has a payload that is no base64");
  envelope.payload = std::move(*bytes);
  for (const JsonValue& one : signatures->GetArray()) {
    std::optional<std::string> signature = FromBase64(TextMember(one, "sig").value_or(""));
    if (!signature) return NoEnvelope("has a signature that is no base64");
    envelope.signatures.push_back({TextMember(one, "keyid").value_or(""), std::move(*signature)});
  }
  return envelope;
}

bool IsSignedBy(const Envelope& envelope, const VerifyingKey& key) {
  const std::string message = Encoded(envelope.payload_type, envelope.payload);
  return std::any_of(envelope.signatures.begin(), envelope.signatures.end(),
                     [&](const Envelope::Signature& one) { return key.Verifies(message, one.bytes); });
}

}  // namespace tegodrop
