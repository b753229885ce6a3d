#include "daemon/cli/portal/standing.h"

#include <cerrno>

#include "daemon/base/safe_json.h"
#include "daemon/base/text.h"
#include "daemon/delivery/records.h"
#include "daemon/disk/layout.h"
#include "daemon/disk/whole_file.h"
#include "daemon/provenance/envelope.h"
#include "daemon/provenance/statement.h"

namespace tegodrop {
namespace {

constexpr std::size_t kLargestTrace = 4 << 20;

Standing Trouble(const std::string& what, const Error& error) {
  if (error.sys == ENOENT) return {what + " is not there any more"};
  return {what + " cannot be read: " + error.message, true};
}

Standing Checksum(FileSystem& fs, int folder, const Job& job) {
  const auto text = ReadWhole(fs, folder, ChecksumName(job.output.protected_name), kLargestTrace);
  if (!text) return Trouble("its .sha256", text.error());
  if (*text != ChecksumLine(job)) return {"its .sha256 was changed"};
  return {};
}

// The statement that the trace gives, bare or in the envelope that was asked for; who signed that is 'verify''s to say.
Standing ProvenanceFile(FileSystem& fs, int folder, const Job& job, const std::string& trace) {
  if (job.target->provenance == Provenance::kOff) return {};
  const std::string& output = job.output.protected_name;
  const bool sealed = job.target->provenance == Provenance::kSigned;
  const auto text = ReadWhole(fs, folder, sealed ? EnvelopeName(output) : StatementName(output), kLargestTrace);
  if (!text) return Trouble("its provenance", text.error());
  const auto statement = ProvenanceStatement(trace, TraceName(output));
  const auto envelope = sealed ? ReadEnvelope(*text) : Result<Envelope>(Envelope{"", *text, {}});
  if (!statement || !envelope || envelope->payload != *statement) return {"its provenance is not what was written"};
  return {};
}

Standing Trace(FileSystem& fs, int folder, const Job& job) {
  const std::string name = TraceName(job.output.protected_name);
  const auto text = ReadWhole(fs, folder, name, kLargestTrace);
  if (!text) return Trouble("its trace", text.error());
  const auto trace = ParseJson(*text);
  if (!trace || !trace->IsObject()) return {"its trace is no JSON object any more"};
  // Who wrote it may have had another name then, and another version of the program.
  const JsonValue* tool = Member(*trace, "tool");
  const auto written = ParseJson(TraceJson(job, {TextMember(*trace, "host").value_or(""),
                                                 tool == nullptr ? "" : TextMember(*tool, "version").value_or("")}));
  const bool same = written && *written == *trace;
  if (!same) return {"its trace is not what was written"};
  return ProvenanceFile(fs, folder, job, *text);
}

}  // namespace

Standing StandingOf(FileSystem& fs, const Job& job) {
  const auto folder = fs.OpenFolder(job.target->output_path);
  if (!folder) return Trouble("its output folder", folder.error());
  const auto file = fs.OpenFileAt(folder->get(), job.output.protected_name);
  if (!file) return Trouble("its output", file.error());
  const auto stat = fs.Stat(file->get());
  if (!stat) return Trouble("its output", stat.error());
  if (!stat->IsRegular()) return {"its output is no file any more"};
  if (stat->size != job.output.size) {
    return {"its output has " + std::to_string(stat->size) + " bytes and not " + std::to_string(job.output.size)};
  }
  const auto digest = HashFile(fs, file->get(), stat->size);
  if (!digest) return Trouble("its output", digest.error());
  if (*digest != job.output.sha256) return {"its output was changed: the bytes are not those that were delivered"};
  Standing checksum = Checksum(fs, folder->get(), job);
  return checksum.wrong.empty() ? Trace(fs, folder->get(), job) : checksum;
}

}  // namespace tegodrop
