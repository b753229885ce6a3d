#include "daemon/intake/orphans.h"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/model/failure.h"

namespace tegodrop {
namespace {

constexpr std::chrono::milliseconds kAloneFor = std::chrono::minutes(15);

}  // namespace

std::string OrphanReasonJson(const std::string& sidecar, WallMs now) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> json(buffer);
  const auto text = [&](std::string_view key, std::string_view value) {
    json.Key(key.data(), static_cast<unsigned>(key.size()));
    json.String(value.data(), static_cast<unsigned>(value.size()));
  };
  const auto null = [&](std::string_view key) {
    json.Key(key.data(), static_cast<unsigned>(key.size()));
    json.Null();
  };
  json.StartObject();
  text("schema", "tegodrop-reason/1");
  null("job");
  text("file_name", Printable(BaseName(sidecar)));
  null("sha256");
  json.Key("failure");
  json.StartObject();
  text("kind", ToString(FailureKind::kBadSidecar));
  text("message", "the sidecar stood alone for 15 minutes: no artifact of its name came");
  text("remedy", "Drop the artifact under the sidecar's name without its last ending, the sidecar before it.");
  null("status_message");
  null("error_message");
  null("signing_error_message");
  json.EndObject();
  text("time", Rfc3339(now));
  json.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

void Orphans::See(const std::vector<ListedFile>& alone) {
  const MonoMs now = world_.clock.Mono();
  std::map<std::string, Alone> next;
  for (const ListedFile& file : alone) {
    auto known = alone_.extract(file.name);
    Alone one;
    if (!known.empty()) one = std::move(known.mapped());
    if (known.empty() || !(one.stat == file.stat)) {
      one.stat = file.stat;
      one.since = now;
    }
    next.emplace(file.name, std::move(one));
  }
  // What is being put away and no longer listed is left to its end.
  for (auto& [name, one] : alone_) {
    if (one.work) next.emplace(name, std::move(one));
  }
  alone_ = std::move(next);
  for (auto& [name, one] : alone_) {
    if (!one.work && now - one.since >= kAloneFor.count()) PutAway(name, one);
  }
}

void Orphans::PutAway(const std::string& name, Alone& alone) {
  alone.work = world_.folder.PutAwayOrphan(
      name, OrphanReasonJson(name, world_.clock.Wall()), [this, name](const Status& status) {
        const auto known = alone_.find(name);
        if (known == alone_.end()) return;
        const HandlePtr done = std::move(known->second.work);
        if (status) {
          world_.log.Warning("sidecar.orphaned", "a sidecar without its artifact went to failed/",
                             {{"folder", folder_}, {"file", name}});
          alone_.erase(known);
          return;
        }
        known->second.since = world_.clock.Mono();  // again after as long
        world_.log.Warning("sidecar.stuck", status.error().message, {{"folder", folder_}, {"file", name}});
      });
}

std::optional<MonoMs> Orphans::NextDue() const {
  std::optional<MonoMs> next;
  for (const auto& [name, one] : alone_) {
    if (one.work) continue;
    const MonoMs due = one.since + kAloneFor.count();
    next = next ? std::min(*next, due) : due;
  }
  return next;
}

void Orphans::Stop() { alone_.clear(); }

}  // namespace tegodrop
