#include "daemon/model/output_name.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

// Applies a utf8proc mapping; text that it refuses (not UTF-8) comes back as it was.
std::string Map(std::string_view text, int options) {
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &mapped, static_cast<utf8proc_option_t>(options));
  if (length < 0) return std::string(text);
  std::string out(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(length));
  std::free(mapped);
  return out;
}

bool Forbidden(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F || std::string_view("<>:\"/\\|?*").find(c) != std::string_view::npos;
}

// Bytes that do not form UTF-8 become '_', one for each.
std::string Utf8Only(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = 1;
    while (length <= 4 && at + length <= text.size() && !IsUtf8(text.substr(at, length))) ++length;
    if (length > 4 || at + length > text.size()) {
      out += '_';
      ++at;
    } else {
      out += text.substr(at, length);
      at += length;
    }
  }
  return out;
}

// At most `most` bytes, never cutting a character in two.
std::string_view Shorten(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  return text.substr(0, most);
}

// Windows looks at what stands before the first dot, without the spaces at its end, and takes raised digits too.
bool IsDeviceName(std::string_view name) {
  std::string folded = ToLowerAscii(name.substr(0, name.find('.')));
  folded.erase(folded.find_last_not_of(' ') + 1);
  constexpr std::array<std::string_view, 6> kDevices{"con", "prn", "aux", "nul", "conin$", "conout$"};
  if (std::find(kDevices.begin(), kDevices.end(), folded) != kDevices.end()) return true;
  if (!folded.starts_with("com") && !folded.starts_with("lpt")) return false;
  const std::string digit = folded.substr(3);
  constexpr std::array<std::string_view, 3> kRaised{"\u00b9", "\u00b2", "\u00b3"};
  return (digit.size() == 1 && digit[0] >= '1' && digit[0] <= '9') ||
         std::find(kRaised.begin(), kRaised.end(), digit) != kRaised.end();
}

// Windows drops dots and spaces at the end of a name.
void MendEnd(std::string& name) {
  if (!name.empty() && (name.back() == '.' || name.back() == ' ')) name.back() = '_';
}

// The stem with `suffix` and the extension, the stem cut so that the whole fits.
std::string Join(std::string_view stem, std::string_view suffix, std::string_view extension) {
  const std::size_t fixed = std::min(kLongestOutputName - 1, suffix.size() + extension.size());
  return std::string(Shorten(stem, kLongestOutputName - fixed)) + std::string(suffix) + std::string(extension);
}

}  // namespace

std::string_view ExtensionOf(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || name.size() - dot > 16) return {};
  return name.substr(dot);
}

std::string_view Stem(std::string_view name) { return name.substr(0, name.size() - ExtensionOf(name).size()); }

std::string SafeName(std::string_view text) {
  std::string name = Map(Utf8Only(text), UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  std::replace_if(name.begin(), name.end(), Forbidden, '_');
  MendEnd(name);
  if (name.empty() || name.front() == '.') name.insert(0, "_");
  if (IsDeviceName(name)) name.insert(0, "_");
  name = Join(Stem(name), "", ExtensionOf(name));
  MendEnd(name);  // where a name without an extension was cut
  return name;
}

std::string NameWithJob(std::string_view name, std::string_view job_id) {
  return Join(Stem(name), "-" + std::string(job_id), ExtensionOf(name));
}

std::string FoldedName(std::string_view name) {
  return Map(name, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
}

std::string ProtectedName(const Job& job) {
  const std::string stem(Stem(job.artifact.file_name));
  const std::string extension(ExtensionOf(job.artifact.file_name));
  const AppIdentity& app = job.artifact.identity;
  const auto known = [](const std::string& text) { return text.empty() ? "unknown" : text; };
  const std::array<std::pair<std::string_view, std::string>, 11> values{{
      {"{stem}", stem},
      {"{ext}", extension},
      {"{start_time}", std::to_string(job.ticket.start_time)},
      {"{job}", job.id},
      {"{package}", known(app.package)},
      {"{version_name}", known(app.version_name)},
      {"{version_code}", known(app.version_code)},
      {"{commit}", job.artifact.commit.candidates.empty() ? "nocommit" : job.artifact.commit.sha()},
      {"{sha256}", job.artifact.sha256},
      {"{version}", job.target->version},
      {"{platform}", std::string(PlatformOf(job.artifact.kind))},
  }};
  // One pass over the template: a placeholder inside a value is plain text.
  std::string out;
  std::string_view rest = job.target->output_name;
  while (!rest.empty()) {
    const auto fits = [&](const auto& value) { return rest.starts_with(value.first); };
    const auto* found = std::find_if(values.begin(), values.end(), fits);
    if (found != values.end()) {
      out += found->second;
      rest.remove_prefix(found->first.size());
    } else {
      out += rest.front();
      rest.remove_prefix(1);
    }
  }
  return SafeName(out);
}

}  // namespace tegodrop
