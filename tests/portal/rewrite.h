// What protection does to an artifact, as far as anybody outside can see: another archive with the same content, a
// protection note in it, and the old signature gone.
#pragma once

#include <functional>
#include <string>

namespace tegodrop::sim {

struct Rewriting {
  std::string source;     // path of the archive
  std::string output;     // path to write; nothing is there yet
  std::string file_name;  // decides the kind, by its ending
  bool sign = false;      // put placeholders of a signature in: names that every tool finds, bytes that verify nothing
  std::function<bool()> cancelled;  // asked now and then; true ends it with a failure
};

// Makes the output: every entry of the source but the signature's, and one more. Returns why it cannot (the archive is
// damaged, or not of its kind), or "" when it is done. Nothing is left at `output` after a failure. Slow: it inflates
// every entry. Safe from every thread.
std::string Rewrite(const Rewriting& rewriting);

}  // namespace tegodrop::sim
