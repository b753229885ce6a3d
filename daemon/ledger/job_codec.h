// A Job as the columns of its row, and back, without loss: every optional, every list, every byte of a file name.
#pragma once

#include <string>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/ledger/sqlite_db.h"
#include "daemon/model/job.h"

namespace tegodrop {

// The columns that hold a job's fields, in the order in which BindJob binds and ReadJob reads them. "id" is the first.
const std::vector<std::string>& JobColumns();

// Binds every column, continuing after what is bound already.
void BindJob(const Job& job, Statement& to);

// Reads every column from number `first` on. kCorrupt where a column holds what no Job can (a newer program's word).
Result<Job> ReadJob(const Statement& row, int first);

}  // namespace tegodrop
