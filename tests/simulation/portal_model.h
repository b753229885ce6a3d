// The portal and its object store as their page describes them, in memory: what a night's requests come to. Strict: a
// request that the page does not allow is noted as a violation. It counts every build, and never forgives. It knows
// nothing of faults: those are on the line (sim_transfer.h).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/simulation/dice.h"
#include "tests/simulation/sim_loop.h"

namespace tegodrop::simulation {

inline constexpr std::string_view kPortalUrl = "https://portal.test/frontend";
inline constexpr std::string_view kTenant = "9f1c0a4e7b8d4a4db52e6a6d5c5c1f11";
inline constexpr std::string_view kToken = "tk-simulated-key:ts-simulated-secret-7f3a";
// Every signature of every signed URL begins so, and nothing else does.
inline constexpr std::string_view kSignatureMark = "SIMsignature";

struct WebRequest {
  std::string method;
  std::string url;
  std::map<std::string, std::string> headers;  // by lower-case name
  std::string body;
};

struct WebAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
};

struct SimBuild {
  std::string file_name;
  std::string platform;
  std::string version;
  std::int64_t start_time = 0;
  std::string sha256;         // of the source
  std::int64_t received = 0;  // when the object was whole, true ms
  std::int64_t visible = 0;   // when the history shows it
  std::int64_t ended = 0;     // when it is done or has failed
  bool fails = false;
  std::int64_t reset_from = 0;  // from then on reset for signing, until it ends; 0: never
  std::string output;           // made when it is first asked for
  int downloads_whole = 0;
};

class PortalModel {
 public:
  struct Rules {
    std::uint64_t multipart_from = 1ULL << 30U;
    std::uint64_t chunk_size = 8192;
    std::int64_t most_lag = 0;       // ms until the history shows a build
    std::int64_t most_building = 0;  // ms
    double failing = 0;
    double resetting = 0;
    int most_builds_at_once = 0;  // 0: no limit
    int foreign_builds = 0;       // of others, in the same history
  };

  PortalModel(const SimLoop& loop, Dice dice, Rules rules);

  // What the store says to a request's head alone; nothing where it wants the body.
  std::optional<WebAnswer> EarlyAnswer(const WebRequest& head);
  // The whole request has arrived.
  WebAnswer Handle(const WebRequest& request);

  const std::vector<SimBuild>& builds() const { return builds_; }
  std::vector<SimBuild>& builds() { return builds_; }
  const std::vector<std::string>& violations() const { return violations_; }
  // That a Complete has left and will not arrive: its upload may be done for all that the program knows, and it must
  // not abort it any more.
  void CompleteLost(const std::string& body);
  // Multipart uploads that are neither completed nor aborted and hold parts. Not those whose Complete left, nor those
  // that hold all their parts: a process that died then must take it that Complete left.
  int OpenUploadsWithParts() const;
  const std::string& OutputOf(SimBuild& build);
  std::uint64_t requests() const { return requests_; }

 private:
  struct Grant {  // of an upload
    std::string file_name;
    std::string platform;
    std::string version;
    std::int64_t start_time = 0;
    std::string file_path;
    std::uint64_t size = 0;
    std::int64_t expires = 0;
    std::string upload_id;  // empty: in one piece
    std::int64_t total_parts = 0;
    std::map<std::int64_t, std::string> parts;  // content by number
    std::map<std::int64_t, std::string> etags;
    bool done = false;  // completed
    bool aborted = false;
    bool complete_lost = false;
  };
  struct Signed {  // what a signed URL gives access to
    std::size_t grant = 0;
    std::int64_t part = 0;  // 0: the whole
    std::size_t build = 0;  // of a download
    bool download = false;
    std::int64_t expires = 0;
  };

  void Violate(const std::string& what) { violations_.push_back(what); }
  WebAnswer Api(const std::string& path, const WebRequest& request);
  WebAnswer UploadRequest(const std::string& body);
  WebAnswer CompleteRequest(const std::string& body);
  WebAnswer AbortRequest(const std::string& body);
  WebAnswer ListRequest(const std::string& body);
  WebAnswer DownloadRequest(const std::string& body);
  WebAnswer Put(const WebRequest& request, const Signed& what);
  WebAnswer Get(const WebRequest& request, const Signed& what);
  std::string Sign(Signed what);
  Grant* FindUpload(const std::string& file_path, const std::string& upload_id);
  void Receive(const Grant& grant, const std::string& content);
  int Building() const;
  void AppendRow(std::string& json, const SimBuild& build) const;

  const SimLoop& loop_;
  Dice dice_;
  const Rules rules_;
  std::vector<Grant> grants_;
  std::vector<SimBuild> builds_;
  std::vector<SimBuild> foreign_;
  std::map<std::string, Signed> signed_;  // by the URL
  std::vector<std::string> violations_;
  std::uint64_t requests_ = 0;
};

}  // namespace tegodrop::simulation
