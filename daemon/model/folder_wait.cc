#include "daemon/model/folder_wait.h"

namespace tegodrop {

bool WaitsForFolder(const Job& job) {
  const std::string_view words = job.waiting.for_what;
  return !job.finished && (words.starts_with(kOutputWait) || words.starts_with(kFolderWait));
}

}  // namespace tegodrop
