// Result<T>: a value or the Error that took its place. Status is a Result without a value.
//
// std::expected is not in g++ 12 (C++20) nor clang 14; tl::expected has its interface, so that the switch is this file.
#pragma once

#include <tl/expected.hpp>
#include <utility>

#include "daemon/base/error.h"

namespace tegodrop {

template <typename T>
using Result = tl::expected<T, Error>;

using Status = Result<void>;

using Unexpected = tl::unexpected<Error>;

// `return Fail(ErrorKind::kCorrupt, "…");` from any function that returns a Result.
inline Unexpected Fail(ErrorKind kind, std::string message) { return Unexpected(MakeError(kind, std::move(message))); }
inline Unexpected Fail(Error error) { return Unexpected(std::move(error)); }
inline Unexpected FailPosix(std::string_view what, std::string_view path, int errno_value) {
  return Unexpected(PosixError(what, path, errno_value));
}

}  // namespace tegodrop
