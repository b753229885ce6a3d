// What is written for people and programs beside the files: trace, failure record, reason, receipt. Pure: JSON out of a
// job.
#pragma once

#include <string>
#include <vector>

#include "daemon/model/job.h"

namespace tegodrop {

class Json;

// Who wrote a record.
struct Producer {
  std::string host;
  std::string tool_version;
};

// `<protected>.trace.json`: schema tegodrop-trace/1, every key always there, what is not known is null. One object,
// indented, with a newline at its end.
std::string TraceJson(const Job& job, const Producer& producer);

// `<file_name>.<job>.failed.json`: the trace's fields as far as they are known, plus `failure` {kind, message, remedy,
// status_message, error_message, signing_error_message}. `protected_output` and the time of delivery are null: nothing
// was delivered.
std::string FailedJson(const Job& job, const Producer& producer);

// `NAME.reason.json` in the drop folder's failed/: {schema: tegodrop-reason/1, job, file_name, sha256, failure, times},
// `times` as in the trace. The same row gives the same bytes, so that a second try finds its own reason.
std::string ReasonJson(const Job& job);

// `receipts/<id>.json`: {schema: tegodrop-receipt/1, state: delivered|failed|duplicate, job, file_name, sha256, trace,
// failure}; `trace` is the trace's absolute path, or null. Published and delivered give delivered, or duplicate with
// the trace of the earlier delivery; all else failed.
std::string ReceiptJson(const Job& job);

// Where the trace of a published or delivered job stands, of a duplicate that of the earlier delivery, absolute; empty
// for every other.
std::string TracePath(const Job& job);

// The member `checks` of an open object: a list of {id, result, detail}.
void WriteChecks(Json& json, const std::vector<Check>& checks);

// `<protected>.sha256`: hex, two spaces, name, newline, as `sha256sum -c` reads it.
std::string ChecksumLine(const Job& job);

// The receipt's id: the sidecar's submit_id where it is safe as a file name, else the job's id.
std::string ReceiptId(const Job& job);

// Every id under which a receipt of the job may stand: a submit_id may come twice, and then the second job's receipt
// stands beside the first one's, under a name that tells the job.
std::vector<std::string> ReceiptIds(const Job& job);

}  // namespace tegodrop
