// POST /frontend/get_application_builds.
#include <algorithm>

#include "tests/portal/api.h"
#include "tests/portal/text.h"

namespace tegodrop::sim {
namespace {

constexpr int64_t kDefaultPageSize = 6;
constexpr int64_t kLargestPageSize = 50;

std::vector<const Build*> ShownBuilds(const World& world, const std::string& version) {
  std::vector<const Build*> shown;
  for (const Build& build : world.builds.all()) {
    if (build.identity.version == version && world.builds.IsShown(build)) shown.push_back(&build);
  }
  return shown;
}

void Order(const World& world, std::vector<const Build*>* builds) {
  auto age = [](const Build* one) { return std::pair(one->identity.start_time, one->id); };
  if (world.settings.listing_order == "shuffled") {
    // No order that means anything, yet the same one for every page.
    auto mixed = [&](const Build* one) { return HmacHex(world.signing_secret, std::to_string(one->id)); };
    std::sort(builds->begin(), builds->end(), [&](const Build* a, const Build* b) { return mixed(a) < mixed(b); });
    return;
  }
  const bool newest = world.settings.listing_order == "newest";
  std::sort(builds->begin(), builds->end(),
            [&](const Build* a, const Build* b) { return newest ? age(a) > age(b) : age(a) < age(b); });
}

std::optional<std::string> StatusWords(const World& world, const Build& build) {
  const std::string& kind = world.settings.status_words;
  if (kind == "null") return std::nullopt;
  if (kind == "unknown") return build.success ? "\xC3\x89tape 9 (fin)" : "\xC3\x89tape 2 (noyau)";
  if (kind == "misleading") return build.success == true ? "Failed" : "Complete";
  return std::string(world.builds.StatusMessage(build));
}

void WriteRow(const World& world, const Build& build, JsonWriter* out) {
  out->BeginObject();
  out->Key("start_time").Integer(build.identity.start_time).Key("end_time");
  build.end_time ? out->Integer(*build.end_time) : out->Null();
  out->Key("version").Text(build.identity.version);
  out->Key("name").Text(build.identity.file_name);
  out->Key("platform").Text(build.identity.platform).Key("success");
  build.success ? out->Bool(*build.success) : out->Null();
  out->Key("signed").Bool(build.signed_build);
  out->Key("error_message").TextOrNull(build.error_message);
  out->Key("status_message").TextOrNull(StatusWords(world, build));
  out->Key("signing_key_id").TextOrNull(build.signing_key ? std::optional(build.signing_key->id) : std::nullopt);
  out->Key("signing_key_name").TextOrNull(build.signing_key ? std::optional(build.signing_key->name) : std::nullopt);
  out->Key("deleted").Bool(build.deleted);
  out->Key("signing_error_message").TextOrNull(build.signing_error_message);
  out->EndObject();
}

}  // namespace

int64_t BuildsUsed(const World& world, std::string_view platform) {
  constexpr double kQuotaSeconds = 7 * 24 * 3600;
  return std::count_if(world.builds.all().begin(), world.builds.all().end(), [&](const Build& one) {
    return one.identity.platform == platform && world.clock.Now() - one.received < kQuotaSeconds;
  });
}

Reply GetApplicationBuilds(Call* call) {
  World& world = call->world;
  Fields fields(call->body);
  const std::string version = fields.Word("version", {"development", "staging", "production"});
  const int64_t page = fields.Integer("page", false, 1, INT32_MAX).value_or(1);
  int64_t page_size = fields.Integer("page_size", false, 1, kLargestPageSize).value_or(kDefaultPageSize);
  if (auto refusal = fields.Finish(*call)) return std::move(*refusal);

  if (world.settings.page_limit > 0) page_size = std::min(page_size, world.settings.page_limit);
  world.builds.CatchUp();
  world.builds.EndStuckBuilds();
  std::vector<const Build*> builds = ShownBuilds(world, version);
  Order(world, &builds);
  // Rows come again as if so many new builds had arrived between one page and the next.
  const int64_t arrived = (page - 1) * std::min(world.settings.repeated_rows, page_size - 1);
  const int64_t total = static_cast<int64_t>(builds.size()) + arrived;
  JsonWriter out;
  out.BeginObject().Key("results").BeginArray();
  const int64_t first = (page - 1) * page_size - arrived;
  for (int64_t i = first; i < std::min(total - arrived, first + page_size); ++i) {
    WriteRow(world, *builds[static_cast<size_t>(i)], &out);
  }
  out.EndArray().Key("total_count").Integer(total).Key("page").Integer(page).Key("page_size").Integer(page_size);
  out.Key("total_pages").Integer((total + page_size - 1) / page_size);
  out.Key("builds_used_apple").Integer(BuildsUsed(world, "ios"));
  out.Key("builds_used_android").Integer(BuildsUsed(world, "android"));
  out.Key("still_waiting").Bool(std::any_of(builds.begin(), builds.end(), [](const Build* one) {
    return !one->success.has_value();
  }));
  out.EndObject();
  return JsonReply(200, out);
}

}  // namespace tegodrop::sim
