// The checks of a protected output; see archive.h.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/archive/archive.h"
#include "daemon/archive/contents.h"
#include "daemon/archive/directory.h"
#include "daemon/archive/end_record.h"
#include "daemon/archive/file_window.h"
#include "daemon/archive/kind_finder.h"
#include "daemon/archive/signer/mach_o_signature.h"
#include "daemon/archive/signing_block.h"
#include "daemon/archive/stored_entries.h"
#include "daemon/archive/zip_reader.h"

namespace tegodrop {
namespace {

// The checks of a protected output, filled in as far as the reading comes.
class ProtectedChecks {
 public:
  ProtectedChecks(PositionedRead read_at, std::uint64_t size, ArtifactKind kind, const BlockCrcs* crcs)
      : file_(std::move(read_at), size), kind_(kind), crcs_(crcs) {}

  Result<ProtectedFacts> Run() {
    if (std::optional<Error> disk = Look()) return Fail(*disk);
    facts_.checks = {structure_, entries_, entry_of_kind_, signing_block_, signature_, provisioning_};
    return std::move(facts_);
  }

 private:
  static void Note(Check& check, std::string_view result, std::string detail) {
    check.result = result;
    check.detail = std::move(detail);
  }
  // Puts a fault into the check that it belongs to; nullopt where it was the file's and not the disk's.
  std::optional<Error> Place(const Error& error) {
    if (error.kind == ErrorKind::kCorrupt) {
      Note(structure_, "fail", error.message);
      return std::nullopt;
    }
    if (error.kind != ErrorKind::kRejected) return error;
    Note(structure_, "pass", "the end record meets the central directory");
    Note(entries_, "fail", error.message);
    return std::nullopt;
  }

  std::optional<Error> Look() {
    const Result<EndRecord> end = FindEndRecord(file_);
    // Two end records: the structure itself is in doubt.
    if (!end && end.error().kind == ErrorKind::kRejected) {
      Note(structure_, "fail", end.error().message);
      return std::nullopt;
    }
    if (!end) return Place(end.error());
    KindFinder finder(kind_);
    const Result<Directory> directory = ReadDirectory(file_, *end, finder);
    if (!directory) return Place(directory.error());
    JudgeKind(finder);
    if (finder.has_signature()) facts_.signature_schemes = {kind_ == ArtifactKind::kIpa ? "code_signature" : "v1"};
    if (std::optional<Error> disk = JudgeSigningBlock(*directory)) return disk;
    JudgeSignature();
    JudgeProvisioning(finder.provisioning());
    const Result<std::unique_ptr<ZipReader>> zip = ZipReader::Open(file_, !directory->idle_sizes);
    if (!zip) return Place(zip.error());
    Note(structure_, "pass", "the end record meets the central directory");
    const Result<Contents> contents = ReadContents(**zip, kind_, finder);
    if (!contents) return contents.error();
    facts_.identity = contents->identity;
    facts_.manifest_fault = contents->fault;
    if (std::optional<Error> disk = FindJarSigners(**zip, finder)) return disk;
    return JudgeEntries(**zip, *directory, end->entries, contents->executable);
  }

  void JudgeKind(const KindFinder& finder) {
    const Status found = finder.Judge();
    if (found) {
      Note(entry_of_kind_, "pass", "the entry that makes it an artifact of its kind is there");
    } else {
      Note(entry_of_kind_, "fail", found.error().message);
    }
  }

  // The one pass over all that is inflated: it shows the executable's own signature too.
  std::optional<Error> JudgeEntries(ZipReader& zip, const Directory& directory, std::uint64_t count,
                                    const std::string& executable) {
    MachOSignature code;
    const bool signed_code = kind_ == ArtifactKind::kIpa && !facts_.signature_schemes.empty();
    const std::vector<bool> held = crcs_ != nullptr ? HeldByCrcs(file_, directory, *crcs_) : std::vector<bool>();
    const Status inflated =
        zip.InflateAll(held, signed_code ? executable : "", [&](std::string_view piece) { code.Feed(piece); });
    if (!inflated && inflated.error().kind == ErrorKind::kLocalDisk) return inflated.error();
    if (inflated) {
      Note(entries_, "pass", std::to_string(count) + " entries inflate with their CRC and size");
    } else {
      Note(entries_, "fail", inflated.error().message);
    }
    if (signed_code && inflated) TakeSigners(code.Finish());
    return std::nullopt;
  }

  // To those of the other schemes. Where those of one cannot be told, the whole cannot.
  void TakeSigners(const Result<std::vector<std::string>>& signers) {
    if (!signers && facts_.signers_fault.empty()) facts_.signers_fault = signers.error().message;
    if (!facts_.signers_fault.empty()) return facts_.signers.clear();
    for (const std::string& signer : *signers) {
      if (std::find(facts_.signers.begin(), facts_.signers.end(), signer) == facts_.signers.end()) {
        facts_.signers.push_back(signer);
      }
    }
  }

  // Of an APK and of an app bundle: what a device before Android 7 looks at.
  std::optional<Error> FindJarSigners(ZipReader& zip, const KindFinder& finder) {
    if (kind_ == ArtifactKind::kIpa || !finder.has_signature()) return std::nullopt;
    const Result<std::vector<std::string>> signers = ReadJarSigners(zip, finder);
    if (!signers && signers.error().kind == ErrorKind::kLocalDisk) return signers.error();
    TakeSigners(signers);
    return std::nullopt;
  }

  // Which signatures are there; whether one of them is valid is apksigner's to say.
  void JudgeSignature() {
    std::string all;
    for (const std::string& scheme : facts_.signature_schemes) all += (all.empty() ? "" : ", ") + scheme;
    Note(signature_, all.empty() ? "skipped" : "pass", all.empty() ? "there is none" : all);
  }

  void JudgeProvisioning(const std::string& profile) {
    if (kind_ != ArtifactKind::kIpa) {
      Note(provisioning_, "skipped", "only an IPA has a provisioning profile");
    } else if (profile.empty()) {
      Note(provisioning_, "skipped", "there is none");
    } else {
      Note(provisioning_, "pass", "there is " + Quoted(profile));
    }
  }

  std::optional<Error> JudgeSigningBlock(const Directory& directory) {
    if (kind_ != ArtifactKind::kApk) {
      Note(signing_block_, "skipped", "only an APK has a signing block");
      return std::nullopt;
    }
    const Result<SigningBlock> block = ReadSigningBlock(file_, directory.entries_end, directory.offset);
    if (!block && block.error().kind == ErrorKind::kLocalDisk) return block.error();
    if (!block) {
      Note(signing_block_, "fail", block.error().message);
    } else if (block->present) {
      std::string schemes;
      for (const std::string& scheme : block->schemes) {
        schemes += (schemes.empty() ? "" : ", ") + scheme;
        facts_.signature_schemes.push_back(scheme);
      }
      facts_.signers = block->signers;
      facts_.signers_fault = block->signers_fault;
      std::string told = "well formed, with " + (schemes.empty() ? "no signature scheme known here" : schemes);
      if (!block->signers_fault.empty()) told += "; by whom cannot be told: " + block->signers_fault;
      Note(signing_block_, "pass", std::move(told));
    } else if (block->unexplained > 0) {
      Note(signing_block_, "warn",
           std::to_string(block->unexplained) + " bytes before the central directory are no APK signing block");
    } else {
      Note(signing_block_, "skipped", "there is none");
    }
    return std::nullopt;
  }

  FileWindow file_;
  const ArtifactKind kind_;
  const BlockCrcs* const crcs_;
  ProtectedFacts facts_;
  Check structure_{"zip_structure", "skipped", "not looked at"};
  Check entries_{"zip_entries", "skipped", "not looked at, because an earlier check failed"};
  Check entry_of_kind_{"kind", "skipped", "not looked at, because an earlier check failed"};
  Check signing_block_{"signing_block", "skipped", "not looked at, because an earlier check failed"};
  Check signature_{"signature", "skipped", "not looked at, because an earlier check failed"};
  Check provisioning_{"provisioning", "skipped", "not looked at, because an earlier check failed"};
};

}  // namespace

Result<ProtectedFacts> CheckProtected(int fd, std::uint64_t size, ArtifactKind kind, const BlockCrcs* crcs) {
  return CheckProtected(ReadsFrom(fd), size, kind, crcs);
}

Result<ProtectedFacts> CheckProtected(PositionedRead read_at, std::uint64_t size, ArtifactKind kind,
                                      const BlockCrcs* crcs) {
  return ProtectedChecks(std::move(read_at), size, kind, crcs).Run();
}

}  // namespace tegodrop
