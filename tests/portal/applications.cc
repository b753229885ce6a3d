#include "tests/portal/applications.h"

#include <algorithm>

#include "tests/portal/text.h"

namespace tegodrop::sim {
namespace {

std::string NameOf(const Identity& identity) { return identity.file_name.substr(0, identity.file_name.rfind('.')); }

}  // namespace

void Applications::Note(const Build& build, int64_t now) {
  Application* application = Of(build.identity);
  if (application == nullptr) {
    all_.push_back({.id = "app-" + Hex(RandomBytes(8)),
                    .platform = build.identity.platform,
                    .name = NameOf(build.identity),
                    .last_build = 0,
                    .creation_time = now,
                    .alias = "",
                    .signing_file = nullptr});
    application = &all_.back();
  }
  application->last_build = build.id;
}

bool Applications::Remove(std::string_view id) {
  return std::erase_if(all_, [&](const Application& one) { return one.id == id; }) > 0;
}

Application* Applications::Find(std::string_view id) {
  auto found = std::find_if(all_.begin(), all_.end(), [&](const Application& one) { return one.id == id; });
  return found == all_.end() ? nullptr : &*found;
}

Application* Applications::Of(const Identity& identity) {
  const std::string name = NameOf(identity);
  auto found = std::find_if(all_.begin(), all_.end(), [&](const Application& one) {
    return one.platform == identity.platform && one.name == name;
  });
  return found == all_.end() ? nullptr : &*found;
}

}  // namespace tegodrop::sim
