// The log into systemd's journal, with its fields as the journal's own: MESSAGE (the line as a person reads it),
// PRIORITY, TEGODROP_EVENT, and each field as TEGODROP_<KEY>, so that 'journalctl TEGODROP_JOB=…' gives one job's life.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "daemon/base/log.h"

namespace tegodrop {

// Thread-safe. What the journal does not take (it is being restarted) is dropped, as sd_journal_sendv(3) says.
std::unique_ptr<AdjustableLog> MakeJournalLog(LogLevel level);

// Whether there is a journal to write to: without one each line would be lost in silence.
bool JournalListens();

// Whether standard error is connected to the journal (systemd.exec(5), $JOURNAL_STREAM). `journal_stream` may be null.
bool StderrIsJournal(const char* journal_stream);

// MESSAGE_ID of an event, 32 hex digits: the key of its entry in the message catalog. The same name gives the same id
// for ever.
std::string MessageId(std::string_view event);

}  // namespace tegodrop
