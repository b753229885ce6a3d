#include "tests/simulation/portal_model.h"

#include <algorithm>

#include "daemon/base/digest.h"
#include "daemon/base/text.h"
#include "daemon/model/artifact.h"
#include "tests/fakes/zip_maker.h"
#include "tests/simulation/portal_json.h"

namespace tegodrop::simulation {
namespace {

constexpr std::int64_t kUrlLife = 3'600'000;

WebAnswer Json(int status, std::string body) {
  WebAnswer answer{status, {{"content-type", "application/json"}}, std::move(body)};
  return answer;
}
WebAnswer Refuse(int status, const std::string& why) { return Json(status, "{\"message\":\"" + why + "\"}"); }
WebAnswer StoreError(int status, const std::string& code) {
  return {status, {{"content-type", "application/xml"}}, "<Error><Code>" + code + "</Code></Error>"};
}

}  // namespace

PortalModel::PortalModel(const SimLoop& loop, Dice dice, Rules rules) : loop_(loop), dice_(dice), rules_(rules) {
  for (int i = 0; i < rules_.foreign_builds; ++i) {
    SimBuild build;
    build.file_name = "other-" + std::to_string(i) + ".apk";
    build.platform = "android";
    build.version = "production";
    build.start_time = SimLoop::kStart / 1000 - 86'400 + i;
    build.ended = 1;
    foreign_.push_back(build);
  }
}

std::string PortalModel::Sign(Signed what) {
  std::string signature(kSignatureMark);
  for (int i = 0; i < 4; ++i) signature += std::to_string(dice_.Next());
  std::string url =
      "https://store.test/object-" + std::to_string(signed_.size()) + "?X-Expires=3600&X-Signature=" + signature;
  what.expires = loop_.now() + kUrlLife;
  signed_[url] = what;
  return url;
}

std::optional<WebAnswer> PortalModel::EarlyAnswer(const WebRequest& head) {
  if (head.url.starts_with(kPortalUrl)) return std::nullopt;
  const auto found = signed_.find(head.url);
  if (found == signed_.end()) {
    Violate("a URL that was never signed was asked for");
    return StoreError(403, "SignatureDoesNotMatch");
  }
  if (head.headers.contains("authorization") || head.headers.contains("tenant")) {
    Violate("a credential of the portal was sent to the store");
  }
  if (loop_.now() >= found->second.expires) return StoreError(403, "AccessDenied");
  return std::nullopt;
}

WebAnswer PortalModel::Handle(const WebRequest& request) {
  ++requests_;
  if (request.url.starts_with(kPortalUrl)) return Api(request.url.substr(kPortalUrl.size()), request);
  const auto found = signed_.find(request.url);
  if (found == signed_.end()) return StoreError(403, "SignatureDoesNotMatch");
  // Its life was looked at when the request began.
  if (request.method == (found->second.download ? "GET" : "PUT")) {
    return found->second.download ? Get(request, found->second) : Put(request, found->second);
  }
  Violate("method " + request.method + " at a signed URL");
  return StoreError(405, "MethodNotAllowed");
}

WebAnswer PortalModel::Api(const std::string& path, const WebRequest& request) {
  const auto header = [&](const char* name) {
    const auto found = request.headers.find(name);
    return found == request.headers.end() ? std::string() : found->second;
  };
  if (header("authorization") != "Bearer " + Base64(kToken)) {
    Violate("a call without the right token: " + path);
    return Refuse(401, "who are you");
  }
  if (header("tenant") != kTenant) Violate("a call without the tenant: " + path);
  if (request.method != "POST") Violate("method " + request.method + " at " + path);
  if (header("content-type") != "application/json") Violate("a body that is not called JSON: " + path);
  if (path == "/upload_application_build") return UploadRequest(request.body);
  if (path == "/complete_multipart_upload") return CompleteRequest(request.body);
  if (path == "/abort_multipart_upload") return AbortRequest(request.body);
  if (path == "/get_application_builds") return ListRequest(request.body);
  if (path == "/download_application_build") return DownloadRequest(request.body);
  Violate("a call that this program has no use for: " + path);
  return Refuse(404, "no such call");
}

int PortalModel::Building() const {
  return static_cast<int>(
      std::count_if(builds_.begin(), builds_.end(), [&](const SimBuild& one) { return one.ended > loop_.now(); }));
}

WebAnswer PortalModel::UploadRequest(const std::string& body) {
  JsonIn in(body, {"file_name", "platform", "version", "file_size", "signing_key_id"});
  Grant grant;
  grant.file_name = in.Text("file_name");
  grant.platform = in.Text("platform");
  grant.version = in.Text("version");
  grant.size = static_cast<std::uint64_t>(in.Number("file_size"));
  const auto kind = KindOfName(grant.file_name);
  if (!in.fault().empty()) Violate("upload_application_build: " + in.fault());
  if (!kind || grant.file_name.find('/') != std::string::npos) Violate("no base name of an artifact is uploaded");
  if (kind && PlatformOf(*kind) != grant.platform) Violate("the platform does not fit the name");
  if (grant.version != "production" && grant.version != "staging") Violate("a version that was not configured");
  if (rules_.most_builds_at_once != 0 && Building() >= rules_.most_builds_at_once) {
    return Refuse(429, "too many builds at once");
  }
  grant.start_time = loop_.TrueWall() / 1000;
  grant.file_path = "tenant-1/uploads/" + grant.platform + "/" + grant.version + "/" +
                    std::to_string(grant.start_time) + "/" + grant.file_name;
  grant.expires = loop_.now() + kUrlLife;
  const std::size_t index = grants_.size();
  JsonOut out;
  if (grant.size >= rules_.multipart_from) {
    grant.upload_id = "upload-" + std::to_string(index) + "-" + std::to_string(dice_.Below(1'000'000));
    grant.total_parts = static_cast<std::int64_t>((grant.size + rules_.chunk_size - 1) / rules_.chunk_size);
    out.Flag("multipart", true).Text("upload_id", grant.upload_id);
    std::vector<std::string> urls;
    for (std::int64_t part = 1; part <= grant.total_parts; ++part) urls.push_back(Sign({index, part, 0, false, 0}));
    out.Texts("part_urls", urls);
    out.Number("chunk_size", static_cast<std::int64_t>(rules_.chunk_size)).Number("total_parts", grant.total_parts);
  } else {
    out.Text("url", Sign({index, 0, 0, false, 0}));
  }
  out.Text("file_path", grant.file_path).Number("start_time", grant.start_time).Number("expires_in", 3600);
  out.Null("signing_key_id");
  grants_.push_back(std::move(grant));
  return Json(200, out.Take());
}

WebAnswer PortalModel::Put(const WebRequest& request, const Signed& what) {
  Grant& grant = grants_[what.grant];
  const bool typed = request.headers.contains("content-type");
  if (what.part == 0) {
    if (!typed || request.headers.at("content-type") != "application/octet-stream") Violate("a PUT without its type");
    if (request.body.size() != grant.size) Violate("a PUT of another size than was announced");
    Receive(grant, request.body);
    return {200, {{"etag", "\"" + Sha256Hex(request.body).substr(0, 32) + "\""}}, ""};
  }
  if (typed) Violate("a part with a content type");
  if (grant.aborted || grant.done) return StoreError(404, "NoSuchUpload");
  const std::uint64_t offset = static_cast<std::uint64_t>(what.part - 1) * rules_.chunk_size;
  if (request.body.size() != std::min(rules_.chunk_size, grant.size - offset)) Violate("a part of the wrong size");
  // Of the content alone, as object stores make it: the same part that arrives twice is no other one.
  std::string etag = "\"" + Sha256Hex(request.body).substr(0, 32) + "\"";
  grant.parts[what.part] = request.body;
  grant.etags[what.part] = etag;
  return {200, {{"etag", std::move(etag)}}, ""};
}

PortalModel::Grant* PortalModel::FindUpload(const std::string& file_path, const std::string& upload_id) {
  const auto found = std::find_if(grants_.begin(), grants_.end(),
                                  [&](const Grant& one) { return !upload_id.empty() && one.upload_id == upload_id; });
  if (found == grants_.end()) {
    Violate("an upload that was never begun is spoken of");
    return nullptr;
  }
  if (found->file_path != file_path) Violate("an upload is spoken of under another file_path");
  return found->done || found->aborted ? nullptr : &*found;
}

WebAnswer PortalModel::CompleteRequest(const std::string& body) {
  JsonIn in(body, {"file_path", "upload_id", "parts"});
  const std::vector<std::pair<std::int64_t, std::string>> parts = in.Parts("parts");
  Grant* grant = FindUpload(in.Text("file_path"), in.Text("upload_id"));
  if (!in.fault().empty()) Violate("complete_multipart_upload: " + in.fault());
  if (grant == nullptr) return Refuse(404, "NoSuchUpload");
  std::string content;
  std::int64_t expected = 0;
  for (const auto& [number, etag] : parts) {
    const auto sent = grant->etags.find(number);
    if (number != ++expected || sent == grant->etags.end() || sent->second != etag) {
      Violate("complete_multipart_upload names a part that is not there so");
      return Refuse(400, "InvalidPart");
    }
    content += grant->parts[number];
  }
  if (expected != grant->total_parts) Violate("complete_multipart_upload lacks parts");
  grant->done = true;
  const Grant whole = *grant;
  Receive(whole, content);
  return Json(200, R"({"message":"Upload completed successfully"})");
}

void PortalModel::CompleteLost(const std::string& body) {
  JsonIn in(body, {"file_path", "upload_id", "parts"});
  Grant* grant = FindUpload(in.Text("file_path"), in.Text("upload_id"));
  if (grant != nullptr) grant->complete_lost = true;
}

WebAnswer PortalModel::AbortRequest(const std::string& body) {
  JsonIn in(body, {"file_path", "upload_id"});
  Grant* grant = FindUpload(in.Text("file_path"), in.Text("upload_id"));
  if (!in.fault().empty()) Violate("abort_multipart_upload: " + in.fault());
  if (grant == nullptr) return Refuse(404, "NoSuchUpload");
  grant->aborted = true;
  grant->parts.clear();
  return Json(200, R"({"message":"Upload aborted successfully"})");
}

void PortalModel::Receive(const Grant& grant, const std::string& content) {
  SimBuild build;
  build.file_name = grant.file_name;
  build.platform = grant.platform;
  build.version = grant.version;
  build.start_time = grant.start_time;
  build.sha256 = Sha256Hex(content);
  build.received = loop_.now();
  build.visible =
      build.received + static_cast<std::int64_t>(dice_.Below(static_cast<std::uint64_t>(rules_.most_lag) + 1));
  build.ended = build.visible + dice_.Between(1000, std::max<std::int64_t>(1000, rules_.most_building));
  build.fails = dice_.Chance(rules_.failing);
  if (!build.fails && dice_.Chance(rules_.resetting)) {
    build.reset_from = build.visible + (build.ended - build.visible) / 2;
    // Shorter than the program's patience with a reset build.
    build.reset_from = std::max(build.reset_from, build.ended - 240'000);
  }
  builds_.push_back(std::move(build));
}

void PortalModel::AppendRow(std::string& json, const SimBuild& build) const {
  const std::int64_t now = loop_.now();
  JsonOut row;
  row.Number("start_time", build.start_time);
  const bool ended = now >= build.ended;
  if (ended) {
    row.Number("end_time", (SimLoop::kStart + build.ended) / 1000);
  } else {
    row.Null("end_time");
  }
  row.Text("version", build.version).Text("name", build.file_name).Text("platform", build.platform);
  const bool reset = !ended && build.reset_from != 0 && now >= build.reset_from;
  if (ended || reset) {
    row.Flag("success", ended && !build.fails);
  } else {
    row.Null("success");
  }
  row.Flag("signed", false);
  if (ended && build.fails) {
    row.Text("error_message", "the archive cannot be protected");
  } else {
    row.Null("error_message");
  }
  row.Text("status_message", ended ? "Complete" : reset ? "Queued" : "Protecting");
  row.Null("signing_key_id").Null("signing_key_name").Flag("deleted", false).Null("signing_error_message");
  json += row.Take();
}

WebAnswer PortalModel::ListRequest(const std::string& body) {
  JsonIn in(body, {"version", "page", "page_size"});
  const std::string version = in.Text("version");
  const std::int64_t page = in.Number("page");
  const std::int64_t size = in.Number("page_size");
  if (!in.fault().empty()) Violate("get_application_builds: " + in.fault());
  if (page < 1 || size < 1 || size > 50) Violate("a page that the history does not have");
  std::vector<const SimBuild*> rows;
  for (const std::vector<SimBuild>* list : {&builds_, &foreign_}) {
    for (const SimBuild& build : *list) {
      if (build.version == version && loop_.now() >= build.visible) rows.push_back(&build);
    }
  }
  // In no order that means anything.
  const auto key = [](const SimBuild& build) {
    return static_cast<std::uint64_t>(build.start_time) * 0x9E3779B97F4A7C15ULL;
  };
  std::sort(rows.begin(), rows.end(), [&](const SimBuild* a, const SimBuild* b) {
    return key(*a) == key(*b) ? a->file_name < b->file_name : key(*a) < key(*b);
  });
  const auto total = static_cast<std::int64_t>(rows.size());
  std::string json = "{\"results\":[";
  for (std::int64_t i = (page - 1) * size; i < std::min(total, page * size); ++i) {
    if (json.back() == '}') json += ',';
    AppendRow(json, *rows[static_cast<std::size_t>(i)]);
  }
  json += "],\"total_count\":" + std::to_string(total) + ",\"page\":" + std::to_string(page) +
          ",\"page_size\":" + std::to_string(size) +
          ",\"total_pages\":" + std::to_string(std::max<std::int64_t>(1, (total + size - 1) / size)) +
          ",\"builds_used_apple\":0,\"builds_used_android\":1,\"still_waiting\":false}";
  return Json(200, std::move(json));
}

WebAnswer PortalModel::DownloadRequest(const std::string& body) {
  JsonIn in(body, {"version", "platform", "start_time", "file_name"});
  const std::string version = in.Text("version");
  const std::string platform = in.Text("platform");
  const std::int64_t start_time = in.Number("start_time");
  const std::string name = in.Text("file_name");
  if (!in.fault().empty()) Violate("download_application_build: " + in.fault());
  for (std::size_t i = 0; i < builds_.size(); ++i) {
    const SimBuild& build = builds_[i];
    if (build.version != version || build.platform != platform || build.start_time != start_time) continue;
    if (build.file_name != name) continue;
    if (loop_.now() < build.ended || build.fails) {
      Violate("a build is downloaded that is not done");
      return Refuse(400, "the build is not complete");
    }
    return Json(200, JsonOut().Text("url", Sign({0, 0, i, true, 0})).Take());
  }
  Violate("a build is downloaded that never was");
  return Refuse(404, "no such build");
}

const std::string& PortalModel::OutputOf(SimBuild& build) {
  if (!build.output.empty()) return build.output;
  const auto kind = KindOfName(build.file_name).value_or(ArtifactKind::kApk);
  const std::uint64_t seed = std::stoull(build.sha256.substr(0, 12), nullptr, 16) ^
                             (static_cast<std::uint64_t>(build.start_time) << 16U) ^ build.file_name.size();
  const std::size_t padding = 500 + seed % 120'000;
  build.output = kind == ArtifactKind::kApk   ? testing::MakeApk(padding, seed)
                 : kind == ArtifactKind::kAab ? testing::MakeAab(padding, seed)
                                              : testing::MakeIpa(padding, seed);
  return build.output;
}

WebAnswer PortalModel::Get(const WebRequest& request, const Signed& what) {
  SimBuild& build = builds_[what.build];
  const std::string& output = OutputOf(build);
  const std::string etag = "\"" + Sha256Hex(output).substr(0, 32) + "\"";
  WebAnswer answer{200, {{"etag", etag}, {"accept-ranges", "bytes"}}, ""};
  std::uint64_t from = 0;
  const auto range = request.headers.find("range");
  const auto if_range = request.headers.find("if-range");
  const bool same = if_range == request.headers.end() || if_range->second == etag;
  if (range != request.headers.end() && if_range == request.headers.end()) Violate("a range without If-Range");
  if (range != request.headers.end() && same) {
    if (!range->second.starts_with("bytes=") || !range->second.ends_with("-")) Violate("a range that is none");
    from = std::stoull(range->second.substr(6));
    if (from >= output.size()) {
      return {416, {{"content-range", "bytes */" + std::to_string(output.size())}}, ""};
    }
    answer.status = 206;
    answer.headers.emplace_back("content-range", "bytes " + std::to_string(from) + "-" +
                                                     std::to_string(output.size() - 1) + "/" +
                                                     std::to_string(output.size()));
  }
  answer.body = output.substr(from);
  answer.headers.emplace_back("content-length", std::to_string(answer.body.size()));
  return answer;
}

int PortalModel::OpenUploadsWithParts() const {
  return static_cast<int>(std::count_if(grants_.begin(), grants_.end(), [](const Grant& one) {
    const bool whole = static_cast<std::int64_t>(one.parts.size()) == one.total_parts;
    return !one.done && !one.aborted && !one.complete_lost && !whole && !one.parts.empty();
  }));
}

}  // namespace tegodrop::simulation
