// Jobs and folders as status and show present them.
#pragma once

#include <string>
#include <vector>

#include "daemon/base/json.h"
#include "daemon/ledger/ledger.h"
#include "daemon/model/job.h"

namespace tegodrop {

// The fields of one job that both documents have, into the object that is open.
void WriteJobFields(Json& json, const Job& job, const std::vector<Pause>& pauses);
// "failure": {kind, message, remedy}, or null.
void WriteFailureField(Json& json, const Job& job);

// The lines of one job for people: what it is, what it waits for, why it failed.
void PrintJob(std::FILE* to, const Job& job, const std::vector<Pause>& pauses);

}  // namespace tegodrop
