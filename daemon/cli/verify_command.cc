#include <cstdlib>

#include "daemon/cli/commands.h"
#include "daemon/cli/verify/find.h"
#include "daemon/cli/verify/verify.h"
#include "daemon/disk/file_system.h"

namespace tegodrop {

ExitCode VerifyCommand(const CommandLine& line) {
  const auto fs = MakePosixFileSystem();
  const char* path = std::getenv("PATH");
  return Verify(line.verify, *fs, path == nullptr ? "" : path);
}

ExitCode FindCommand(const CommandLine& line) {
  FindOptions options = line.find;
  if (options.paths.empty()) {
    const std::optional<Settings> settings = LoadSettings(line.config, /*reads_only=*/true);
    if (!settings) return ExitCode::kConfig;
    for (const FolderSettings& folder : settings->folders) options.paths.push_back(folder.output);
  }
  const auto fs = MakePosixFileSystem();
  return Find(options, *fs);
}

}  // namespace tegodrop
