// How an upload in parts may end, and what the row then says.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/upload/parts_rig.h"

namespace tegodrop::testing {

using Ids = std::vector<std::string>;

inline Error DiskFull() { return MakeError(ErrorKind::kLocalDisk, "the ledger's disk is full"); }

inline Reply Breaks(ErrorKind kind = ErrorKind::kRetry, std::uint64_t after = UINT64_MAX) {
  Reply reply;
  reply.error = MakeError(kind, "connection reset");
  reply.error->outcome_unknown = after == UINT64_MAX;
  reply.after = after;
  return reply;
}

// The upload is over, the row as good as new, and what was begun is left to be aborted.
inline void ExpectDropped(const PartsRig& rig, ErrorKind kind) {
  EXPECT_EQ(rig.done_calls, 1);
  EXPECT_EQ(rig.error().kind, kind) << rig.error().message;
  EXPECT_FALSE(rig.error().outcome_unknown);
  EXPECT_EQ(rig.row().state, JobState::kClaimed);
  EXPECT_FALSE(rig.row().multipart);
  EXPECT_EQ(rig.row().last_chunk_left, 0);
  EXPECT_EQ(rig.row().sends, 0);
  EXPECT_EQ(rig.AbortsLeft(), Ids{"up-1"});
  EXPECT_EQ(rig.clock.pending(), 0U);
  for (const auto& call : rig.transfer.calls) EXPECT_FALSE(call->live);
}

// The upload stands, with what has arrived.
inline void ExpectKept(const PartsRig& rig, ErrorKind kind, int tries, const std::set<int>& parts) {
  EXPECT_EQ(rig.done_calls, 1);
  EXPECT_EQ(rig.error().kind, kind) << rig.error().message;
  EXPECT_FALSE(rig.error().outcome_unknown);
  EXPECT_EQ(rig.row().last_chunk_left, 0);
  EXPECT_EQ(rig.RecordedParts(), parts);
  EXPECT_EQ(rig.row().upload_tries, tries);
  EXPECT_TRUE(rig.row().aborts.empty());
  EXPECT_EQ(rig.clock.pending(), 0U);
  for (const auto& call : rig.transfer.calls) EXPECT_FALSE(call->live);
}

// Another attempt, from the row that the first one left, ends well with one object.
inline void ExpectGoesOn(const Job& row, std::size_t parts_sent) {
  PartsRig rig(From(row));
  rig.portal.completions.answers.push_back(Status{});
  rig.Start();
  rig.Serve();
  EXPECT_TRUE(rig.result && *rig.result) << rig.error().message;
  EXPECT_EQ(rig.transfer.calls.size(), parts_sent);
  EXPECT_EQ(rig.row().state, JobState::kSubmitted);
}

inline std::set<int> AllBut(int missing) {
  std::set<int> numbers;
  for (int number = 1; number <= kParts; ++number) {
    if (number != missing) numbers.insert(number);
  }
  return numbers;
}

}  // namespace tegodrop::testing
