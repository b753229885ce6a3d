#include "daemon/archive/manifest/info_plist.h"

#include <plist/plist.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>

#include "daemon/archive/manifest/binary_plist.h"
#include "daemon/archive/manifest/commit_text.h"
#include "daemon/archive/manifest/unicode.h"

namespace tegodrop {
namespace {

// libplist calls itself to free what is nested; 3000 levels take 160 KiB of stack. How deep they are only a
// parser knows, how many there can be at most anybody who counts.
constexpr std::size_t kMostContainers = 3000;
// libplist moves the rest of a text at each of them: 250,000 in one text of 1 MiB took three seconds.
constexpr std::size_t kMostEntities = 4000;

Unexpected NoInfoPlist(const std::string& why) { return Fail(ErrorKind::kCorrupt, "this is no Info.plist: " + why); }

// What is kept of the pairs.
class Taker {
 public:
  void Take(const std::string& key, const std::string& value) {
    if (key == "CFBundleIdentifier") read_.identity.package = value;
    if (key == "CFBundleShortVersionString") read_.identity.version_name = value;
    if (key == "CFBundleVersion") read_.identity.version_code = value;
    if (key == "CFBundleExecutable") read_.executable = value;
    std::optional<std::string> sha = AsCommit(value);
    if (!sha) return;
    const auto same_key = [&key](const EmbeddedCommit& commit) { return commit.key == key; };
    const auto earlier = std::find_if(read_.commits.begin(), read_.commits.end(), same_key);
    if (earlier != read_.commits.end()) {
      earlier->sha = *sha;
    } else if (read_.commits.size() < kMostCommits) {
      read_.commits.push_back({key, *sha});
    }
  }
  const InfoPlist& read() const { return read_; }

 private:
  InfoPlist read_;
};

// Every array and every dictionary of the XML begins so, and perhaps a comment that is none.
std::size_t CountContainers(std::string_view xml) {
  std::size_t count = 0;
  for (std::size_t at = xml.find('<'); at != std::string_view::npos; at = xml.find('<', at + 1)) {
    const std::string_view tag = xml.substr(at + 1, 5);
    if (tag.starts_with("dict") || tag == "array") ++count;
  }
  return count;
}

struct FreePlist {
  void operator()(void* node) const { plist_free(node); }
};
struct FreeText {
  void operator()(char* text) const { free(text); }
};
struct FreeIterator {
  void operator()(void* iterator) const { free(iterator); }
};

Status ReadXml(std::string_view xml, const TakeText& take) {
  if (xml.starts_with("\xEF\xBB\xBF")) xml.remove_prefix(3);
  if (!Trim(xml).starts_with("<")) return NoInfoPlist("it is neither XML nor a binary property list");
  // A NUL, as UTF-16 is full of, ends a text for libplist.
  if (!IsUtf8(xml) || xml.find('\0') != std::string_view::npos) return NoInfoPlist("its XML is not UTF-8");
  if (CountContainers(xml) > kMostContainers) return NoInfoPlist("it has more than 3000 arrays and dictionaries");
  if (std::count(xml.begin(), xml.end(), '&') > static_cast<std::ptrdiff_t>(kMostEntities)) {
    return NoInfoPlist("it has more than 4000 entities");
  }
  // With a NUL behind the bytes: libplist compares words where fewer bytes may be left.
  const std::string copy(xml);
  plist_t parsed = nullptr;
  plist_from_xml(copy.data(), static_cast<std::uint32_t>(copy.size()), &parsed);
  const std::unique_ptr<void, FreePlist> plist(parsed);
  if (!plist) return NoInfoPlist("its XML is no property list");
  if (plist_get_node_type(plist.get()) != PLIST_DICT) return NoInfoPlist("its top object is no dictionary");

  plist_dict_iter begun = nullptr;
  plist_dict_new_iter(plist.get(), &begun);
  const std::unique_ptr<void, FreeIterator> iterator(begun);
  for (;;) {
    char* name = nullptr;
    plist_t value = nullptr;
    plist_dict_next_item(plist.get(), iterator.get(), &name, &value);
    const std::unique_ptr<char, FreeText> key(name);
    if (!key) return {};
    if (value == nullptr || plist_get_node_type(value) != PLIST_STRING) continue;
    const char* text = plist_get_string_ptr(value, nullptr);
    if (text == nullptr) continue;
    const std::optional<std::string> named = AsText(key.get());
    const std::optional<std::string> said = AsText(text);
    if (named && said) take(*named, *said);
  }
}

}  // namespace

Result<InfoPlist> ReadInfoPlist(std::string_view bytes) {
  if (bytes.size() > kLargestInfoPlist) return NoInfoPlist("it is larger than 1 MiB");
  Taker taker;
  const TakeText take = [&taker](const std::string& key, const std::string& value) { taker.Take(key, value); };
  if (bytes.starts_with("bplist00")) {
    if (const Status read = ReadBinaryPlist(bytes, take); !read) return NoInfoPlist(read.error().message);
  } else if (const Status read = ReadXml(bytes, take); !read) {
    return Fail(read.error());
  }
  return taker.read();
}

}  // namespace tegodrop
