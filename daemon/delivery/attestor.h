// What a delivery's provenance is: made of its trace, signed where its folder wants it signed.
#pragma once

#include <optional>
#include <string>

#include "daemon/base/result.h"
#include "daemon/model/job.h"
#include "daemon/provenance/key.h"

namespace tegodrop {

struct Attestation {
  std::string name;  // that it appears under, beside the output; empty: the job asks for none
  std::string content;
};

class Attestor {
 public:
  // The key that signs from now on; nullopt: none.
  void Use(std::optional<SigningKey> key) { key_ = std::move(key); }

  // `trace`: as it will stand beside the job's output, whose name is chosen. kLocalDisk with ENOKEY where it is to be
  // signed and there is no key; kBug.
  Result<Attestation> Attest(const Job& job, const std::string& trace) const;

 private:
  std::optional<SigningKey> key_;
};

}  // namespace tegodrop
