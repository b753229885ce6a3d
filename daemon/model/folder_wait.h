// A job's wait for one of its folders.
#pragma once

#include <string_view>

#include "daemon/model/job.h"

namespace tegodrop {

// How the words of a wait begin where a folder does not take or give what the job needs.
inline constexpr std::string_view kOutputWait = "its output folder";
inline constexpr std::string_view kFolderWait = "its folder:";  // which one its words say
// And where its provenance must be signed and there is no key.
inline constexpr std::string_view kKeyWait = "the provenance key: ";

// Whether the job waits for a folder that somebody should look at.
bool WaitsForFolder(const Job& job);

}  // namespace tegodrop
