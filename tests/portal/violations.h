// What clients did that the portal's page forbids. A violation names a rule and where it was broken, never a header's
// value, a query or anything else that could be a secret. World::mutex guards it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/portal/json.h"

namespace tegodrop::sim {

struct Violation {
  int64_t milliseconds = 0;  // real time since the start
  std::string rule;          // a word of the table in portal_simulator's tests, such as "field_unknown"
  std::string text;          // for people
};

class Violations {
 public:
  ~Violations();

  // From now on every violation is also a line of this file, written when it happens. Makes the file, empty.
  bool OpenFile(const std::string& path);
  void Add(int64_t milliseconds, std::string_view rule, std::string_view text);
  const std::vector<Violation>& all() const { return all_; }
  // Writes all as one JSON array.
  void Write(JsonWriter* out) const;

 private:
  std::vector<Violation> all_;
  int fd_ = -1;
};

// `text` for a violation or an error body: at most 80 bytes of it, without control characters.
std::string Shown(std::string_view text);

}  // namespace tegodrop::sim
