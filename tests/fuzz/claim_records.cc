// Records of other hosts, on a share that others write to: what is read says no more than what was written.
#include <string>

#include "daemon/share/claim_record.h"
#include "tests/fuzz/fuzz.h"

namespace tegodrop::fuzzing {

void Try(std::string_view input) {
  if (const auto record = ReadClaimRecord(input)) {
    const auto again = ReadClaimRecord(WriteClaimRecord(*record));
    Must(again.has_value(), "what was read can be written");
    Must(*again == *record, "and read again as it was");
  } else {
    MustBePrintable(record.error().message);
    Must(!record.error().message.empty(), "a refusal has words");
  }
  if (const auto beat = ReadHostBeat("id", input)) {
    const auto again = ReadHostBeat("id", WriteHostBeat(*beat));
    Must(again.has_value(), "what was read can be written");
    Must(*again == *beat, "and read again as it was");
  } else {
    MustBePrintable(beat.error().message);
  }
}

}  // namespace tegodrop::fuzzing
