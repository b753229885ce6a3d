// What every command at the portal has in hand, and what they share in telling how it went.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "daemon/app/exit_code.h"
#include "daemon/app/portal_session.h"
#include "daemon/base/error.h"
#include "daemon/base/json.h"
#include "daemon/cli/portal/options.h"
#include "daemon/cli/portal/person.h"
#include "daemon/disk/file_system.h"

namespace tegodrop {

// All must outlive the command.
struct PortalDesk {
  const PortalOptions& options;
  const Settings& settings;
  PortalSession& session;
  FileSystem& fs;
  Person& person;
};

// Says on standard error why it was not done and what to do; how the command ends. `lookup`: the command that shows
// what there is, for an id that the portal does not know and for what may have been done without an answer.
ExitCode TellRefusal(const Error& error, std::string_view lookup);

// One line on standard error.
void Complain(const std::string& text);

// Whether it may be deleted: --yes, or the person's word. `what` names all of it. Otherwise says why not, and *code is
// how the command ends.
bool MayDelete(const PortalDesk& desk, const std::string& what, ExitCode* code);

// "2026-11-28 21:48" of Unix seconds, by the local clock or, with `utc`, with a Z behind it; "" for none.
std::string TimeCell(std::optional<std::int64_t> seconds, bool utc);
// "2026-11-28".
std::string DayCell(std::optional<std::int64_t> seconds, bool utc);

// A list of rows as the portal wrote them (`json` of each), below `key`.
template <typename Row>
std::string RowsDocument(std::string_view schema, std::string_view key, const std::vector<Row>& rows) {
  Json json(2);
  json.Begin();
  json.Text("schema", schema);
  json.BeginList(key);
  for (const Row& row : rows) json.RawItem(row.json);
  json.EndList();
  json.End();
  return json.Finish();
}

}  // namespace tegodrop
