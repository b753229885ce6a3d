#include "daemon/cli/verify/delivery.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "daemon/archive/archive.h"
#include "daemon/base/text.h"
#include "daemon/cli/verify/apksigner.h"
#include "daemon/cli/verify/provenance_checks.h"
#include "daemon/delivery/download_checks.h"
#include "daemon/disk/layout.h"
#include "daemon/disk/whole_file.h"

namespace tegodrop {
namespace {

constexpr std::size_t kLargestRecord = 4 << 20;

std::string Words(const Error& error) { return error.sys == ENOENT ? "it is not there" : error.message; }

std::string Joined(const std::vector<std::string>& list) {
  std::string all;
  for (const std::string& one : list) all += (all.empty() ? "" : ", ") + one;
  return all.empty() ? "none" : all;
}

// The steps; each answers whether the next has anything to stand on.
class Verification {
 public:
  Verification(const VerifyWorld& world, const Place& place) : world_(world), fs_(world.fs) { verdict_.place = place; }

  Verdict Run() {
    if (ReadRecords() && OpenOutput() && CompareBytes()) {
      CompareChecksumFile();
      if (LookInside()) {
        AskForSignature();
        for (Check& check : CheckProvenance(fs_, folder_.get(), output(), text_, world_.keys)) {
          verdict_.checks.push_back(std::move(check));
        }
      }
    }
    return std::move(verdict_);
  }

 private:
  const std::string& output() const { return verdict_.place.output; }
  const Trace& trace() const { return *verdict_.trace; }

  bool Note(const char* id, bool good, std::string detail) {
    verdict_.checks.push_back({id, good ? "pass" : "fail", std::move(detail)});
    return good;
  }

  bool ReadRecords() {
    const Place& place = verdict_.place;
    if (place.trace.empty()) return Note("trace", false, "no trace says where it comes from");
    auto folder = fs_.OpenFolder(place.folder);
    if (!folder) return Note("trace", false, "its folder: " + Words(folder.error()));
    folder_ = std::move(*folder);
    auto text = ReadWhole(fs_, folder_.get(), place.trace, kLargestRecord);
    if (!text) return Note("trace", false, "the trace: " + Words(text.error()));
    text_ = std::move(*text);
    auto trace = ReadTrace(text_);
    if (!trace) return Note("trace", false, "the trace " + trace.error().message);
    verdict_.trace = std::move(*trace);
    if (this->trace().protected_output != output()) {
      return Note("trace", false,
                  "the trace is of " + Printable(this->trace().protected_output) + ", and stands beside another name");
    }
    return Note("trace", true, "it is a trace of this file");
  }

  bool OpenOutput() {
    auto file = fs_.OpenFileAt(folder_.get(), output());
    if (!file) return Note("file", false, "the protected file: " + Words(file.error()));
    file_ = std::move(*file);
    const auto stat = fs_.Stat(file_.get());
    if (!stat) return Note("file", false, stat.error().message);
    size_ = stat->size;
    return Note("file", stat->IsRegular(), stat->IsRegular() ? "the protected file is there" : "it is no regular file");
  }

  bool CompareBytes() {
    const std::string size = std::to_string(size_) + " bytes";
    if (static_cast<std::int64_t>(size_) != *trace().output.size) {
      return Note("size", false, "it has " + size + ", and the trace says " + std::to_string(*trace().output.size));
    }
    Note("size", true, size);
    const auto digest = HashFile(fs_, file_.get(), size_);
    if (!digest) return Note("sha256", false, digest.error().message);
    const bool same = *digest == trace().output.sha256;
    return Note("sha256", same, same ? *digest : "it has " + *digest + ", and the trace says " + trace().output.sha256);
  }

  void CompareChecksumFile() {
    const std::string name = ChecksumName(output());
    const auto line = ReadWhole(fs_, folder_.get(), name, kLargestRecord);
    if (!line) {
      Note("checksum_file", false, name + ": " + Words(line.error()));
    } else if (*line != trace().output.sha256 + "  " + output() + "\n") {
      Note("checksum_file", false, name + " does not name this file with this SHA-256");
    } else {
      Note("checksum_file", true, name + " agrees");
    }
  }

  bool LookInside() {
    const ArtifactKind kind = KindOfName(output()).value_or(ArtifactKind::kApk);
    const PositionedRead read = [this](void* to, std::size_t size, std::uint64_t offset) {
      return fs_.ReadAt(file_.get(), to, size, offset);
    };
    auto facts = CheckProtected(read, size_, kind);
    if (!facts) return Note("zip_entries", false, facts.error().message);
    // What the trace has as a warning stays one; a file of another ending is looked into as an APK and fails there.
    Job job;
    job.artifact.identity = trace().source.identity;
    job.build.emplace().signed_ = trace().said_signed;
    for (const Check& check : trace().checks) {
      if (check.result == "warn") job.target.Edit().warn_checks.push_back(check.id);
    }
    SoftenChecks(job, facts->checks);
    const bool sound = OverallResult(facts->checks) != "fail";
    if (sound) RequireSignature(job, facts->checks);
    for (const Check& check : facts->checks) verdict_.checks.push_back(check);
    CompareIdentity(*facts);
    for (Check& check : IdentityChecks(job, *facts, sound)) {
      if (check.id != "signer") verdict_.checks.push_back(std::move(check));
    }
    SoftenChecks(job, verdict_.checks);
    schemes_ = std::move(facts->signature_schemes);
    return true;
  }

  void CompareIdentity(const ProtectedFacts& facts) {
    const AppIdentity& said = trace().output.identity;
    const AppIdentity& found = facts.identity;
    if (said == AppIdentity()) {
      verdict_.checks.push_back({"identity", "skipped", "the trace does not say which app it is"});
    } else {
      const auto words = [](const AppIdentity& app) {
        return "'" + Printable(app.package) + "' " + Printable(app.version_name) + " (" + Printable(app.version_code) +
               ")";
      };
      Note("identity", said == found,
           said == found ? words(found) : "it is " + words(found) + ", and the trace says " + words(said));
    }
    if (!trace().signature_schemes) {
      verdict_.checks.push_back({"signature_schemes", "skipped", "the trace does not say how it is signed"});
      return;
    }
    const bool same = *trace().signature_schemes == facts.signature_schemes;
    const std::string now = Joined(facts.signature_schemes);
    Note("signature_schemes", same,
         same ? now : "it carries " + now + ", and the trace says " + Joined(*trace().signature_schemes));
  }

  void AskForSignature() {
    const auto skip = [this](std::string why) { verdict_.checks.push_back({"apksigner", "skipped", std::move(why)}); };
    if (KindOfName(output()) != ArtifactKind::kApk) return skip("apksigner verifies APKs alone");
    if (schemes_.empty()) return skip("it is not signed");
    if (world_.apksigner.empty()) return skip(world_.no_apksigner);
    verdict_.checks.push_back(AskApksigner(world_.apksigner, verdict_.place.folder + "/" + output()));
  }

  const VerifyWorld& world_;
  FileSystem& fs_;
  Verdict verdict_;
  Fd folder_;
  Fd file_;
  std::uint64_t size_ = 0;
  std::string text_;
  std::vector<std::string> schemes_;
};

}  // namespace

const Check* Verdict::difference() const {
  const auto failed = std::find_if(checks.begin(), checks.end(), [](const Check& one) { return one.result == "fail"; });
  return failed == checks.end() ? nullptr : &*failed;
}

Verdict VerifyDelivery(const VerifyWorld& world, const Place& place) { return Verification(world, place).Run(); }

}  // namespace tegodrop
