// What the room itself checks of an output, beside what its archive shows. Pure. Internal.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/model/job.h"
#include "daemon/share/output_folder.h"

namespace tegodrop {

// More than any build of a source of this size can have; 0: not known.
std::uint64_t LargestOutput(std::uint64_t source);

// The bytes that came against the length that the store named, and against the source where that is known.
std::vector<Check> OwnChecks(const Job& job, const StagedFacts& facts, std::optional<std::uint64_t> total);

// What the history calls signed, and what the folder wants signed, carries a signature: the archive's check says fail
// where it has none.
void RequireSignature(const Job& job, std::vector<Check>& checks);

// The same app as the source ("package"), of the same version ("version"; what the source's manifest does not say may
// be anything), signed by nobody but whom the folder expects ("signer"). `sound`: no check of the archive failed; else
// these three were not looked at.
std::vector<Check> IdentityChecks(const Job& job, const ProtectedFacts& facts, bool sound);

// What the job's warn_checks name becomes a warning, and says so.
void SoftenChecks(const Job& job, std::vector<Check>& checks);

}  // namespace tegodrop
