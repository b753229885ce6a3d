// What stands in an output folder, which anybody may have written: traces, statements, envelopes.
#include <string>

#include "daemon/cli/verify/trace.h"
#include "daemon/provenance/envelope.h"
#include "daemon/provenance/key.h"
#include "daemon/provenance/statement.h"
#include "tests/fuzz/fuzz.h"

namespace tegodrop::fuzzing {
namespace {

void TryTrace(std::string_view input) {
  const auto trace = ReadTrace(input);
  if (!trace) {
    MustBePrintable(trace.error().message);
    Must(!trace.error().message.empty() && trace.error().kind == ErrorKind::kCorrupt, "a refusal says why");
    return;
  }
  Must(!trace->protected_output.empty() && trace->output.sha256.size() == 64 && trace->output.size.has_value(),
       "what is read says which file it is about");
  Must(OverallResult(trace->checks) != "fail", "a delivery passed its checks");
  const auto statement = ProvenanceStatement(input, "x.trace.json");
  Must(statement.has_value(), "a trace gives its provenance", statement ? "" : statement.error().message);
  Must(*statement == *ProvenanceStatement(input, "x.trace.json"), "and the same each time");
}

void TryEnvelope(std::string_view input) {
  const auto envelope = ReadEnvelope(input);
  if (!envelope) {
    MustBePrintable(envelope.error().message);
    Must(!envelope.error().message.empty() && envelope.error().kind == ErrorKind::kCorrupt, "a refusal says why");
    return;
  }
  static const auto kKey = VerifyingKey::FromPem(
      "-----BEGIN PUBLIC KEY-----\n"
      "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
      "-----END PUBLIC KEY-----\n");
  Must(kKey.has_value(), "the key is one", kKey ? "" : kKey.error().message);
  Must(!IsSignedBy(*envelope, *kKey), "nobody has that key's other half");
}

}  // namespace

void Try(std::string_view input) {
  TryTrace(input);
  TryEnvelope(input);
  const auto key = VerifyingKey::FromPem(input);
  if (!key) MustBePrintable(key.error().message);
}

}  // namespace tegodrop::fuzzing
