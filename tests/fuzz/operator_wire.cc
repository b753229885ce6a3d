// The control socket's lines, both ways: what is taken is written back and read again as the same.
#include "daemon/app/operator_wire.h"

#include <string>

#include "tests/fuzz/fuzz.h"

namespace tegodrop::fuzzing {
namespace {

void MustBeOneLine(const std::string& text) {
  Must(!text.empty() && text.find('\n') == text.size() - 1, "a message is one line", text);
}

}  // namespace

void Try(std::string_view input) {
  const auto request = ReadRequest(input);
  if (request) {
    Must(request->jobs.size() <= kMostJobs, "jobs are counted");
    const std::string text = WriteRequest(*request);
    MustBeOneLine(text);
    const auto again = ReadRequest(text);
    Must(again.has_value(), "a request that was taken is taken again", text);
    Must(WriteRequest(*again) == text, "and is the same", text);
  } else {
    MustBePrintable(request.error().message);
  }
  const auto answer = ReadAnswer(input);
  if (answer) {
    (void)ExitCodeOf(*answer);
    const std::string text = WriteAnswer(*answer);
    MustBeOneLine(text);
    const auto again = ReadAnswer(text);
    Must(again.has_value(), "an answer that was taken is taken again", text);
    Must(WriteAnswer(*again) == text && ExitCodeOf(*again) == ExitCodeOf(*answer), "and is the same", text);
  } else {
    MustBePrintable(answer.error().message);
  }
}

}  // namespace tegodrop::fuzzing
