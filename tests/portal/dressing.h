// What the page leaves open about the look of every answer of the portal: Retry-After, fields that nobody knows, nulls.
#pragma once

#include "tests/portal/message.h"
#include "tests/portal/settings.h"

namespace tegodrop::sim {

// Changes an answer of a call as the switches say. Pure but for the time of day.
void Dress(const Settings& settings, Reply* reply);

}  // namespace tegodrop::sim
