#include "daemon/delivery/attestor.h"

#include <cerrno>
#include <utility>

#include "daemon/disk/layout.h"
#include "daemon/provenance/envelope.h"
#include "daemon/provenance/statement.h"

namespace tegodrop {

Result<Attestation> Attestor::Attest(const Job& job, const std::string& trace) const {
  if (job.target->provenance == Provenance::kOff) return Attestation{};
  const std::string& output = job.output.protected_name;
  Result<std::string> statement = ProvenanceStatement(trace, TraceName(output));
  if (!statement) return Fail(ErrorKind::kBug, "no provenance can be made of it: " + statement.error().message);
  if (job.target->provenance == Provenance::kStatement)
    return Attestation{StatementName(output), std::move(*statement)};
  if (!key_) {
    Error error = MakeError(ErrorKind::kLocalDisk,
                            "there is none, and the delivery must be signed: name one in provenance_key_file and run "
                            "'tegodrop reload'");
    error.sys = ENOKEY;
    return Fail(std::move(error));
  }
  Result<std::string> envelope = WriteEnvelope(*statement, *key_);
  if (!envelope) return Fail(envelope.error());
  return Attestation{EnvelopeName(output), std::move(*envelope)};
}

}  // namespace tegodrop
