#include "daemon/portal/request_rules.h"

#include <algorithm>
#include <initializer_list>
#include <string>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

using Words = std::initializer_list<std::string_view>;

Unexpected Refuse(std::string message) { return Fail(ErrorKind::kRejected, std::move(message)); }

std::string Quoted(std::string_view text) { return "\"" + Printable(text.substr(0, 100)) + "\""; }

std::string OneOf(Words words) {
  std::string out;
  for (const std::string_view word : words) out += (out.empty() ? "" : ", ") + std::string(word);
  return out;
}

Status CheckWord(std::string_view what, std::string_view word, Words allowed) {
  if (std::find(allowed.begin(), allowed.end(), word) != allowed.end()) return {};
  return Refuse(std::string(what) + " " + Quoted(word) + " is none of " + OneOf(allowed));
}

Status CheckEnding(std::string_view file_name, std::string_view what, Words endings) {
  const auto ends_so = [&](std::string_view ending) {
    return file_name.size() > ending.size() && EndsWithNoCase(file_name, ending);
  };
  if (std::any_of(endings.begin(), endings.end(), ends_so)) return {};
  return Refuse("file_name " + Quoted(file_name) + " has not the ending of " + std::string(what) + ": " +
                OneOf(endings));
}

Status CheckStartTime(std::int64_t start_time) {
  if (start_time > 0) return {};
  return Refuse("start_time " + std::to_string(start_time) +
                " is none: it is the Unix time that the upload's answer had");
}

// Text that JSON cannot carry would arrive as another password.
Status CheckPassword(const Secret& password) {
  if (password.empty()) return Refuse("the password is empty");
  if (!IsUtf8(password.Reveal())) return Refuse("the password is not UTF-8 text");
  return {};
}

Status CheckAlias(std::string_view platform, std::string_view alias) {
  if (platform != "android" || !alias.empty()) return {};
  return Refuse("an android key needs its alias");
}

Status CheckBaseName(std::string_view what, std::string_view name) {
  if (name.empty()) return Refuse(std::string(what) + " is missing");
  if (name.find_first_of("/\\") == std::string_view::npos) return {};
  return Refuse(std::string(what) + " " + Quoted(name) + " has a path in it: the base name alone is wanted");
}

Status CheckKeyEnding(std::string_view platform, std::string_view file_name) {
  if (platform == "ios") return CheckEnding(file_name, "an ios signing key", {".p12", ".pfx"});
  return CheckEnding(file_name, "an android signing key", {".jks", ".keystore", ".ks", ".p12", ".pfx"});
}

// The first that failed.
Status All(std::initializer_list<Status> checks) {
  for (const Status& check : checks) {
    if (!check) return check;
  }
  return {};
}

}  // namespace

Status CheckPlatform(std::string_view platform) { return CheckWord("platform", platform, {"android", "ios"}); }

Status CheckVersion(std::string_view version) {
  return CheckWord("version", version, {"development", "staging", "production"});
}

Status CheckId(std::string_view what, std::string_view id) {
  if (!Trim(id).empty()) return {};
  return Refuse("the " + std::string(what) + " is missing");
}

Status CheckUpload(const UploadRequest& request) {
  const Status words = All({CheckPlatform(request.platform), CheckVersion(request.version)});
  if (!words) return words;
  if (request.file_size == 0) return Refuse("the file is empty");
  if (request.platform == "ios") return CheckEnding(request.file_name, "an ios artifact", {".ipa"});
  return CheckEnding(request.file_name, "an android artifact", {".apk", ".aab"});
}

Status CheckListing(std::string_view version, std::int64_t page, std::int64_t page_size) {
  if (const Status word = CheckVersion(version); !word) return word;
  if (page < 1) return Refuse("page " + std::to_string(page) + " is none: pages are counted from 1");
  if (page_size >= 1 && page_size <= kLargestPageSize) return {};
  return Refuse("page_size " + std::to_string(page_size) + " is not from 1 to " + std::to_string(kLargestPageSize));
}

Status CheckBuild(const BuildIdentity& build) {
  return All({CheckPlatform(build.platform), CheckVersion(build.version), CheckStartTime(build.start_time),
              CheckId("build's file_name", build.name)});
}

Status CheckSign(const SignRequest& build) {
  return All({CheckPlatform(build.platform), CheckStartTime(build.start_time), CheckId("build's name", build.name)});
}

Status CheckSigningKey(const SigningKeyUpload& key) {
  const Status fields =
      All({CheckPlatform(key.platform), CheckId("key's name", key.key_name), CheckBaseName("file_name", key.file_name),
           CheckPassword(key.password), CheckAlias(key.platform, key.alias)});
  if (!fields) return fields;
  if (key.file_size == 0) return Refuse("the signing key's file is empty");
  if (key.file_size > kLargestSigningKeyFile) {
    return Refuse("the signing key's file has " + std::to_string(key.file_size) +
                  " bytes: over 10 MB are not accepted");
  }
  return CheckKeyEnding(key.platform, key.file_name);
}

Status CheckSigningFile(const SigningFileUpload& file) {
  const Status fields =
      All({CheckPlatform(file.platform), CheckId("application id", file.application_id),
           CheckBaseName("file", file.file), CheckPassword(file.password), CheckAlias(file.platform, file.alias)});
  return fields ? CheckKeyEnding(file.platform, file.file) : fields;
}

}  // namespace tegodrop
