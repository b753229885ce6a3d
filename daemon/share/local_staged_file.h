// A staged file of an output folder on workers. Internal.
#pragma once

#include <memory>

#include "daemon/loop/task_runner.h"
#include "daemon/share/output_folder.h"
#include "daemon/share/staged_writer.h"

namespace tegodrop {

// `writers` must outlive it. What it has under way on the writer may outlive it.
std::unique_ptr<StagedFile> MakeLocalStagedFile(TaskRunner& writers, std::shared_ptr<StagedWriter> writer);

}  // namespace tegodrop
