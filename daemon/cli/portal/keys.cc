// keys list, set-default, clear-default, delete.
#include <algorithm>
#include <cstdio>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/cli/portal/actions.h"
#include "daemon/cli/portal/table.h"

namespace tegodrop {
namespace {

constexpr char kLookup[] = "keys list";
constexpr std::size_t kWide = 120;

Result<std::vector<SigningKeyRecord>> AskForKeys(const PortalDesk& desk) {
  return desk.session.Ask<std::vector<SigningKeyRecord>>(
      [&](auto done) { return desk.session.administration().ListSigningKeys(std::move(done)); });
}

// The drop folders of the config that sign with the key, or let a sidecar ask for it.
std::string FoldersOf(const Settings& settings, const std::string& key) {
  std::string names;
  for (const FolderSettings& folder : settings.folders) {
    const auto& allowed = folder.allow_keys;
    if (folder.signing_key != key && std::find(allowed.begin(), allowed.end(), key) == allowed.end()) continue;
    names += (names.empty() ? "" : ", ") + folder.name;
  }
  return names;
}

std::string Named(const SigningKeyRecord& key) {
  std::string about = key.key_name.value_or("");
  for (const std::string& one : {key.platform.value_or(""), key.file_name.value_or("")}) {
    if (!one.empty()) about += (about.empty() ? "" : ", ") + one;
  }
  if (key.is_default.value_or(false)) about += std::string(about.empty() ? "" : ", ") + "its platform's default";
  return "signing key " + key.key_id + (about.empty() ? "" : " (" + about + ")");
}

}  // namespace

ExitCode ListKeys(const PortalDesk& desk) {
  const auto keys = AskForKeys(desk);
  if (!keys) return TellRefusal(keys.error(), kLookup);
  if (desk.options.json) {
    std::fputs(RowsDocument("tegodrop-keys/1", "signing_keys", *keys).c_str(), stdout);
    return ExitCode::kDone;
  }
  if (keys->empty()) {
    std::puts("the tenant has no signing keys");
    return ExitCode::kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const SigningKeyRecord& key : *keys) {
    rows.push_back({key.key_id, key.platform.value_or(""), key.is_default.value_or(false) ? "yes" : "no",
                    DayCell(key.creation_time, desk.options.utc), key.key_name.value_or(""), key.file_name.value_or(""),
                    key.uploaded_by.value_or("")});
  }
  std::fputs(TableText({{"ID", Wraps::kLast},
                        {"PLATFORM"},
                        {"DEFAULT"},
                        {"CREATED", Wraps::kNever, kWide},
                        {"NAME", Wraps::kFirst},
                        {"FILE", Wraps::kFirst, kWide},
                        {"BY", Wraps::kFirst, kWide}},
                       rows, OutputWidth())
                 .c_str(),
             stdout);
  return ExitCode::kDone;
}

ExitCode SetDefaultKey(const PortalDesk& desk) {
  const PortalOptions& asked = desk.options;
  const Status done = desk.session.Await<void>([&](auto answer) {
    return desk.session.administration().SetDefaultSigningKey(asked.platform, asked.id, std::move(answer));
  });
  if (!done) return TellRefusal(done.error(), kLookup);
  std::printf("%s is the default signing key of %s\n", Printable(asked.id).c_str(), asked.platform.c_str());
  return ExitCode::kDone;
}

ExitCode ClearDefaultKey(const PortalDesk& desk) {
  const Status done = desk.session.Await<void>([&](auto answer) {
    return desk.session.administration().ClearDefaultSigningKey(desk.options.platform, std::move(answer));
  });
  if (!done) return TellRefusal(done.error(), kLookup);
  std::printf("%s has no default signing key\n", desk.options.platform.c_str());
  return ExitCode::kDone;
}

ExitCode DeleteKey(const PortalDesk& desk) {
  const std::string& id = desk.options.id;
  std::string what = "signing key " + id;
  if (!desk.options.yes) {
    const auto keys = AskForKeys(desk);
    if (!keys) return TellRefusal(keys.error(), kLookup);
    const auto found =
        std::find_if(keys->begin(), keys->end(), [&](const SigningKeyRecord& key) { return key.key_id == id; });
    if (found == keys->end()) {
      Complain("there is no " + what + "; see 'tegodrop keys list'");
      return ExitCode::kFailed;
    }
    what = Named(*found);
  }
  if (const std::string folders = FoldersOf(desk.settings, id); !folders.empty()) {
    Complain("the config names key " + id + " for " + folders + ": what is dropped there would be refused");
  }
  ExitCode code = ExitCode::kDone;
  if (!MayDelete(desk, what, &code)) return code;
  const Status done = desk.session.Await<void>(
      [&](auto answer) { return desk.session.administration().DeleteSigningKey(id, std::move(answer)); });
  if (!done) return TellRefusal(done.error(), kLookup);
  std::printf("deleted %s\n", Printable(what).c_str());
  return ExitCode::kDone;
}

}  // namespace tegodrop
