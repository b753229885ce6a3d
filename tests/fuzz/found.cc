#include <cstdlib>
#include <iostream>

#include "tests/fuzz/fuzz.h"

namespace tegodrop::fuzzing {

void Found(std::string_view sentence, std::string_view about) {
  std::cerr << "does not hold: " << sentence << "\n";
  if (!about.empty()) std::cerr << "about: " << Printable(about) << "\n";
  std::abort();
}

}  // namespace tegodrop::fuzzing
