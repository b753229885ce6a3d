// /control/...: how a test looks at the simulator and steers it. Only loopback reaches it; it asks for no credentials.
#pragma once

#include "tests/portal/message.h"
#include "tests/portal/world.h"

namespace tegodrop::sim {

// What there is, for --help.
extern const char kControlHelp[];

Reply ServeControl(World* world, const Request& request);

}  // namespace tegodrop::sim
