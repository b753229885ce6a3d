// What a webhook is sent: one JSON document for an event, or for many of the same kind. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/ledger/outbox.h"

namespace tegodrop {

// So many of a bundle are named.
inline constexpr std::size_t kMostNamed = 20;

// {schema: tegodrop-event/1, event, state: happened|begun|over, host, time, tool, count, folder, job, file_name, kind,
// message, remedy, items, text}. `events`: at least one, all of the same event and state; of several the fields say
// what they share, and `items` names the first of them. `text` says all of it in one line that chat systems show:
// whatever they would take for a link, a mention or a command is written with look-alikes.
std::string EventDocument(const std::vector<OutboxEvent>& events, const std::string& host, const std::string& version);

// The line alone.
std::string EventText(const std::vector<OutboxEvent>& events, const std::string& host);

}  // namespace tegodrop
