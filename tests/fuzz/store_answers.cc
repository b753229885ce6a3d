// What an object store answers to a PUT: `STATUS-BYTES WHOLE-BYTE HEADER-LINE\nBODY`. Nothing is taken for stored that
// did not leave whole, and no message repeats what the store wrote.
#include <string>

#include "daemon/upload/store_answer.h"
#include "tests/fuzz/fuzz.h"

namespace tegodrop::fuzzing {

void Try(std::string_view input) {
  Pieces pieces(input);
  HttpAnswer answer;
  answer.status = 100 + (pieces.Byte() * 256 + pieces.Byte()) % 500;
  const bool whole = pieces.Byte() % 2 != 0;
  const std::string line(pieces.Line());
  answer.headers = {{"retry-after", line}, {"date", line}, {"content-type", line}, {"etag", line}};
  if (Contains(pieces.rest(), "SIGNED")) return;
  constexpr std::string_view kSecret = "X-Amz-Signature=SIGNED";
  answer.body = std::string(pieces.rest()) + std::string(kSecret) + std::string(pieces.rest());
  const StoreVerdict verdict = JudgeStoreAnswer(answer, whole, 1'700'000'000'000);
  Must(whole || verdict.stored == Stored::kNo, "what did not leave whole is not stored");
  Must(verdict.stored != Stored::kYes || answer.status / 100 == 2, "a success is a success");
  Must((verdict.stored == Stored::kUnknown) == (verdict.stored != Stored::kYes && verdict.error.outcome_unknown),
       "an unknown outcome is called so");
  if (verdict.stored == Stored::kYes) return;
  MustBePrintable(verdict.error.message);
  Must(!verdict.error.message.empty(), "a refusal has words");
  Must(!Contains(verdict.error.message, "SIGNED"), "no message repeats a signature", verdict.error.message);
}

}  // namespace tegodrop::fuzzing
