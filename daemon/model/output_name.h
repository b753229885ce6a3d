// Names in the output folder: made from a template, safe on every file system that a share may stand on. Pure.
#pragma once

#include <string>
#include <string_view>

#include "daemon/model/job.h"

namespace tegodrop {

// At most so many bytes: ".trace.json", a job's id and a staging suffix still fit into the 255 that file systems allow.
inline constexpr std::size_t kLongestOutputName = 180;

// One name from any text: NFC; control bytes, bytes that are not UTF-8 and <>:"/\|?* become '_'; no dots or spaces at
// the end, no dot at the front, no device name of Windows; at most kLongestOutputName bytes, cut in the stem at a
// character's edge so that the extension stays.
std::string SafeName(std::string_view text);

// The protected output's name by the job's template, with its ticket and digests filled in. Not yet checked against
// what is there.
std::string ProtectedName(const Job& job);

// The same name for the second and later takers: "STEM-<job>EXT", still within kLongestOutputName.
std::string NameWithJob(std::string_view name, std::string_view job_id);

// The form under which names are compared: NFC and case folded, because shares for Windows and macOS do not tell cases
// apart.
std::string FoldedName(std::string_view name);

// "app-release" and ".apk" of "app-release.apk"; the extension is empty where there is none.
std::string_view Stem(std::string_view name);
std::string_view ExtensionOf(std::string_view name);

}  // namespace tegodrop
