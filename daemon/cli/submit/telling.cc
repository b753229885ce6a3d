#include "daemon/cli/submit/telling.h"

#include <optional>

#include "daemon/base/json.h"
#include "daemon/base/text.h"
#include "daemon/base/units.h"

namespace tegodrop {
namespace {

// For a POSIX shell.
std::string Quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

void WriteFailure(Json& json, const Awaited& outcome) {
  if (!outcome.failed()) return json.Null("failure");
  json.Begin("failure");
  json.Known("kind", outcome.receipt ? outcome.receipt->kind : "");
  json.Known("message", outcome.receipt ? outcome.receipt->message : outcome.fault);
  json.Known("remedy", outcome.receipt ? outcome.receipt->remedy : "");
  json.End();
}

std::string_view StateOf(const Dropped& one) {
  if (one.outcome.receipt) return ToString(one.outcome.receipt->state);
  if (!one.outcome.fault.empty()) return "failed";
  return one.parcel.placed ? "dropped" : "";
}

}  // namespace

std::string DroppedLine(const SubmitOptions& options, const Dropped& one) {
  return Printable(one.parcel.name) + ": dropped into " + Printable(options.folder) + ", submit_id " +
         one.outcome.submit_id + "\n";
}

std::string PassedLine(const Awaited& one) {
  const Receipt& receipt = *one.receipt;
  std::string line = Printable(one.label()) + ": ";
  line += receipt.state == Receipt::State::kDuplicate ? "delivered before" : "delivered";
  line += ", job " + Printable(receipt.job);
  if (!receipt.trace.empty()) line += ", trace " + Printable(receipt.trace);
  return line + "\n";
}

std::string FailedLine(const Awaited& one) {
  std::string line = "tegodrop: " + Printable(one.label()) + ": ";
  if (!one.receipt) return line + Printable(one.fault) + "\n";
  const Receipt& receipt = *one.receipt;
  line += "failed";
  if (!receipt.kind.empty()) line += " (" + Printable(receipt.kind) + ")";
  line += ", job " + Printable(receipt.job);
  if (!receipt.message.empty()) line += ": " + Printable(receipt.message);
  if (!receipt.remedy.empty()) line += ". " + Printable(receipt.remedy);
  return line + "\n";
}

std::string LookAgain(const SubmitOptions& options, const std::vector<Dropped>& drops) {
  std::string command = "tegodrop submit --folder " + Quoted(options.folder);
  if (options.rooms != SubmitOptions().rooms) command += " --rooms " + Quoted(options.rooms);
  for (const Dropped& one : drops) {
    if (one.outcome.open()) command += " --receipt " + one.outcome.submit_id;
  }
  command += " --wait";
  if (options.timeout) command += " --timeout " + FormatDuration(*options.timeout);
  return "tegodrop: to look again: " + command + "\n";
}

std::string Document(const SubmitOptions& options, const std::vector<Dropped>& drops) {
  Json json(2);
  json.Begin();
  json.Text("schema", "tegodrop-submit/1");
  json.Text("folder", options.folder);
  json.BeginList("artifacts");
  for (const Dropped& one : drops) {
    const std::optional<Receipt>& receipt = one.outcome.receipt;
    json.Begin();
    json.Known("file", one.parcel.file);
    json.Known("file_name", receipt && one.outcome.file_name.empty() ? receipt->file_name : one.outcome.file_name);
    json.Text("submit_id", one.outcome.submit_id);
    json.Number("size", one.parcel.placed ? std::optional(static_cast<std::int64_t>(one.parcel.size)) : std::nullopt);
    json.Known("sha256", receipt && one.outcome.sha256.empty() ? receipt->sha256 : one.outcome.sha256);
    json.Known("commit_sha", one.parcel.sidecar.commit);
    json.Known("commit_from", one.parcel.commit_from);
    json.Known("state", StateOf(one));
    json.Known("job", receipt ? receipt->job : "");
    json.Known("trace", receipt ? receipt->trace : "");
    WriteFailure(json, one.outcome);
    json.End();
  }
  json.EndList();
  json.End();
  return json.Finish();
}

}  // namespace tegodrop
