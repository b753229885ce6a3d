// Gives each file of the corpus to the target once: `TARGET [-OPTION…] FOLDER`.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

#include "tests/fuzz/fuzz.h"

int main(int argc, char** argv) {
  int inputs = 0;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]).starts_with("-")) continue;  // libFuzzer's
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes(std::istreambuf_iterator<char>(file), {});
      std::cerr << entry.path().filename().string() << "\n";
      tegodrop::fuzzing::Try(bytes);
      ++inputs;
    }
  }
  tegodrop::fuzzing::Try("");
  std::cout << inputs << " inputs of the corpus, 0 findings\n";
  return inputs > 0 ? 0 : 1;
}
