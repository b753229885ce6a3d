// The log: one line for each event, with a stable event name and structured fields, always on standard error.
//
// Thread-safe. Values are escaped here, once, so that no file name can forge a line. Callers never pass a credential or
// a signed URL with its query (UrlWithoutQuery).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/base/clock.h"

namespace tegodrop {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };
enum class LogFormat : std::uint8_t { kText, kJson };

// One structured field; numbers stay numbers in JSON.
struct LogField {
  LogField(std::string_view k, std::string_view v) : key(k), text(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), text(v) {}
  LogField(std::string_view k, const char* v) : key(k), text(v) {}
  LogField(std::string_view k, std::int64_t v) : key(k), text(std::to_string(v)), number(true) {}
  LogField(std::string_view k, std::uint64_t v) : key(k), text(std::to_string(v)), number(true) {}
  LogField(std::string_view k, int v) : key(k), text(std::to_string(v)), number(true) {}
  std::string_view key;
  std::string text;
  bool number = false;
};

class Log {
 public:
  virtual ~Log() = default;
  // `event`: a stable name in lower case with dots, e.g. "job.delivered". `message`: one sentence for a person.
  virtual void Write(LogLevel level, std::string_view event, std::string_view message,
                     std::initializer_list<LogField> fields) = 0;

  void Debug(std::string_view event, std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kDebug, event, message, fields);
  }
  void Info(std::string_view event, std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kInfo, event, message, fields);
  }
  void Warning(std::string_view event, std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kWarning, event, message, fields);
  }
  void Error(std::string_view event, std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kError, event, message, fields);
  }
};

// A log whose level may change while it is in use.
class AdjustableLog : public Log {
 public:
  virtual void SetLevel(LogLevel level) = 0;
};

// Writes to standard error. `clock` must outlive it.
std::unique_ptr<AdjustableLog> MakeStderrLog(LogLevel level, LogFormat format, const Clock& clock);

// One event as one line without its newline: what MakeStderrLog writes. Public for tests.
std::string FormatLogLine(LogFormat format, WallMs time, LogLevel level, std::string_view event,
                          std::string_view message, std::initializer_list<LogField> fields);

// The event without time and level, in one line: for writers that keep these by themselves.
std::string FormatLogText(std::string_view event, std::string_view message, std::initializer_list<LogField> fields);

std::string_view ToString(LogLevel level);

}  // namespace tegodrop
