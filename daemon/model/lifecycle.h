// A job's states and the only table of transitions between them. Pure.
//
// Each state is named for what has been recorded, so that the row alone says how to go on:
//   claiming   the intent to claim: the artifact may or may not stand in our room yet
//   claimed    the artifact stands in our room (or in the spool)
//   requested  the portal gave an upload URL and a start_time
//   uploading  bytes may be leaving; the last chunk has not left unless last_chunk_left says so
//   completing (multipart) every part is there, Complete may be on its way
//   confirming whether the portal has the object is unknown: the history is asked
//   submitted  the portal has the object
//   building   the history shows the build
//   built      the release gates are passed
//   fetched    the protected output stands checked and synced under a staging name
//   published  output and trace stand in the output folder (of a duplicate: the earlier delivery's); the source is not
//              yet put away
//   delivered, failed, cancelled: ends
//   reclaiming a person wants an ended job back at work: its artifact is being taken back out of failed/
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tegodrop {

enum class JobState : std::uint8_t {
  kClaiming,
  kClaimed,
  kRequested,
  kUploading,
  kCompleting,
  kConfirming,
  kSubmitted,
  kBuilding,
  kBuilt,
  kFetched,
  kPublished,
  kDelivered,
  kFailed,
  kCancelled,
  kReclaiming,
};

std::string_view ToString(JobState state);
std::optional<JobState> JobStateFromString(std::string_view text);

// Whether a row may go from one state to the other. Staying is always allowed.
bool MayFollow(JobState from, JobState to);

// Whether a person's command may put an ended job back to work so: failed and cancelled ones to reclaiming, delivered
// ones to built (to be published once more). Nothing but such a command ever leaves an end.
bool MayReopen(JobState from, JobState to);

// delivered, failed, cancelled.
bool IsEnd(JobState state);

// submitted, building: the history is to be asked about it (confirming asks too, for another reason).
bool AwaitsBuild(JobState state);

}  // namespace tegodrop
