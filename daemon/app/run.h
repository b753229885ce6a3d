// `run` and `run --once`: from settings to an exit code.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "config/settings.h"
#include "daemon/app/exit_code.h"
#include "daemon/app/reload.h"
#include "daemon/base/log.h"
#include "daemon/base/secret.h"
#include "daemon/provenance/key.h"

namespace tegodrop {

struct RunOptions {
  bool once = false;
  std::optional<std::chrono::milliseconds> timeout;  // of --once
  bool json = false;                                 // a document on standard output at the end
  bool progress = false;                             // a line for each artifact on standard error, a terminal
  // Reads config and token again from where they came from, on SIGHUP and 'tegodrop reload'; called beside the loop.
  std::function<ReadAgain()> read_again;
  Secret webhook;                            // the URL that is told of trouble; empty: nobody is
  std::optional<SigningKey> provenance_key;  // nullopt where no folder's provenance is signed
};

// Blocks until the end. Owns the process's signals meanwhile: SIGTERM, SIGINT and SIGHUP may be blocked before and are
// unblocked once they are handled. `proxy_token`: empty where none is configured.
ExitCode Run(const Settings& settings, Secret token, Secret proxy_token, const RunOptions& options);

}  // namespace tegodrop
