#include "daemon/cli/submit/receipt.h"

#include <utility>

#include "daemon/base/safe_json.h"
#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr std::string_view kSchema = "tegodrop-receipt/1";

Unexpected Wrong(std::string what) { return Fail(ErrorKind::kCorrupt, std::move(what)); }

// Texts alone: a number or an object where a text belongs is nothing that the daemon wrote.
std::string TextOf(const JsonValue& object, std::string_view key) {
  const JsonValue* value = Member(object, key);
  if (value == nullptr || !value->IsString()) return "";
  return {value->GetString(), value->GetStringLength()};
}

Result<Receipt::State> StateOf(const std::string& word) {
  for (const auto state : {Receipt::State::kDelivered, Receipt::State::kDuplicate, Receipt::State::kFailed}) {
    if (word == ToString(state)) return state;
  }
  return Wrong("its state is '" + Printable(word.substr(0, 40)) + "', which this version does not know");
}

}  // namespace

std::string_view ToString(Receipt::State state) {
  switch (state) {
    case Receipt::State::kDelivered:
      return "delivered";
    case Receipt::State::kDuplicate:
      return "duplicate";
    case Receipt::State::kFailed:
      break;
  }
  return "failed";
}

Result<Receipt> ParseReceipt(std::string_view text) {
  const auto document = ParseJson(text);
  if (!document) return Wrong("it is no JSON that can be read");
  if (TextOf(*document, "schema") != kSchema) return Wrong("its schema is not " + std::string(kSchema));
  auto state = StateOf(TextOf(*document, "state"));
  if (!state) return Fail(state.error());
  Receipt receipt;
  receipt.state = *state;
  receipt.job = TextOf(*document, "job");
  receipt.file_name = TextOf(*document, "file_name");
  receipt.sha256 = TextOf(*document, "sha256");
  receipt.trace = TextOf(*document, "trace");
  if (receipt.job.empty()) return Wrong("it names no job");
  if (receipt.state == Receipt::State::kDelivered && receipt.trace.empty()) return Wrong("it names no trace");
  if (const JsonValue* failure = Member(*document, "failure"); failure != nullptr && !receipt.passed()) {
    receipt.kind = TextOf(*failure, "kind");
    receipt.message = TextOf(*failure, "message");
    receipt.remedy = TextOf(*failure, "remedy");
  }
  return receipt;
}

}  // namespace tegodrop
