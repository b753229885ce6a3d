#include "daemon/archive/signing_block.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "daemon/archive/little_endian.h"
#include "daemon/archive/signer/apk_signers.h"

namespace tegodrop {
namespace {

constexpr std::string_view kMagic = "APK Sig Block 42";
constexpr std::uint64_t kFooterSize = 24;  // size and magic
constexpr std::uint64_t kLongestDescriptor = 24;
constexpr int kMostPairs = 1000;                      // real ones have fewer than ten
constexpr std::uint64_t kLargestScheme = 1UL << 20U;  // real ones have 1 to 10 KiB

// A scheme's pair: where its value lies in the file.
struct Scheme {
  std::string_view name;
  std::uint64_t at = 0;
  std::uint64_t size = 0;
};

std::string_view SchemeOf(std::uint32_t id) {
  switch (id) {
    case 0x7109871a:
      return "v2";
    case 0xf05368c0:
      return "v3";
    case 0x1b93ad61:
      return "v3.1";
    default:
      return "";
  }
}

std::string MalformedText(std::string_view what) { return "the APK signing block is malformed: " + std::string(what); }

Unexpected Malformed(std::string_view what) { return Fail(ErrorKind::kCorrupt, MalformedText(what)); }

Status ReadPairs(FileWindow& file, std::uint64_t at, std::uint64_t end, SigningBlock* block,
                 std::vector<Scheme>* schemes) {
  for (int pairs = 0; at < end; ++pairs) {
    if (pairs == kMostPairs) return Malformed("it has more than 1000 parts");
    char head[12];
    if (end - at < sizeof head) return Malformed("its parts do not end where it ends");
    if (Status read = file.Read(at, head, sizeof head); !read) return read;
    const std::uint64_t length = U64(head);
    if (length < 4 || length > end - at - 8) return Malformed("one of its parts is longer than itself");
    const std::string_view scheme = SchemeOf(U32(head + 8));
    if (!scheme.empty()) {
      // One reader would take the first, another the last.
      const bool twice = std::find(block->schemes.begin(), block->schemes.end(), scheme) != block->schemes.end();
      if (twice) return Malformed("it has two " + std::string(scheme) + " parts");
      block->schemes.emplace_back(scheme);
      schemes->push_back({scheme, at + sizeof head, length - 4});
    }
    at += 8 + length;
  }
  return {};
}

// Adds the scheme's signers to those of the others, or says why they cannot be told; the first reason stays.
Status ReadSigners(FileWindow& file, const Scheme& scheme, SigningBlock* block) {
  const auto fault = [&](const std::string& why) {
    if (block->signers_fault.empty()) {
      block->signers_fault = MalformedText("its " + std::string(scheme.name) + " part: " + why);
    }
    return Status();
  };
  if (scheme.size > kLargestScheme) return fault("it is larger than 1 MiB");
  std::string value(static_cast<std::size_t>(scheme.size), '\0');
  if (Status read = file.Read(scheme.at, value.data(), value.size()); !read) return read;
  const Result<std::vector<std::string>> signers = SignersOfApkScheme(value);
  if (!signers) return fault(signers.error().message);
  for (const std::string& signer : *signers) {
    if (std::find(block->signers.begin(), block->signers.end(), signer) == block->signers.end()) {
      block->signers.push_back(signer);
    }
  }
  return {};
}

}  // namespace

Result<SigningBlock> ReadSigningBlock(FileWindow& file, std::uint64_t entries_end, std::uint64_t directory_offset) {
  SigningBlock block;
  const std::uint64_t gap = directory_offset - entries_end;
  char footer[kFooterSize] = {};
  if (gap >= kFooterSize) {
    if (Status read = file.Read(directory_offset - kFooterSize, footer, kFooterSize); !read) return Fail(read.error());
    block.present = std::memcmp(footer + 8, kMagic.data(), kMagic.size()) == 0;
  }
  if (!block.present) {
    block.unexplained = gap > kLongestDescriptor ? gap : 0;
    return block;
  }
  // The size counts all but its own first copy.
  const std::uint64_t size = U64(footer);
  if (size < kFooterSize || size > gap - 8 || gap < 8)
    return Malformed("its size does not fit between entries and directory");
  const std::uint64_t begin = directory_offset - size - 8;
  char first[8];
  if (Status read = file.Read(begin, first, sizeof first); !read) return Fail(read.error());
  if (U64(first) != size) return Malformed("its two sizes differ");
  std::vector<Scheme> schemes;
  const Status pairs = ReadPairs(file, begin + 8, directory_offset - kFooterSize, &block, &schemes);
  if (!pairs) return Fail(pairs.error());
  for (const Scheme& scheme : schemes) {
    if (Status read = ReadSigners(file, scheme, &block); !read) return Fail(read.error());
  }
  if (!block.signers_fault.empty()) block.signers.clear();
  return block;
}

}  // namespace tegodrop
