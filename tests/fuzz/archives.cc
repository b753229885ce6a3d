// ZIPs and APK signing blocks: a verdict for any bytes, and what is whole as a source passes the checks of a result.
#include <set>
#include <string>

#include "daemon/archive/archive.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/archive/check_lines.h"
#include "tests/unit/archive/memory_file.h"

namespace tegodrop::fuzzing {
namespace {

void TryKind(const testing::MemoryFile& file, std::uint64_t size, ArtifactKind kind, const BlockCrcs& crcs) {
  const auto quick = CheckSource(file.fd(), size, kind, false);
  const auto full = CheckSource(file.fd(), size, kind, true);
  Must(quick && full, "bytes are no trouble of the disk", quick ? "" : quick.error().message);
  for (const auto& verdict : {*quick, *full}) {
    MustBePrintable(verdict.reason);
    Must((verdict.verdict == ArchiveVerdict::kWhole) == verdict.reason.empty(), "a refusal says why", verdict.reason);
  }
  const bool whole = full->verdict == ArchiveVerdict::kWhole;
  Must(!whole || quick->verdict == ArchiveVerdict::kWhole, "who looks longer finds no less");

  const auto facts = CheckProtected(file.fd(), size, kind);
  Must(facts.has_value(), "bytes are no trouble of the disk", facts ? "" : facts.error().message);
  const auto held = CheckProtected(file.fd(), size, kind, &crcs);
  Must(held && testing::Lines(held->checks) == testing::Lines(facts->checks) && held->signers == facts->signers,
       "who saw the bytes pass finds the same");
  Must(!whole || facts->identity == full->identity, "source and output are read alike");
  Must(facts->manifest_fault.empty() || facts->identity == AppIdentity(), "what could not be read says nothing");
  const std::vector<Check>& checks = facts->checks;
  std::set<std::string> ids;
  for (const Check& check : checks) {
    ids.insert(check.id);
    MustBePrintable(check.detail);
    Must(check.result == "pass" || check.result == "warn" || check.result == "fail" || check.result == "skipped",
         "a check has one of four results", check.result);
    const bool of_the_zip = check.id == "zip_structure" || check.id == "zip_entries" || check.id == "kind";
    Must(!whole || !of_the_zip || check.result != "fail", "a whole source is a whole ZIP",
         check.id + ": " + check.detail);
    Must(whole || check.id != "kind" || check.result != "pass" || OverallResult(checks) != "pass",
         "what passes every check would be taken as a source", full->reason);
  }
  Must(ids ==
           std::set<std::string>{"zip_structure", "zip_entries", "kind", "signing_block", "signature", "provisioning"},
       "every check is in every answer");
}

}  // namespace

void Try(std::string_view input) {
  const testing::MemoryFile file(input);
  BlockCrcs crcs;
  crcs.Update(input.data(), input.size());
  for (const ArtifactKind kind : {ArtifactKind::kApk, ArtifactKind::kAab, ArtifactKind::kIpa}) {
    TryKind(file, input.size(), kind, crcs);
  }
}

}  // namespace tegodrop::fuzzing
