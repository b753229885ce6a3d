#include "daemon/archive/signer/mach_o_signature.h"

#include <algorithm>
#include <numeric>

#include "daemon/archive/little_endian.h"
#include "daemon/archive/signer/pkcs7_signers.h"
#include "daemon/archive/signer/signer_list.h"

namespace tegodrop {
namespace {

constexpr std::uint32_t kFat = 0xcafebabe;
constexpr std::uint32_t kFat64 = 0xcafebabf;
constexpr std::uint32_t kMachO32 = 0xfeedface;
constexpr std::uint32_t kMachO64 = 0xfeedfacf;
constexpr std::uint32_t kCodeSignatureCommand = 0x1d;
constexpr std::uint32_t kSuperBlob = 0xfade0cc0;
constexpr std::uint32_t kCodeDirectory = 0xfade0c02;  // alone, as an ad-hoc signature may be
constexpr std::uint32_t kBlobWrapper = 0xfade0b01;
constexpr std::uint32_t kSignatureSlot = 0x10000;
constexpr std::uint32_t kMostSlices = 32;  // also tells fat files from Java classes, whose version stands there
constexpr std::uint32_t kMostSlots = 1024;

// Fat headers and signatures have the most significant byte first.
std::uint32_t Big32(const char* at) { return __builtin_bswap32(U32(at)); }
std::uint64_t Big64(const char* at) { return __builtin_bswap64(U64(at)); }

Unexpected Malformed(const std::string& what) {
  return Fail(ErrorKind::kCorrupt, "the app's executable is malformed: " + what);
}

}  // namespace

MachOSignature::MachOSignature() : piece_size_(4), step_(&MachOSignature::OnMagic) {}

void MachOSignature::Feed(std::string_view bytes) {
  while (step_ != nullptr && !bytes.empty()) {
    const std::uint64_t gap = piece_.empty() ? piece_at_ - position_ : 0;
    const std::uint64_t missing = gap > 0 ? gap : piece_size_ - piece_.size();
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(missing, bytes.size()));
    if (gap == 0) piece_ += bytes.substr(0, size);
    bytes.remove_prefix(size);
    position_ += size;
    if (gap > 0 || piece_.size() < piece_size_) continue;
    const Step step = step_;
    step_ = nullptr;
    fault_ = (this->*step)();
    if (!fault_) step_ = nullptr;
  }
  position_ += bytes.size();
}

Result<std::vector<std::string>> MachOSignature::Finish() {
  if (!fault_) return Fail(fault_.error());
  if (step_ != nullptr || position_ < needed_) return Malformed("it ends too early");
  std::vector<std::string> all;
  for (Slice& slice : slices_) {
    for (std::string& signer : slice.signers) AddOnce(std::move(signer), &all);
  }
  return all;
}

Status MachOSignature::Want(std::uint64_t at, std::uint64_t size, Step step) {
  if (at < position_) return Malformed("its parts overlap");
  piece_.clear();
  piece_at_ = at;
  piece_size_ = size;
  step_ = step;
  return {};
}

Status MachOSignature::WantInSlice(std::uint64_t at, std::uint64_t size, Step step) {
  const std::uint64_t room = slice_->end - slice_->begin;
  if (at > room || size > room - at) return Malformed("a part lies outside of it");
  return Want(slice_->begin + at, size, step);
}

Status MachOSignature::OnMagic() {
  const std::uint32_t magic = Big32(piece_.data());
  if (magic == kFat || magic == kFat64) {
    wide_table_ = magic == kFat64;
    return Want(4, 4, &MachOSignature::OnFatCount);
  }
  slices_.resize(1);
  slice_ = slices_.data();
  return OnSliceMagic();
}

Status MachOSignature::OnFatCount() {
  const std::uint32_t count = Big32(piece_.data());
  if (count == 0 || count > kMostSlices) return Malformed("it is no Mach-O");
  slices_.resize(count);
  return Want(8, std::uint64_t{count} * (wide_table_ ? 32 : 20), &MachOSignature::OnFatTable);
}

// An entry is {CPU type, subtype, offset, size, …}.
Status MachOSignature::OnFatTable() {
  const std::size_t entry_size = wide_table_ ? 32 : 20;
  for (std::size_t i = 0; i < slices_.size(); ++i) {
    const char* entry = piece_.data() + i * entry_size;
    const std::uint64_t size = wide_table_ ? Big64(entry + 16) : Big32(entry + 12);
    slices_[i].begin = wide_table_ ? Big64(entry + 8) : Big32(entry + 8);
    if (size > UINT64_MAX - slices_[i].begin) return Malformed("a part lies outside of it");
    slices_[i].end = slices_[i].begin + size;
    needed_ = std::max(needed_, slices_[i].end);
  }
  order_.resize(slices_.size());
  std::iota(order_.begin(), order_.end(), 0);
  std::sort(order_.begin(), order_.end(),
            [this](std::size_t a, std::size_t b) { return slices_[a].begin < slices_[b].begin; });
  for (std::size_t i = 1; i < order_.size(); ++i) {
    if (slices_[order_[i]].begin < slices_[order_[i - 1]].end) return Malformed("its parts overlap");
  }
  return NextSlice();
}

Status MachOSignature::NextSlice() {
  if (reading_ == order_.size()) return {};
  slice_ = &slices_[order_[reading_++]];
  signature_at_ = 0;
  return WantInSlice(0, 4, &MachOSignature::OnSliceMagic);
}

Status MachOSignature::OnSliceMagic() {
  const std::uint32_t magic = U32(piece_.data());
  if (magic != kMachO32 && magic != kMachO64) return Malformed("it is no Mach-O");
  return WantInSlice(4, magic == kMachO64 ? 28 : 24, &MachOSignature::OnHeader);
}

// Behind the magic: CPU type, subtype, file type, number of commands, their size, flags (and four bytes of nothing).
Status MachOSignature::OnHeader() {
  commands_left_ = U32(piece_.data() + 12);
  command_at_ = 4 + piece_.size();
  commands_end_ = command_at_ + U32(piece_.data() + 16);
  return NextCommand();
}

Status MachOSignature::NextCommand() {
  if (commands_left_ > 0) {
    --commands_left_;
    return WantInSlice(command_at_, 8, &MachOSignature::OnCommand);
  }
  if (signature_at_ == 0) return NextSlice();
  if (signature_at_ < commands_end_) return Malformed("its parts overlap");
  const std::uint64_t room = slice_->end - slice_->begin;
  if (signature_at_ + signature_size_ > room) return Malformed("its signature lies outside of it");
  needed_ = std::max(needed_, slice_->begin + signature_at_ + signature_size_);
  if (signature_size_ < 12) return Malformed("its signature is too short");
  return WantInSlice(signature_at_, 12, &MachOSignature::OnSuperBlob);
}

Status MachOSignature::OnCommand() {
  const std::uint32_t size = U32(piece_.data() + 4);
  if (size < 8 || command_at_ + size > commands_end_) return Malformed("its load commands do not fit");
  const std::uint64_t at = command_at_;
  command_at_ += size;
  if (U32(piece_.data()) != kCodeSignatureCommand) return NextCommand();
  if (size < 16) return Malformed("its load commands do not fit");
  return WantInSlice(at + 8, 8, &MachOSignature::OnSignatureCommand);
}

Status MachOSignature::OnSignatureCommand() {
  if (signature_at_ != 0) return Malformed("it has two signatures");
  signature_at_ = U32(piece_.data());
  signature_size_ = U32(piece_.data() + 4);
  if (signature_at_ == 0) return Malformed("its parts overlap");
  return NextCommand();
}

Status MachOSignature::OnSuperBlob() {
  const std::uint32_t magic = Big32(piece_.data());
  if (magic == kCodeDirectory) return NextSlice();
  if (magic != kSuperBlob) return Malformed("its signature is none that is known here");
  const std::uint32_t size = Big32(piece_.data() + 4);
  const std::uint32_t count = Big32(piece_.data() + 8);
  if (size > signature_size_ || count > kMostSlots || size < 12 + 8 * count) {
    return Malformed("its signature's lengths do not fit");
  }
  signature_size_ = size;
  if (count == 0) return NextSlice();
  return WantInSlice(signature_at_ + 12, std::uint64_t{8} * count, &MachOSignature::OnIndex);
}

Status MachOSignature::OnIndex() {
  wrapper_at_ = 0;
  for (std::size_t at = 0; at < piece_.size(); at += 8) {
    if (Big32(piece_.data() + at) != kSignatureSlot) continue;
    if (wrapper_at_ != 0) return Malformed("it has two signatures");
    wrapper_at_ = Big32(piece_.data() + at + 4);
    if (wrapper_at_ < 12 + piece_.size()) return Malformed("its parts overlap");
  }
  if (wrapper_at_ == 0) return NextSlice();
  if (wrapper_at_ + 8 > signature_size_) return Malformed("its signature's lengths do not fit");
  return WantInSlice(signature_at_ + wrapper_at_, 8, &MachOSignature::OnWrapper);
}

Status MachOSignature::OnWrapper() {
  const std::uint32_t size = Big32(piece_.data() + 4);
  if (Big32(piece_.data()) != kBlobWrapper) return Malformed("its signature's slot holds something else");
  if (size < 8 || wrapper_at_ + size > signature_size_) return Malformed("its signature's lengths do not fit");
  if (size == 8) return NextSlice();
  cms_size_ += size - 8;
  if (cms_size_ > kLargestPkcs7) return Malformed("its signatures are larger than 1 MiB");
  return WantInSlice(signature_at_ + wrapper_at_ + 8, size - 8, &MachOSignature::OnCms);
}

Status MachOSignature::OnCms() {
  Result<std::vector<std::string>> signers = SignersOfPkcs7(piece_);
  piece_ = std::string();
  if (!signers) return Malformed(signers.error().message);
  slice_->signers = *std::move(signers);
  return NextSlice();
}

}  // namespace tegodrop
