#include "daemon/intake/target.h"

namespace tegodrop {
namespace {

SourceAfter AfterOf(After after) {
  switch (after) {
    case After::kArchive:
      return SourceAfter::kArchive;
    case After::kDelete:
      return SourceAfter::kDelete;
    case After::kKeep:
      return SourceAfter::kKeep;
  }
  return SourceAfter::kKeep;
}

SignatureNeed NeedOf(RequireSigned required) {
  switch (required) {
    case RequireSigned::kAuto:
      return SignatureNeed::kAuto;
    case RequireSigned::kYes:
      return SignatureNeed::kRequired;
    case RequireSigned::kNo:
      return SignatureNeed::kNotRequired;
  }
  return SignatureNeed::kAuto;
}

Provenance FormOf(ProvenanceForm form) {
  switch (form) {
    case ProvenanceForm::kStatement:
      return Provenance::kStatement;
    case ProvenanceForm::kSigned:
      return Provenance::kSigned;
    case ProvenanceForm::kOff:
      return Provenance::kOff;
  }
  return Provenance::kOff;
}

}  // namespace

std::string SigningKeyAsSent(const std::string& key) { return key == "default" ? std::string() : key; }

Target TargetOf(const FolderSettings& folder, const std::string& portal_url, const std::string& tenant) {
  Target target;
  target.folder = folder.name;
  target.drop_path = folder.path;
  target.rooms = folder.rooms;
  target.output_path = folder.output;
  target.output_name = folder.output_name;
  target.output_mode = folder.output_mode;
  target.after = AfterOf(folder.after);
  target.signature = NeedOf(folder.require_signed);
  target.portal_url = portal_url;
  target.tenant = tenant;
  target.version = folder.version;
  target.signing_key = SigningKeyAsSent(folder.signing_key);
  target.priority = folder.priority;
  target.skip_same_bytes = folder.same_bytes == SameBytes::kSkip;
  target.expected_signers = folder.expect_signer_sha256;
  target.warn_checks = folder.warn_checks;
  target.provenance = FormOf(folder.provenance.value_or(ProvenanceForm::kStatement));
  return target;
}

}  // namespace tegodrop
