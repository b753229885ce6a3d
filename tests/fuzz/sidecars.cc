// Sidecars in every encoding: what is taken has its form, and says the same in UTF-8 and both orders of UTF-16.
#include <string>

#include "daemon/intake/sidecar.h"
#include "daemon/intake/utf16.h"
#include "tests/fuzz/fuzz.h"

namespace tegodrop::fuzzing {
namespace {

// ASCII alone, so that this code is no second decoder.
std::string AsUtf16(std::string_view ascii, bool big) {
  std::string text = big ? "\xfe\xff" : "\xff\xfe";
  for (const char c : ascii) {
    if (big) text += '\0';
    text += c;
    if (!big) text += '\0';
  }
  return text;
}

bool IsAscii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) > 0x7F) return false;
  }
  return true;
}

bool IsLowerHex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

std::string Said(const Result<SidecarContent>& read) {
  if (!read) {
    MustBePrintable(read.error().message);
    Must(!read.error().message.empty() && read.error().kind == ErrorKind::kCorrupt, "a refusal says why");
    return "!" + read.error().message;
  }
  std::string all;
  for (const std::string* text : {&read->commit, &read->sha256, &read->repository, &read->ref, &read->described,
                                  &read->build_url, &read->signing_key_id, &read->submit_id}) {
    Must(IsUtf8(*text), "what is taken is UTF-8", *text);
    all += *text + "\n";
  }
  for (const Label& label : read->labels) {
    Must(IsUtf8(label.key) && IsUtf8(label.value), "labels are UTF-8");
    all += label.key + "=" + label.value + "\n";
  }
  Must(IsLowerHex(read->commit) && IsLowerHex(read->sha256), "digests are lower-case hex", all);
  Must(read->commit.empty() || read->commit.size() == 40 || read->commit.size() == 64, "a commit has its length");
  Must(read->sha256.empty() || read->sha256.size() == 64, "a SHA-256 has its length");
  return all;
}

}  // namespace

void Try(std::string_view input) {
  const auto decoded = DecodeText(input);
  Must(!decoded || IsUtf8(*decoded), "decoded text is UTF-8");
  for (const SidecarKind kind : {SidecarKind::kCommit, SidecarKind::kSha256, SidecarKind::kJson}) {
    const std::string said = Said(ParseSidecar(kind, input, "app-release.apk"));
    if (!IsAscii(input)) continue;
    for (const bool big : {false, true}) {
      Must(Said(ParseSidecar(kind, AsUtf16(input, big), "app-release.apk")) == said, "UTF-16 says the same", said);
    }
    Must(Said(ParseSidecar(kind, "\xef\xbb\xbf" + std::string(input), "app-release.apk")) == said,
         "a byte order mark changes nothing", said);
  }
}

}  // namespace tegodrop::fuzzing
