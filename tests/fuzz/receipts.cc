// Receipts, on a share that others write to: what passes the release gate says so itself, and names its job and trace.
#include <string>

#include "daemon/cli/submit/receipt.h"
#include "tests/fuzz/fuzz.h"

namespace tegodrop::fuzzing {

void Try(std::string_view input) {
  const auto receipt = ParseReceipt(input);
  if (!receipt) {
    MustBePrintable(receipt.error().message);
    Must(!receipt.error().message.empty(), "a refusal has words");
    return;
  }
  Must(!receipt->job.empty(), "a receipt names its job");
  if (!receipt->passed()) return;
  const bool delivered = receipt->state == Receipt::State::kDelivered;
  Must(!delivered || !receipt->trace.empty(), "a delivery names its trace");
  // Escapes hide no word of a key or a state that was not there: JSON may write each letter as \uNNNN.
  const bool escaped = Contains(input, "\\");
  Must(escaped || Contains(input, delivered ? "\"delivered\"" : "\"duplicate\""), "a receipt that passes says so");
  Must(receipt->kind.empty() && receipt->message.empty(), "what passes has no failure");
}

}  // namespace tegodrop::fuzzing
