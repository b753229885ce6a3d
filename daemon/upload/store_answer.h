// What the answer to the PUT of an object means. Pure.
#pragma once

#include <cstdint>

#include "daemon/base/clock.h"
#include "daemon/base/result.h"
#include "daemon/net/transfer.h"

namespace tegodrop {

enum class Stored : std::uint8_t {
  kYes,
  kNo,       // provably not
  kUnknown,  // the whole object had left, and what came back does not say
};

struct StoreVerdict {
  Stored stored = Stored::kUnknown;
  // Unless kYes. kNo: kExpired (401, 403, or a 400 that speaks of expiry), kRejected (any other 4xx, unless its error
  // code names passing trouble, as RequestTimeout does), kRetry (everything else). kUnknown: kRetry with
  // outcome_unknown. Never contains what the store wrote but its error code: an object store repeats the signature
  // there.
  Error error;
};

// `whole`: the transfer had taken every byte. Where it had not, nothing can have been stored, whatever the answer says:
// the body's length was announced. A 4xx says that the store did not take the object, also after the last byte; 408 and
// 5xx say nothing.
StoreVerdict JudgeStoreAnswer(const Result<HttpAnswer>& answer, bool whole, WallMs now);

}  // namespace tegodrop
