#include "daemon/base/error.h"

#include <cstring>
#include <utility>

#include "daemon/base/text.h"

namespace tegodrop {

std::string_view ToString(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kRetry:
      return "retry";
    case ErrorKind::kSlowDown:
      return "slow_down";
    case ErrorKind::kSignIn:
      return "sign_in";
    case ErrorKind::kRejected:
      return "rejected";
    case ErrorKind::kExpired:
      return "expired";
    case ErrorKind::kCorrupt:
      return "corrupt";
    case ErrorKind::kLocalDisk:
      return "local_disk";
    case ErrorKind::kCancelled:
      return "cancelled";
    case ErrorKind::kTakenOver:
      return "taken_over";
    case ErrorKind::kBug:
      return "bug";
  }
  return "bug";
}

Error PosixError(std::string_view what, std::string_view path, int errno_value) {
  char buffer[128];
  // GNU strerror_r: returns the text, which need not stand in the buffer.
  const char* text = strerror_r(errno_value, buffer, sizeof buffer);
  Error error;
  error.kind = ErrorKind::kLocalDisk;
  error.message = std::string(what) + " " + Printable(path) + ": " + text;
  error.sys = errno_value;
  return error;
}

Error MakeError(ErrorKind kind, std::string message) {
  Error error;
  error.kind = kind;
  error.message = std::move(message);
  return error;
}

}  // namespace tegodrop
