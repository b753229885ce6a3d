// A look over the central directory and the local headers before any library builds anything from them: caps against
// bombs, and names that no extractor should meet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/archive/end_record.h"
#include "daemon/archive/file_window.h"
#include "daemon/base/result.h"
#include "daemon/model/artifact.h"

namespace tegodrop {

// Whether the entries seen make an artifact of the kind.
class KindFinder {
 public:
  explicit KindFinder(ArtifactKind kind) : kind_(kind) {}
  void See(std::string_view name, std::uint64_t size);
  // kRejected, with what is missing or too many.
  Status Judge() const;

 private:
  ArtifactKind kind_;
  int found_ = 0;
  bool empty_ = false;
};

struct Directory {
  std::uint64_t offset = 0;        // of the central directory
  std::uint64_t entries_end = 0;   // behind the data of the last entry (a data descriptor may follow)
  std::uint64_t uncompressed = 0;  // all entries together, as declared
};

// Reads every central and local header once, with bounded memory, and shows each entry to `kind`. kCorrupt where a
// header is not there or does not fit, kRejected where an entry is one that no build could take (encrypted, a bomb,
// overlapping, `..` or absolute name, unknown compression), kLocalDisk where the file cannot be read.
Result<Directory> ReadDirectory(FileWindow& file, const EndRecord& end, KindFinder& kind);

// The name as a person may read it: printable, in quotes, shortened.
std::string Quoted(std::string_view name);

}  // namespace tegodrop
