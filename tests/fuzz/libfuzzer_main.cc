// A target as a Bazel test with libFuzzer: `TARGET [-OPTION…] CORPUS`. Runs for $FUZZ_SECONDS (10 unless set), never
// writes into the corpus, and says at its end how much it tried. An input that finds something is kept among the test's
// outputs. Started with -runs=… or -merge=… or a file it is libFuzzer as it is.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"

namespace {

// Kept for as long as the process lives: libFuzzer holds pointers to them.
std::vector<std::string> arguments;
std::vector<char*> pointers;
unsigned long executions = 0;

std::string Environment(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

void SayHowMuch() {
  std::printf("%lu executions, 0 findings\n", executions);
  std::fflush(stdout);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  arguments.assign(*argv, *argv + *argc);
  const std::string scratch = Environment("TEST_TMPDIR", "");
  if (scratch.empty()) return 0;  // started by hand
  const auto corpus = std::find_if(arguments.begin() + 1, arguments.end(), [](auto& one) { return one[0] != '-'; });
  // What is found to be new goes into the first folder.
  const std::string fresh = scratch + "/corpus";
  std::filesystem::create_directories(fresh);
  arguments.insert(corpus, fresh);
  arguments.push_back("-max_total_time=" + Environment("FUZZ_SECONDS", "10"));
  // By day the same inputs each time, so that nobody's change fails for what was there before; a longer run looks
  // further.
  if (Environment("FUZZ_SECONDS", "").empty()) arguments.push_back("-seed=1");
  arguments.push_back("-artifact_prefix=" + Environment("TEST_UNDECLARED_OUTPUTS_DIR", scratch) + "/");
  arguments.push_back("-rss_limit_mb=1024");
  arguments.push_back("-timeout=20");
  arguments.push_back("-verbosity=0");
  for (std::string& one : arguments) pointers.push_back(one.data());
  *argc = static_cast<int>(pointers.size());
  pointers.push_back(nullptr);
  *argv = pointers.data();
  std::atexit(SayHowMuch);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  ++executions;
  tegodrop::fuzzing::Try({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
