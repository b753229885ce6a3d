// Android's own judgement of an APK's signature. Only `verify` asks for it, never the daemon.
#pragma once

#include <string>

#include "daemon/base/result.h"
#include "daemon/model/check.h"

namespace tegodrop {

// The first executable 'apksigner' of a $PATH; empty: there is none.
std::string FindApksigner(const std::string& path_variable);

// The check "apksigner" of the file at this absolute path: "pass", or "fail" with its first word about it. Runs
// `apksigner verify`, a JVM of half a second, and waits for it; no shell, no standard input. Thread-safe.
Check AskApksigner(const std::string& program, const std::string& apk);

}  // namespace tegodrop
