#include "daemon/archive/archive.h"

#include <memory>
#include <optional>
#include <utility>

#include "daemon/archive/directory.h"
#include "daemon/archive/end_record.h"
#include "daemon/archive/file_window.h"
#include "daemon/archive/kind_finder.h"
#include "daemon/archive/signing_block.h"
#include "daemon/archive/zip_reader.h"

namespace tegodrop {
namespace {

// An error of reading as a verdict; what the disk said stays an error.
Result<SourceVerdict> AsVerdict(Error error) {
  switch (error.kind) {
    case ErrorKind::kCorrupt:
      return SourceVerdict{ArchiveVerdict::kIncomplete, std::move(error.message)};
    case ErrorKind::kRejected:
      return SourceVerdict{ArchiveVerdict::kNotAnArtifact, std::move(error.message)};
    default:
      return Fail(std::move(error));
  }
}

// The checks of a protected output, filled in as far as the reading comes.
class ProtectedChecks {
 public:
  ProtectedChecks(PositionedRead read_at, std::uint64_t size, ArtifactKind kind)
      : file_(std::move(read_at), size), kind_(kind) {}

  Result<std::vector<Check>> Run() {
    if (std::optional<Error> disk = Look()) return Fail(*disk);
    return std::vector<Check>{structure_, entries_, entry_of_kind_, signing_block_, signature_};
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
    if (std::optional<Error> disk = JudgeSigningBlock(*directory, finder.has_signature())) return disk;
    const Result<std::unique_ptr<ZipReader>> zip = ZipReader::Open(file_, !directory->idle_sizes);
    if (!zip) return Place(zip.error());
    Note(structure_, "pass", "the end record meets the central directory");
    return JudgeEntries(**zip, end->entries);
  }

  void JudgeKind(const KindFinder& finder) {
    const Status found = finder.Judge();
    if (found) {
      Note(entry_of_kind_, "pass", "the entry that makes it an artifact of its kind is there");
    } else {
      Note(entry_of_kind_, "fail", found.error().message);
    }
  }

  std::optional<Error> JudgeEntries(ZipReader& zip, std::uint64_t count) {
    const Status inflated = zip.InflateAll();
    if (!inflated && inflated.error().kind == ErrorKind::kLocalDisk) return inflated.error();
    if (inflated) {
      Note(entries_, "pass", std::to_string(count) + " entries inflate with their CRC and size");
    } else {
      Note(entries_, "fail", inflated.error().message);
    }
    return std::nullopt;
  }

  // Which signatures are there; whether one of them is valid is apksigner's to say.
  void NoteSignature(bool entries, const std::vector<std::string>& schemes) {
    std::string all = !entries ? "" : kind_ == ArtifactKind::kIpa ? "code signature" : "v1";
    for (const std::string& scheme : schemes) all += (all.empty() ? "" : ", ") + scheme;
    Note(signature_, all.empty() ? "skipped" : "pass", all.empty() ? "there is none" : all);
  }

  std::optional<Error> JudgeSigningBlock(const Directory& directory, bool signature_entries) {
    NoteSignature(signature_entries, {});
    if (kind_ != ArtifactKind::kApk) {
      Note(signing_block_, "skipped", "only an APK has a signing block");
      return std::nullopt;
    }
    const Result<SigningBlock> block = ReadSigningBlock(file_, directory.entries_end, directory.offset);
    if (!block && block.error().kind == ErrorKind::kLocalDisk) return block.error();
    if (!block) {
      Note(signing_block_, "fail", block.error().message);
    } else if (block->present) {
      NoteSignature(signature_entries, block->schemes);
      std::string schemes;
      for (const std::string& scheme : block->schemes) schemes += (schemes.empty() ? "" : ", ") + scheme;
      Note(signing_block_, "pass",
           "well formed, with " + (schemes.empty() ? "no signature scheme known here" : schemes));
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
  Check structure_{"zip_structure", "skipped", "not looked at"};
  Check entries_{"zip_entries", "skipped", "not looked at, because an earlier check failed"};
  Check entry_of_kind_{"kind", "skipped", "not looked at, because an earlier check failed"};
  Check signing_block_{"signing_block", "skipped", "not looked at, because an earlier check failed"};
  Check signature_{"signature", "skipped", "not looked at, because an earlier check failed"};
};

}  // namespace

Result<SourceVerdict> CheckSource(int fd, std::uint64_t size, ArtifactKind kind, bool full_crc) {
  return CheckSource(ReadsFrom(fd), size, kind, full_crc);
}

Result<SourceVerdict> CheckSource(PositionedRead read_at, std::uint64_t size, ArtifactKind kind, bool full_crc) {
  FileWindow file(std::move(read_at), size);
  const Result<EndRecord> end = FindEndRecord(file);
  if (!end) return AsVerdict(end.error());
  KindFinder finder(kind);
  const Result<Directory> directory = ReadDirectory(file, *end, finder);
  if (!directory) return AsVerdict(directory.error());
  const Result<std::unique_ptr<ZipReader>> zip = ZipReader::Open(file, !directory->idle_sizes);
  if (!zip) return AsVerdict(zip.error());
  // Content before kind: of a file that is still being written nothing final is said.
  if (full_crc) {
    if (Status inflated = (*zip)->InflateAll(); !inflated) return AsVerdict(inflated.error());
  }
  if (Status found = finder.Judge(); !found) return AsVerdict(found.error());
  return SourceVerdict{ArchiveVerdict::kWhole, ""};
}

Result<std::vector<Check>> CheckProtected(int fd, std::uint64_t size, ArtifactKind kind) {
  return CheckProtected(ReadsFrom(fd), size, kind);
}

Result<std::vector<Check>> CheckProtected(PositionedRead read_at, std::uint64_t size, ArtifactKind kind) {
  return ProtectedChecks(std::move(read_at), size, kind).Run();
}

}  // namespace tegodrop
