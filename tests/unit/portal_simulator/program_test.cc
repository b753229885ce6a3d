// The program itself: its options, its files, https, memory, and how it ends.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/portal/text.h"
#include "tests/unit/portal_simulator/simulator_fixture.h"

namespace tegodrop::sim::testing {
namespace {

constexpr char kBinary[] = "tests/portal/portal";

std::string ReadFile(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

class Program : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "/program-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::filesystem::create_directory(folder_ + "/storage");
  }
  void TearDown() override {
    if (pid_ > 0) End(SIGKILL);
    std::filesystem::remove_all(folder_);
  }

  // Starts the program; its standard output and error are read by Line().
  void Start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), kBinary);
    int out[2];
    ASSERT_EQ(pipe2(out, O_CLOEXEC), 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(out[1], STDOUT_FILENO);
      dup2(out[1], STDERR_FILENO);
      std::vector<char*> raw;
      for (std::string& one : arguments) raw.push_back(one.data());
      raw.push_back(nullptr);
      execv(kBinary, raw.data());
      _exit(127);
    }
    close(out[1]);
    out_ = fdopen(out[0], "r");
  }
  std::string Line() {
    char line[1024];
    return fgets(line, sizeof line, out_) == nullptr ? "" : line;
  }
  std::string Rest() {
    std::string rest;
    for (std::string line = Line(); !line.empty(); line = Line()) rest += line;
    return rest;
  }
  // Ends it and gives its exit status, or -1.
  int End(int signal) {
    kill(pid_, signal);
    return Wait();
  }
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    fclose(out_);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  rapidjson::Document StartReady(std::vector<std::string> more) {
    more.insert(more.end(), {"--ready-file", folder_ + "/ready.json", "--storage-dir", folder_ + "/storage"});
    Start(std::move(more));
    EXPECT_TRUE(Line().starts_with("portal: http://127.0.0.1:"));
    // The lines come before the file.
    while (!std::filesystem::exists(folder_ + "/ready.json")) std::this_thread::yield();
    return Parsed(ReadFile(folder_ + "/ready.json"));
  }
  int64_t PeakMemory() const {
    std::istringstream status(ReadFile("/proc/" + std::to_string(pid_) + "/status"));
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:")) return std::atoll(line.c_str() + 6) * 1024;
    }
    return -1;
  }

  std::string folder_;
  pid_t pid_ = -1;
  FILE* out_ = nullptr;
};

std::vector<std::string> Credentials(const rapidjson::Document& ready) {
  return {"Authorization: Bearer " + Base64(ready["token"].GetString()),
          std::string("tenant: ") + ready["tenant"].GetString(), "Content-Type: application/json"};
}

TEST_F(Program, HttpsIsServedWithACertificateOfItsOwnCa) {
  rapidjson::Document ready = StartReady({"--tls-dir", folder_ + "/tls"});
  EXPECT_EQ(ready["ca_file"].GetString(), folder_ + "/tls/ca.pem");
  const std::string url = ready["https"].GetString();
  EXPECT_EQ(Line(), "portal: " + url + "\n");
  HttpRequest request = {.url = url + "/get_tenants", .headers = Credentials(ready)};
  EXPECT_EQ(Fetch(request).code, CURLE_PEER_FAILED_VERIFICATION);
  request.ca_file = ready["ca_file"].GetString();
  EXPECT_EQ(Fetch(request).status, 200);
  request.url.replace(request.url.find("127.0.0.1"), 9, "localhost");
  EXPECT_EQ(Fetch(request).status, 200);
  // What it hands out is https as well.
  HttpAnswer answer = Fetch({.method = "POST",
                             .url = url + "/upload_application_build",
                             .headers = Credentials(ready),
                             .body = R"({"file_name":"a.apk","platform":"android","version":"staging"})",
                             .ca_file = request.ca_file});
  EXPECT_TRUE(std::string(Parsed(answer.body)["url"].GetString()).starts_with(url.substr(0, url.rfind('/'))));
  EXPECT_EQ(End(SIGTERM), 0);
}

TEST_F(Program, WithoutTlsDirThereIsNoHttps) {
  rapidjson::Document ready = StartReady({"--token", "k:s", "--tenant", "00112233445566778899aabbccddeeff"});
  EXPECT_TRUE(ready["https"].IsNull());
  EXPECT_TRUE(ready["ca_file"].IsNull());
  EXPECT_EQ(
      Fetch({.url = std::string(ready["http"].GetString()) + "/get_tenants", .headers = Credentials(ready)}).status,
      200);
  EXPECT_STREQ(ready["tenant"].GetString(), "00112233445566778899aabbccddeeff");
}

TEST_F(Program, BothSignalsEndItCleanlyAndAtOnceAndLeaveNothing) {
  for (int signal : {SIGTERM, SIGINT}) {
    rapidjson::Document ready = StartReady({});
    std::filesystem::remove(folder_ + "/ready.json");
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(End(signal), 0);
    EXPECT_LT(std::chrono::steady_clock::now() - before, kEndsWithin);
    EXPECT_TRUE(std::filesystem::is_empty(folder_ + "/storage"));
  }
}

TEST_F(Program, ItEndsWithItsParentWhenAsked) {
  // Its output stays open as long as it lives.
  int out[2];
  ASSERT_EQ(pipe2(out, O_CLOEXEC), 0);
  const std::string command = std::string(kBinary) + " --die-with-parent --ready-file " + folder_ +
                              "/ready.json --storage-dir " + folder_ + "/storage & while [ ! -e " + folder_ +
                              "/ready.json ]; do :; done; exit 3";
  pid_t shell = fork();
  if (shell == 0) {
    dup2(out[1], STDOUT_FILENO);
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  close(out[1]);
  int status = 0;
  waitpid(shell, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 3);
  std::string text;
  char buffer[256];
  for (ssize_t count; (count = read(out[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<size_t>(count));
  close(out[0]);
  EXPECT_TRUE(text.starts_with("portal: ")) << text;
  EXPECT_TRUE(std::filesystem::is_empty(folder_ + "/storage"));
}

TEST_F(Program, ViolationsAndRequestsAreWrittenWhenTheyHappenAndTheFilesAreEmptyAtFirst) {
  const std::string violations = folder_ + "/violations", log = folder_ + "/log";
  std::ofstream(violations) << "of yesterday\n";
  rapidjson::Document ready = StartReady({"--violations-file", violations, "--log-file", log});
  EXPECT_EQ(ReadFile(violations), "");
  Fetch({.url = std::string(ready["http"].GetString()) + "/get_tenants?secret=Zebra9"});
  EXPECT_EQ(ReadFile(violations), "query: tenants: this endpoint has no query\n");
  EXPECT_NE(ReadFile(log).find("endpoint=tenants status=400"), std::string::npos) << ReadFile(log);
  EXPECT_EQ(ReadFile(log).find("Zebra9"), std::string::npos);
}

TEST_F(Program, WrongArgumentsAreRefusedWithWhatIsAllowed) {
  Start({"--set", "listing_order=random"});
  EXPECT_NE(Rest().find("'newest'"), std::string::npos);
  EXPECT_EQ(Wait(), 1);
  Start({"--token", "no-colon"});
  EXPECT_NE(Rest().find("KEY:SECRET"), std::string::npos);
  EXPECT_EQ(Wait(), 1);
  Start({"--prot", "1"});
  Rest();
  EXPECT_NE(Wait(), 0);
}

TEST_F(Program, HelpNamesTheOptionsTheSwitchesAndTheControls) {
  Start({"--help"});
  const std::string help = Rest();
  for (const char* word :
       {"--ready-file", "--die-with-parent", "build_seconds = 2", "/control/advance", "lost_answer",
        "complete_twice = \"not_found\"   of: 'not_found', 'success', 'bad_request'", "ignore_expect", "key_put"}) {
    EXPECT_NE(help.find(word), std::string::npos) << word;
  }
  EXPECT_EQ(Wait(), 0);
}

TEST_F(Program, ALargeObjectIsKeptOnDiskAndNotInMemory) {
  constexpr int64_t kSize = 200 * 1024 * 1024;
  constexpr int64_t kAllowed = 40 * 1024 * 1024;
  rapidjson::Document ready = StartReady({"--set", "multipart_threshold=2000000000"});
  HttpAnswer answer = Fetch({.method = "POST",
                             .url = std::string(ready["http"].GetString()) + "/upload_application_build",
                             .headers = Credentials(ready),
                             .body = R"({"file_name":"a.apk","platform":"android","version":"staging","file_size":)" +
                                     std::to_string(kSize) + "}"});
  const int64_t before = PeakMemory();
  HttpRequest put = {.method = "PUT", .url = Parsed(answer.body)["url"].GetString()};
  put.headers = {"Content-Type: application/octet-stream"};
  put.generated_bytes = kSize;
  EXPECT_EQ(Fetch(put).status, 200);
  EXPECT_LT(PeakMemory() - before, kAllowed);
  rapidjson::Document state = Parsed(Fetch({.url = std::string(ready["control"].GetString()) + "/state"}).body);
  EXPECT_EQ(state["objects"][0]["size"].GetInt64(), kSize);
  EXPECT_EQ(state["violations"].Size(), 0U);
  EXPECT_EQ(End(SIGTERM), 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder_ + "/storage"));
}

}  // namespace
}  // namespace tegodrop::sim::testing
