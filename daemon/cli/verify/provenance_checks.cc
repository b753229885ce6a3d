#include "daemon/cli/verify/provenance_checks.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "daemon/base/safe_json.h"
#include "daemon/disk/layout.h"
#include "daemon/disk/whole_file.h"
#include "daemon/provenance/envelope.h"
#include "daemon/provenance/statement.h"

namespace tegodrop {
namespace {

constexpr std::size_t kLargest = 4 << 20;
constexpr char kNone[] = "no provenance stands beside the trace";

Check Provenance(std::string_view result, std::string detail) {
  return {"provenance", std::string(result), std::move(detail)};
}
Check Signature(std::string_view result, std::string detail) {
  return {"provenance_signature", std::string(result), std::move(detail)};
}

// Nullopt: there is no such file.
Result<std::optional<std::string>> ReadIfThere(FileSystem& fs, int dir, const std::string& name) {
  Result<std::string> text = ReadWhole(fs, dir, name, kLargest);
  if (text) return std::optional<std::string>(std::move(*text));
  if (text.error().sys == ENOENT) return std::nullopt;
  return Fail(text.error());
}

Check Compare(std::string_view found, const std::string& name, const std::string& output, const std::string& trace) {
  const Result<std::string> expected = ProvenanceStatement(trace, TraceName(output));
  if (!expected) return Provenance("fail", "the trace gives no provenance: " + expected.error().message);
  const auto ours = ParseJson(*expected);
  const auto theirs = ParseJson(found);
  if (!theirs) return Provenance("fail", name + " " + theirs.error().message);
  if (!ours || *ours != *theirs) return Provenance("fail", "what " + name + " states is not what the trace says");
  return Provenance("pass", name + " states what the trace says, and names it by its digest");
}

std::string IdsOf(const std::vector<VerifyingKey>& keys) {
  std::string all;
  for (const VerifyingKey& key : keys) all += (all.empty() ? "" : " nor ") + key.id();
  return all;
}

// Whether it carries signatures of a length that ours have; whose they are only a key tells.
bool IsSealed(const Envelope& envelope) {
  constexpr std::size_t kShortest = 60;  // Ed25519 has 64 bytes, ECDSA on P-256 some 70
  return !envelope.signatures.empty() &&
         std::all_of(envelope.signatures.begin(), envelope.signatures.end(),
                     [](const Envelope::Signature& one) { return one.bytes.size() >= kShortest; });
}

std::vector<Check> CheckEnvelope(std::string_view line, const std::string& output, const std::string& trace,
                                 const std::vector<VerifyingKey>& keys) {
  const std::string name = EnvelopeName(output);
  const Result<Envelope> envelope = ReadEnvelope(line);
  if (!envelope) {
    const std::string why = name + " " + envelope.error().message;
    return {Provenance("fail", why), Signature(keys.empty() ? "skipped" : "fail", why)};
  }
  Check statement = Compare(envelope->payload, name, output, trace);
  if (!IsSealed(*envelope)) return {std::move(statement), Signature("fail", name + " carries no signature")};
  if (keys.empty()) return {std::move(statement), Signature("skipped", "no public key was given with --key")};
  for (const VerifyingKey& key : keys) {
    if (IsSignedBy(*envelope, key)) {
      return {std::move(statement), Signature("pass", name + " is signed with the key " + key.id())};
    }
  }
  return {std::move(statement), Signature("fail", name + " is not signed with the key " + IdsOf(keys))};
}

}  // namespace

std::vector<Check> CheckProvenance(FileSystem& fs, int dir, const std::string& output, const std::string& trace,
                                   const std::vector<VerifyingKey>& keys) {
  const auto envelope = ReadIfThere(fs, dir, EnvelopeName(output));
  if (!envelope) return {Provenance("fail", EnvelopeName(output) + " cannot be read: " + envelope.error().message)};
  const auto statement = ReadIfThere(fs, dir, StatementName(output));
  if (!statement) return {Provenance("fail", StatementName(output) + " cannot be read: " + statement.error().message)};
  std::vector<Check> checks;
  if (*envelope) checks = CheckEnvelope(**envelope, output, trace, keys);
  // Beside an envelope too: whoever reads it must not be told anything else.
  if (*statement) {
    Check stated = Compare(**statement, StatementName(output), output, trace);
    if (!*envelope || stated.result == "fail") checks.insert(checks.begin(), std::move(stated));
  }
  if (!*statement && !*envelope) checks.push_back(Provenance("skipped", kNone));
  if (!*envelope) {
    checks.push_back(Signature(keys.empty() ? "skipped" : "fail", "there is no signed provenance"));
  }
  return checks;
}

}  // namespace tegodrop
