#include "daemon/delivery/download_checks.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

// Protection adds code to an artifact and never multiplies it; the portal takes at most 2 GB.
constexpr std::uint64_t kLargestOutput = 4ULL << 30U;

bool AnyIs(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

std::string Shown(const std::string& text) { return "'" + Printable(text.substr(0, 200)) + "'"; }

std::string Joined(const std::vector<std::string>& list) {
  std::string all;
  for (const std::string& one : list) all += (all.empty() ? "" : ", ") + one;
  return all;
}

// What the output's manifest does not say although the source's does.
std::string Unsaid(const ProtectedFacts& facts) {
  return facts.manifest_fault.empty() ? "the output's manifest does not say it"
                                      : "the output's manifest cannot be read: " + facts.manifest_fault;
}

Check PackageCheck(const Job& job, const ProtectedFacts& facts) {
  const std::string& source = job.artifact.identity.package;
  const std::string& output = facts.identity.package;
  if (source.empty()) return {"package", "skipped", "the source's package is not known"};
  if (output.empty()) return {"package", "fail", "the source is " + Shown(source) + "; " + Unsaid(facts)};
  if (source != output) {
    return {"package", "fail", "it is " + Shown(output) + ", and the source is " + Shown(source)};
  }
  return {"package", "pass", Shown(output) + ", as the source"};
}

// What the source's manifest does not say may be anything.
Check VersionCheck(const Job& job, const ProtectedFacts& facts) {
  const AppIdentity& source = job.artifact.identity;
  const AppIdentity& output = facts.identity;
  const auto differs = [](const std::string& wanted, const std::string& found) {
    return !wanted.empty() && !found.empty() && wanted != found;
  };
  const auto unsaid = [](const std::string& wanted, const std::string& found) {
    return !wanted.empty() && found.empty();
  };
  const auto said = [](const AppIdentity& app) {
    return "version " + (app.version_name.empty() ? "(not said)" : Shown(app.version_name)) + ", code " +
           (app.version_code.empty() ? "(not said)" : Shown(app.version_code));
  };
  if (source.version_name.empty() && source.version_code.empty()) {
    return {"version", "skipped", "the source's version is not known"};
  }
  if (differs(source.version_name, output.version_name) || differs(source.version_code, output.version_code)) {
    return {"version", "fail", "it has " + said(output) + ", and the source has " + said(source)};
  }
  const bool name_unsaid = unsaid(source.version_name, output.version_name);
  if (unsaid(source.version_code, output.version_code) || (name_unsaid && source.version_code.empty())) {
    return {"version", "fail", "the source has " + said(source) + "; " + Unsaid(facts)};
  }
  // It may say its name by a reference where the source did not; the code tells versions apart.
  if (name_unsaid) return {"version", "warn", "it has " + said(output) + ", and the source has " + said(source)};
  return {"version", "pass", said(output) + ", as the source"};
}

Check SignerCheck(const Job& job, const ProtectedFacts& facts) {
  const std::vector<std::string>& expected = job.target->expected_signers;
  const std::vector<std::string>& signers = facts.signers;
  const std::string by = "it is signed by the certificate " + Joined(signers) + " (SHA-256)";
  if (expected.empty()) {
    return {"signer", "skipped",
            "the folder expects no particular certificate" + (signers.empty() ? std::string() : "; " + by)};
  }
  if (facts.signature_schemes.empty())
    return {"signer", "fail", "the folder expects a certificate, and it is not signed"};
  if (signers.empty()) {
    return {"signer", "fail",
            "which certificate signed it cannot be told: " +
                (facts.signers_fault.empty() ? "its signature names none" : facts.signers_fault)};
  }
  const bool all = std::all_of(signers.begin(), signers.end(), [&](const auto& one) { return AnyIs(expected, one); });
  if (!all) return {"signer", "fail", by + ", and the folder expects " + Joined(expected)};
  return {"signer", "pass", by + ", as the folder expects"};
}

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

std::vector<Check> IdentityChecks(const Job& job, const ProtectedFacts& facts, bool sound) {
  if (sound) return {PackageCheck(job, facts), VersionCheck(job, facts), SignerCheck(job, facts)};
  std::vector<Check> checks;
  for (const char* id : {"package", "version", "signer"}) {
    checks.push_back({id, "skipped", "not looked at, because an earlier check failed"});
  }
  return checks;
}

void SoftenChecks(const Job& job, std::vector<Check>& checks) {
  for (Check& check : checks) {
    if (check.result != "fail" || !AnyIs(job.target->warn_checks, check.id)) continue;
    check.result = "warn";
    check.detail += " (a warning, because warn_checks has " + check.id + ")";
  }
}

}  // namespace tegodrop
