// A simulator in this process and the words that its tests speak to it with.
#pragma once

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/portal/server.h"
#include "tests/unit/portal_simulator/http_client.h"

namespace tegodrop::sim::testing {

// A ZIP with these names in it, each with some bytes.
std::string MakeZip(const std::vector<std::string>& names);
std::string MakeZip(const std::vector<std::string>& names, const std::string& content);
// The names in a ZIP, in order.
std::vector<std::string> NamesIn(const std::string& zip);
// A whole APK as far as the portal looks.
std::string MakeApk();

// How long the simulator may take to end: a second, but sanitizers look for leaks at that moment, on a busy machine.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::chrono::seconds kEndsWithin{10};
#else
constexpr std::chrono::seconds kEndsWithin{1};
#endif

rapidjson::Document Parsed(const std::string& json);

class SimulatorTest : public ::testing::Test {
 protected:
  struct Upload {
    std::string url;
    std::string file_path;
    int64_t start_time = 0;
  };

  // A simulator with these switches, name=value each; replaces the one there was.
  void StartWith(const std::vector<std::string>& switches);
  void SetUp() override { StartWith({}); }

  std::vector<std::string> GoodHeaders() const;
  // A call as a faultless client makes it.
  HttpAnswer Call(const std::string& endpoint, const std::string& body) const;
  HttpAnswer Get(const std::string& endpoint) const;
  HttpAnswer Control(const std::string& what, const std::string& body) const;
  rapidjson::Document State() const;
  int64_t Counter(const char* name) const;
  // For what the simulator counts when an answer's last byte has left, which the client may see before: waits for it.
  void ExpectCounterComesTo(const char* name, int64_t value) const;
  // The rules that were broken, in order.
  std::vector<std::string> Rules() const;

  // Asks for an upload of `size` bytes; the call must succeed.
  Upload Grant(const std::string& file_name, size_t size, const std::string& more = "") const;
  HttpAnswer Put(const std::string& url, const std::string& body) const;
  // The whole way in: granted and put.
  Upload Send(const std::string& file_name, const std::string& body, const std::string& more = "") const;
  rapidjson::Document History(const std::string& more = "") const;
  HttpAnswer AskForDownload(const std::string& file_name, int64_t start_time) const;
  void Advance(int seconds) const;
  // The signed URL of a build that is there.
  std::string DownloadUrl(const std::string& file_name, int64_t start_time) const;

  const std::string& base() const { return base_; }
  World& world() { return server_->world(); }

 private:
  std::string base_;
  std::string control_;
  std::unique_ptr<Server> server_;
};

}  // namespace tegodrop::sim::testing
