// A log that a test can read.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/base/log.h"

namespace tegodrop::testing {

class RecordedLog final : public Log {
 public:
  void Write(LogLevel level, std::string_view event, std::string_view message,
             std::initializer_list<LogField> fields) override {
    lines.push_back(FormatLogLine(LogFormat::kText, 0, level, event, message, fields));
    events.emplace_back(event);
  }
  long Count(std::string_view event) const { return std::count(events.begin(), events.end(), event); }
  bool Contains(std::string_view text) const {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.find(text) != std::string::npos; });
  }

  std::vector<std::string> lines;
  std::vector<std::string> events;
};

}  // namespace tegodrop::testing
