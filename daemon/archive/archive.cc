#include "daemon/archive/archive.h"

#include <memory>
#include <utility>

#include "daemon/archive/contents.h"
#include "daemon/archive/directory.h"
#include "daemon/archive/end_record.h"
#include "daemon/archive/file_window.h"
#include "daemon/archive/kind_finder.h"
#include "daemon/archive/zip_reader.h"

namespace tegodrop {
namespace {

// An error of reading as a verdict; what the disk said stays an error.
Result<SourceVerdict> AsVerdict(Error error) {
  switch (error.kind) {
    case ErrorKind::kCorrupt:
      return SourceVerdict{ArchiveVerdict::kIncomplete, std::move(error.message), {}, {}};
    case ErrorKind::kRejected:
      return SourceVerdict{ArchiveVerdict::kNotAnArtifact, std::move(error.message), {}, {}};
    default:
      return Fail(std::move(error));
  }
}

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
  Result<Contents> contents = ReadContents(**zip, kind, finder);
  if (!contents) return Fail(contents.error());
  return SourceVerdict{ArchiveVerdict::kWhole, "", std::move(contents->identity), std::move(contents->commits)};
}

}  // namespace tegodrop
