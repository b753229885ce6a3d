// This machine's name, as traces and reports say it.
#pragma once

#include <string>

namespace tegodrop {

// Empty where it has none.
std::string HostName();

}  // namespace tegodrop
