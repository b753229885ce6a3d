#include <algorithm>

#include "tests/portal/object_store.h"
#include "tests/portal/text.h"

namespace tegodrop::sim {
namespace {

struct Range {
  int64_t first = 0;
  int64_t last = 0;  // inclusive
};

enum class RangeKind { kNone, kGood, kUnsatisfiable };

// RFC 9110: a condition with a weak ETag never holds.
bool Fits(std::string_view condition, std::string_view etag) {
  return condition == etag && !etag.empty() && !etag.starts_with("W/");
}

// RFC 9110: what is no single valid range of bytes is ignored.
RangeKind ParseRange(std::string_view text, int64_t size, Range* out) {
  constexpr std::string_view kBytes = "bytes=";
  if (!text.starts_with(kBytes)) return RangeKind::kNone;
  text.remove_prefix(kBytes.size());
  size_t dash = text.find('-');
  if (dash == std::string_view::npos) return RangeKind::kNone;
  std::optional<int64_t> first = ParseDecimal(text.substr(0, dash));
  std::optional<int64_t> last = ParseDecimal(text.substr(dash + 1));
  const bool open = dash + 1 == text.size();
  if (dash == 0) {  // the last bytes
    if (!last) return RangeKind::kNone;
    if (*last == 0 || size == 0) return RangeKind::kUnsatisfiable;
    *out = {std::max<int64_t>(0, size - *last), size - 1};
    return RangeKind::kGood;
  }
  if (!first || (!last && !open) || (last && *last < *first)) return RangeKind::kNone;
  if (*first >= size) return RangeKind::kUnsatisfiable;
  *out = {*first, open ? size - 1 : std::min(*last, size - 1)};
  return RangeKind::kGood;
}

std::string EtagOf(const Build& build, const std::string& kind) {
  if (kind == "none") return "";
  if (kind == "weak") return "W/" + build.etag;
  if (kind == "changes") return "\"" + Hex(RandomBytes(16)) + "\"";
  return build.etag;
}

Reply Whole(const Build& build, const std::string& etag) {
  Reply reply = {.status = 200,
                 .headers = {{"Content-Type", "application/octet-stream"}},
                 .body = {},
                 .file = build.output,
                 .offset = 0,
                 .length = build.output_size};
  if (!etag.empty()) reply.headers.emplace_back("ETag", etag);
  return reply;
}

Reply Ranged(const Build& build, const Request& request, const std::string& etag) {
  Reply reply = Whole(build, etag);
  reply.headers.emplace_back("Accept-Ranges", "bytes");
  std::optional<std::string> wish = request.Header("Range");
  std::optional<std::string> condition = request.Header("If-Range");
  if (!wish || request.Count("Range") > 1 || (condition && !Fits(*condition, etag))) return reply;
  Range range;
  const std::string size = std::to_string(build.output_size);
  switch (ParseRange(*wish, build.output_size, &range)) {
    case RangeKind::kNone:
      return reply;
    case RangeKind::kUnsatisfiable:
      reply = StorageError(416, "InvalidRange", "The range is not in the object.");
      reply.headers.emplace_back("Content-Range", "bytes */" + size);
      return reply;
    case RangeKind::kGood:
      break;
  }
  reply.status = 206;
  reply.offset = range.first;
  reply.length = range.last - range.first + 1;
  reply.headers.emplace_back("Content-Range",
                             "bytes " + std::to_string(range.first) + "-" + std::to_string(range.last) + "/" + size);
  return reply;
}

const Build* FindBuild(const World& world, const std::string& id) {
  for (const Build& build : world.builds.all()) {
    if (std::to_string(build.id) == id) return &build;
  }
  return nullptr;
}

}  // namespace

Reply ServeObject(World* world, const Request& request) {
  std::lock_guard lock(world->mutex);
  SignedTarget target;
  if (auto refusal = JudgeSignedUrl(world, request, "GET", &target)) return std::move(*refusal);
  if (world->clock.UnixNow() >= static_cast<double>(target.expires)) {
    return StorageError(403, "AccessDenied", "Request has expired");
  }
  const Build* build = FindBuild(*world, target.grant);
  if (build == nullptr || !build->output) return StorageError(404, "NoSuchKey", "The object does not exist.");
  ++world->counters.downloads_started;
  const std::string etag = EtagOf(*build, world->settings.download_etag);
  return world->settings.honour_range ? Ranged(*build, request, etag) : Whole(*build, etag);
}

}  // namespace tegodrop::sim
