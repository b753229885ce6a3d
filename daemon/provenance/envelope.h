// A statement in a signed DSSE envelope (https://github.com/secure-systems-lab/dsse), one line of JSON as
// `.intoto.jsonl` files hold it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/provenance/key.h"

namespace tegodrop {

struct Envelope {
  struct Signature {
    KeyId key;  // as the signer called it: a hint, never a proof
    std::string bytes;
  };
  std::string payload_type;
  std::string payload;
  std::vector<Signature> signatures;
};

// The statement, signed. Errors as SigningKey::Sign.
Result<std::string> WriteEnvelope(std::string_view statement, const SigningKey& key);

// kCorrupt, in words that follow a name, for what is no such envelope of one line, or none of an in-toto statement.
Result<Envelope> ReadEnvelope(std::string_view line);

// Whether one of the signatures is the key's over this very payload.
bool IsSignedBy(const Envelope& envelope, const VerifyingKey& key);

}  // namespace tegodrop
