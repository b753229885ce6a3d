// The command line of `verify` and `trace find`.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "daemon/cli/verify/options.h"

namespace tegodrop {

// Who of the two was asked for, after parsing.
struct VerifyCommands {
  CLI::App* verify = nullptr;
  CLI::App* find = nullptr;
};

// Adds the commands to `app`; what was asked for is in the options after parsing, which must outlive `app`. `common`
// adds what every command has.
VerifyCommands AddVerifyCommands(CLI::App& app, VerifyOptions& verify, FindOptions& find,
                                 const std::function<void(CLI::App&)>& common);

// Brings what was asked of `trace find` into one form; what is wrong with it, empty where nothing is.
std::string FindFault(FindOptions& find);

}  // namespace tegodrop
