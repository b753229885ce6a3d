// An error as a value: what kind of reaction it asks for, what a person should read, and what it was about.
//
// Kinds name reactions and not causes: whoever handles an error decides by its kind alone what to do next, and the
// message is only ever shown, never parsed. Errors are copied freely and own all they hold. They never contain a
// credential or the query of a signed URL.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tegodrop {

enum class ErrorKind : std::uint8_t {
  kRetry,      // passing trouble (connection, 5xx, time-out): the same again, later
  kSlowDown,   // the other side has enough (429): wait, and do not count it as a try
  kSignIn,     // credentials refused (401, 403 of the portal): ask nothing until they change
  kRejected,   // refused for good: the same request will never succeed
  kExpired,    // a signed URL is no longer accepted: ask for a new one
  kCorrupt,    // bytes are not what they must be
  kLocalDisk,  // a local file or folder could not be read or written
  kCancelled,  // given up on request
  kTakenOver,  // another host has it now: leave it
  kBug,        // a state that the program holds impossible
};

// The kind's name in logs and in the ledger, e.g. "slow_down".
std::string_view ToString(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::kBug;
  std::string message;  // one sentence that a person can act on, without a full stop
  int sys = 0;          // errno where the system said so, else 0
  int http_status = 0;  // the answer's status where there was one, else 0
  // A floor under the next try, from Retry-After; nullopt where the other side named none.
  std::optional<std::chrono::milliseconds> retry_after;
  // True where the request may have taken effect although no answer came (its last byte had left).
  bool outcome_unknown = false;
  // True where nothing was asked: its host is left alone for a while, and `retry_after` says how long. No try, then.
  bool held_back = false;
};

// The one place where an error of the system is made: "<what> <path>: <strerror>" of kind kLocalDisk, with errno in
// `sys`.
Error PosixError(std::string_view what, std::string_view path, int errno_value);

// An error of the given kind with nothing but a message.
Error MakeError(ErrorKind kind, std::string message);

}  // namespace tegodrop
