// What a receipt says. Pure; it stands on a share that others write to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/result.h"

namespace tegodrop {

struct Receipt {
  enum class State : std::uint8_t { kDelivered, kDuplicate, kFailed };
  State state = State::kFailed;
  std::string job;
  std::string file_name;
  std::string sha256;  // empty where the daemon did not come to read the file
  std::string trace;   // as the daemon's host names it; empty where there is none
  // Of a failure:
  std::string kind;
  std::string message;
  std::string remedy;

  bool passed() const { return state != State::kFailed; }
};

// The word of a state in a receipt.
std::string_view ToString(Receipt::State state);

// kCorrupt with what is wrong. Strict in what lets a release pass: schema, state, job, and the trace of a delivery must
// be there and be text.
Result<Receipt> ParseReceipt(std::string_view text);

}  // namespace tegodrop
