// Who an iOS app's executable says it is signed by. It may have hundreds of MB and comes once, front to back, as it is
// inflated: what is needed is picked out of the stream. The claim alone: the signature is not verified.
//
// Where it lies: (fat header ->) Mach-O header -> load commands -> LC_CODE_SIGNATURE -> SuperBlob -> its slot for the
// signature -> wrapper -> CMS. Each points further back than where it stands itself; what does not is malformed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"

namespace tegodrop {

// Takes little-endian Mach-O of 32 and 64 bits, and fat files of up to 32 of them. Holds at most 4 MiB, whatever is
// declared: one CMS, gathered as it comes, and the answer; all slices' together may have 1 MiB, so that they do not
// keep a worker for long either. Not thread-safe.
class MachOSignature {
 public:
  MachOSignature();
  MachOSignature(const MachOSignature&) = delete;
  MachOSignature& operator=(const MachOSignature&) = delete;

  // The next bytes of the executable, in pieces of any size. Never fails: Finish says what was wrong.
  void Feed(std::string_view bytes);

  // After the last byte, once. The SHA-256 of the signers' certificates as SignersOfPkcs7 gives them: of each slice in
  // the fat header's order, each once. Empty where nothing is signed, or ad hoc only, as the linker does for itself.
  // kCorrupt where the bytes are no such Mach-O, its lengths do not fit, it ends too early or its CMS cannot be read.
  Result<std::vector<std::string>> Finish();

 private:
  // Reads piece_, and asks for what comes next.
  using Step = Status (MachOSignature::*)();
  struct Slice {
    std::uint64_t begin = 0;
    std::uint64_t end = UINT64_MAX;  // of a thin file: it is not known before the last byte
    std::vector<std::string> signers;
  };

  Status Want(std::uint64_t at, std::uint64_t size, Step step);
  // Asks within the slice that is read; `at` counts from its first byte.
  Status WantInSlice(std::uint64_t at, std::uint64_t size, Step step);

  Status OnMagic();
  Status OnFatCount();
  Status OnFatTable();
  Status NextSlice();
  Status OnSliceMagic();
  Status OnHeader();
  Status NextCommand();
  Status OnCommand();
  Status OnSignatureCommand();
  Status OnSuperBlob();
  Status OnIndex();
  Status OnWrapper();
  Status OnCms();

  std::uint64_t position_ = 0;  // in the stream, behind what was fed
  std::uint64_t needed_ = 0;    // so many bytes there must be
  // What is wanted, as far as it is there; no step: nothing more is.
  std::string piece_;
  std::uint64_t piece_at_ = 0;
  std::uint64_t piece_size_ = 0;
  Step step_ = nullptr;
  Status fault_;
  std::size_t cms_size_ = 0;  // of all slices so far

  bool wide_table_ = false;         // the fat header's entries have 64 bits
  std::vector<Slice> slices_;       // in the header's order
  std::vector<std::size_t> order_;  // in the stream's
  std::size_t reading_ = 0;         // index into order_, of the slice that comes next
  Slice* slice_ = nullptr;          // the one that is read
  std::uint64_t command_at_ = 0;    // from here on all offsets are the slice's
  std::uint64_t commands_end_ = 0;
  std::uint32_t commands_left_ = 0;
  std::uint64_t signature_at_ = 0;  // 0: no LC_CODE_SIGNATURE yet
  std::uint64_t signature_size_ = 0;
  std::uint64_t wrapper_at_ = 0;
};

}  // namespace tegodrop
