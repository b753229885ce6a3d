#include "daemon/delivery/download_checks.h"

#include <algorithm>
#include <string>

namespace tegodrop {
namespace {

// Protection adds code to an artifact and never multiplies it; the portal takes at most 2 GB.
constexpr std::uint64_t kLargestOutput = 4ULL << 30U;

}  // namespace

std::uint64_t LargestOutput(std::uint64_t source) {
  if (source == 0) return kLargestOutput;
  return std::min<std::uint64_t>(kLargestOutput, 8 * source + (64ULL << 20U));
}

std::vector<Check> OwnChecks(const Job& job, const StagedFacts& facts, std::optional<std::uint64_t> total) {
  std::vector<Check> checks;
  const std::string size = std::to_string(facts.size);
  if (!total) {
    checks.push_back({"length", "skipped", "the store named no length; " + size + " bytes came"});
  } else if (facts.size == *total) {
    checks.push_back({"length", "pass", size + " bytes, as the store named"});
  } else {
    checks.push_back({"length", "fail", size + " bytes came where the store named " + std::to_string(*total)});
  }
  if (job.artifact.sha256.empty()) {
    checks.push_back({"differs", "skipped", "the source artifact is not known here"});
  } else if (facts.sha256 == job.artifact.sha256) {
    checks.push_back({"differs", "fail", "the output is the source artifact, byte for byte"});
  } else {
    checks.push_back({"differs", "pass", "the output's bytes are not the source's"});
  }
  return checks;
}

void RequireSignature(const Job& job, std::vector<Check>& checks) {
  const bool said = job.build && job.build->signed_ == true;
  if (!said && !SignatureRequired(job)) return;
  for (Check& check : checks) {
    if (check.id != "signature" || check.result != "skipped") continue;
    check.result = "fail";
    check.detail = said ? "the portal says that it is signed, and it carries no signature"
                        : "a signature is required, and it carries none";
  }
}

}  // namespace tegodrop
