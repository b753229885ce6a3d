#include "daemon/archive/signing_block.h"

#include <cstring>
#include <string_view>

#include "daemon/archive/little_endian.h"

namespace tegodrop {
namespace {

constexpr std::string_view kMagic = "APK Sig Block 42";
constexpr std::uint64_t kFooterSize = 24;  // size and magic
constexpr std::uint64_t kLongestDescriptor = 24;
constexpr int kMostPairs = 1000;  // real ones have fewer than ten

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

Unexpected Malformed(const char* what) {
  return Fail(ErrorKind::kCorrupt, std::string("the APK signing block is malformed: ") + what);
}

Status ReadPairs(FileWindow& file, std::uint64_t at, std::uint64_t end, SigningBlock* block) {
  for (int pairs = 0; at < end; ++pairs) {
    if (pairs == kMostPairs) return Malformed("it has more than 1000 parts");
    char head[12];
    if (end - at < sizeof head) return Malformed("its parts do not end where it ends");
    if (Status read = file.Read(at, head, sizeof head); !read) return read;
    const std::uint64_t length = U64(head);
    if (length < 4 || length > end - at - 8) return Malformed("one of its parts is longer than itself");
    const std::string_view scheme = SchemeOf(U32(head + 8));
    if (!scheme.empty()) block->schemes.emplace_back(scheme);
    at += 8 + length;
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
  if (Status read = ReadPairs(file, begin + 8, directory_offset - kFooterSize, &block); !read) {
    return Fail(read.error());
  }
  return block;
}

}  // namespace tegodrop
