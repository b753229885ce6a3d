#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/random.h"
#include "daemon/base/text.h"
#include "daemon/base/version.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/submit/attended.h"
#include "daemon/cli/submit/commit.h"
#include "daemon/cli/submit/submit.h"
#include "daemon/disk/file_system.h"
#include "daemon/model/artifact.h"

namespace tegodrop {
namespace {

ExitCode Usage(const std::string& text) {
  std::fprintf(stderr, "%s: %s\nTry '%s submit --help'.\n", kToolName, Printable(text).c_str(), kToolName);
  return ExitCode::kUsage;
}

std::vector<CiVariable> CommitVariables() {
  std::vector<CiVariable> set;
  for (const char* name : kCommitVariables) {
    if (const char* value = std::getenv(name)) set.push_back({name, value});
  }
  return set;
}

}  // namespace

ExitCode SubmitCommand(const CommandLine& line) {
  SubmitOptions options = line.submit;
  if (!options.commit.empty()) {
    auto commit = CheckedCommit(options.commit);
    if (!commit) return Usage("--commit " + commit.error().message);
    options.commit = *commit;
  }
  options.environment = CommitVariables();
  for (const std::string& id : options.receipts) {
    if (!NamesReceipt(id)) return Usage("--receipt wants a submit_id as submit printed it, and not '" + id + "'");
  }
  std::set<std::string> names;
  for (const std::string& file : options.files) {
    if (!names.insert(NameOf(file)).second) {
      return Usage("two files are named " + NameOf(file) + ": submit them one after the other");
    }
  }
  return RunAttended(
      [&](Desk& desk) {
        const auto fs = MakePosixFileSystem();
        const SystemClock clock;
        SystemRandom random;
        return Submit(options, {*fs, clock, random}, desk);
      },
      {});
}

}  // namespace tegodrop
