#include "tests/unit/portal_simulator/simulator_fixture.h"

#include <unistd.h>
#include <zip.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/portal/text.h"

namespace tegodrop::sim::testing {
namespace {

std::string TemporaryPath() {
  std::string name = ::testing::TempDir() + "/zip-XXXXXX";
  close(mkstemp(name.data()));
  return name;
}

}  // namespace

std::string MakeZip(const std::vector<std::string>& names) {
  return MakeZip(names, "some bytes that compress, some bytes that compress, some bytes that compress");
}

std::string MakeZip(const std::vector<std::string>& names, const std::string& content) {
  const std::string path = TemporaryPath();
  int code = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  EXPECT_NE(archive, nullptr);
  for (const std::string& name : names) {
    zip_source_t* source = zip_source_buffer(archive, content.data(), content.size(), 0);
    EXPECT_GE(zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8), 0);
  }
  EXPECT_EQ(zip_close(archive), 0);
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  unlink(path.c_str());
  return out.str();
}

std::vector<std::string> NamesIn(const std::string& zip) {
  std::vector<std::string> names;
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(zip.data(), zip.size(), 0, &error);
  zip_t* archive = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
  EXPECT_NE(archive, nullptr) << zip_error_strerror(&error);
  if (archive == nullptr) {
    zip_source_free(source);
    return names;
  }
  for (zip_int64_t i = 0; i < zip_get_num_entries(archive, 0); ++i) {
    names.emplace_back(zip_get_name(archive, static_cast<zip_uint64_t>(i), 0));
  }
  zip_discard(archive);
  return names;
}

std::string MakeApk() {
  return MakeZip({"AndroidManifest.xml", "classes.dex", "META-INF/MANIFEST.MF", "META-INF/A.SF"});
}

rapidjson::Document Parsed(const std::string& json) {
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  EXPECT_FALSE(document.HasParseError()) << json;
  return document;
}

void SimulatorTest::StartWith(const std::vector<std::string>& switches) {
  server_.reset();
  ServerOptions options;
  options.storage_parent = std::filesystem::path(::testing::TempDir()).string();
  options.settings.build_seconds = 1000;  // on a clock that the tests push
  std::string error;
  for (const std::string& one : switches) {
    const size_t equals = one.find('=');
    ASSERT_TRUE(options.settings.SetFromText(one.substr(0, equals), one.substr(equals + 1), &error)) << error;
  }
  server_ = Server::Start(options, &error);
  ASSERT_NE(server_, nullptr) << error;
  base_ = server_->http_url();
  control_ = server_->control_url();
}

std::vector<std::string> SimulatorTest::GoodHeaders() const {
  ServerOptions defaults;
  return {"Authorization: Bearer " + Base64(defaults.token), "tenant: " + defaults.tenant,
          "Content-Type: application/json"};
}

HttpAnswer SimulatorTest::Call(const std::string& endpoint, const std::string& body) const {
  return Fetch({.method = "POST", .url = base_ + "/" + endpoint, .headers = GoodHeaders(), .body = body});
}

HttpAnswer SimulatorTest::Get(const std::string& endpoint) const {
  return Fetch({.url = base_ + "/" + endpoint, .headers = {GoodHeaders()[0], GoodHeaders()[1]}});
}

void SimulatorTest::Advance(int seconds) const {
  EXPECT_EQ(Control("advance", "{\"seconds\":" + std::to_string(seconds) + "}").status, 200);
}

HttpAnswer SimulatorTest::Control(const std::string& what, const std::string& body) const {
  return Fetch({.method = "POST", .url = control_ + "/" + what, .body = body});
}

rapidjson::Document SimulatorTest::State() const { return Parsed(Fetch({.url = control_ + "/state"}).body); }

int64_t SimulatorTest::Counter(const char* name) const { return State()["counters"][name].GetInt64(); }

void SimulatorTest::ExpectCounterComesTo(const char* name, int64_t value) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (Counter(name) < value && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(Counter(name), value) << name;
}

std::vector<std::string> SimulatorTest::Rules() const {
  std::vector<std::string> rules;
  rapidjson::Document answer = Parsed(Fetch({.url = control_ + "/violations"}).body);
  for (const auto& one : answer["violations"].GetArray()) rules.emplace_back(one["rule"].GetString());
  return rules;
}

SimulatorTest::Upload SimulatorTest::Grant(const std::string& file_name, size_t size, const std::string& more) const {
  const std::string platform = file_name.ends_with(".ipa") ? "ios" : "android";
  HttpAnswer answer = Call("upload_application_build", R"({"file_name":")" + file_name + R"(","platform":")" +
                                                           platform + R"(","version":"production","file_size":)" +
                                                           std::to_string(size) + more + "}");
  EXPECT_EQ(answer.status, 200) << answer.body;
  if (answer.status != 200) return {};
  rapidjson::Document grant = Parsed(answer.body);
  return {grant.HasMember("url") ? grant["url"].GetString() : "", grant["file_path"].GetString(),
          grant["start_time"].GetInt64()};
}

HttpAnswer SimulatorTest::Put(const std::string& url, const std::string& body) const {
  return Fetch({.method = "PUT", .url = url, .headers = {"Content-Type: application/octet-stream"}, .body = body});
}

SimulatorTest::Upload SimulatorTest::Send(const std::string& file_name, const std::string& body,
                                          const std::string& more) const {
  Upload upload = Grant(file_name, body.size(), more);
  EXPECT_EQ(Put(upload.url, body).status, 200);
  return upload;
}

rapidjson::Document SimulatorTest::History(const std::string& more) const {
  HttpAnswer answer = Call("get_application_builds", R"({"version":"production")" + more + "}");
  EXPECT_EQ(answer.status, 200) << answer.body;
  return Parsed(answer.body);
}

HttpAnswer SimulatorTest::AskForDownload(const std::string& file_name, int64_t start_time) const {
  return Call("download_application_build", R"({"version":"production","platform":"android","start_time":)" +
                                                std::to_string(start_time) + R"(,"file_name":")" + file_name + "\"}");
}

std::string SimulatorTest::DownloadUrl(const std::string& file_name, int64_t start_time) const {
  HttpAnswer answer = AskForDownload(file_name, start_time);
  EXPECT_EQ(answer.status, 200) << answer.body;
  return answer.status == 200 ? Parsed(answer.body)["url"].GetString() : "";
}

}  // namespace tegodrop::sim::testing
