#include "tests/bench/parts/work.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "daemon/archive/archive.h"
#include "daemon/archive/manifest/binary_xml.h"
#include "daemon/base/digest.h"
#include "daemon/portal/wire.h"
#include "tests/bench/parts/jobs.h"
#include "tests/fakes/zip_maker.h"
#include "tests/unit/manifest/hand_manifest.h"

namespace tegodrop::bench {
namespace {

constexpr const char* kMemoryDisk = "/dev/shm";

void Write(const std::string& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  if (!file.flush()) GiveUp("cannot write " + path);
}

void Expect(const Status& status) {
  if (!status) GiveUp(status.error().message);
}

}  // namespace

void GiveUp(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

WorkFolder::WorkFolder(std::string under) {
  if (under.empty()) under = access(kMemoryDisk, W_OK) == 0 ? kMemoryDisk : "/tmp";
  path_ = under + "/tegodrop-bench-XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) GiveUp("cannot make a folder in " + under);
}

WorkFolder::~WorkFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

std::string HistoryAnswer(int rows) {
  std::string answer = R"({"results": [)";
  for (int i = 0; i < rows; ++i) {
    const std::string number = std::to_string(1'700'000'000 + i);
    answer += i == 0 ? "" : ", ";
    answer += R"({"start_time": )" + number + R"(, "end_time": null, "version": "production", "name": "app-)" + number +
              R"(.apk", "platform": "android", "success": null, "signed": false, "error_message": null, )" +
              R"("status_message": "Protecting", "signing_key_id": "0123456789abcdef0123456789abcdef", )" +
              R"("signing_key_name": "release key of the shop", "deleted": false, "signing_error_message": null})";
  }
  return answer + R"(], "total_count": 10000, "page": 1, "page_size": 50, "total_pages": 200, )" +
         R"("builds_used_apple": 3, "builds_used_android": 9997, "still_waiting": true})";
}

std::size_t ReadHistoryAnswer(const std::string& answer) {
  const Result<HistoryReading> reading = ReadHistory(answer, {"production", 1, 50});
  if (!reading) GiveUp(reading.error().message);
  return reading->page.rows.size();
}

std::string AndroidManifest() {
  using testing::HandAttribute;
  testing::HandManifest manifest;
  manifest.attributes = {testing::VersionCode(4711), testing::VersionName("4.7.11"),
                         testing::Package("com.example.shop.android")};
  // Their texts are in the pool that has to be gone through.
  for (int i = 0; i < 200; ++i) {
    manifest.attributes.push_back({.name = "attribute" + std::to_string(i),
                                   .text = "com.example.shop.android.activity.Number" + std::to_string(i)});
  }
  return manifest.Bytes();
}

void ReadManifest(const std::string& manifest) {
  const Result<AppIdentity> identity = ReadBinaryManifest(manifest);
  if (!identity) GiveUp(identity.error().message);
}

std::string Apk(std::size_t size) {
  std::vector<testing::ZipEntry> entries = {{"AndroidManifest.xml", AndroidManifest()}};
  for (int i = 0; i < 100; ++i) {
    entries.push_back({"res/layout/screen_" + std::to_string(i) + ".xml", std::string(500, 'x')});
  }
  entries.push_back({"lib/arm64-v8a/libapp.so", testing::RandomBytes(size, 1), false});
  return testing::MakeZip(entries);
}

void CheckApk(const std::string& path, std::size_t size, bool full_crc) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto checked = CheckSource(fd.get(), size, ArtifactKind::kApk, full_crc);
  if (!checked) GiveUp(checked.error().message);
  if (checked->verdict != ArchiveVerdict::kWhole) GiveUp(checked->reason);
}

void Hash(const std::string& bytes) {
  Sha256 digest;
  digest.Update(bytes.data(), bytes.size());
  if (digest.FinishHex().size() != 64) GiveUp("no digest");
}

Transitions::Transitions(const std::string& state_dir) {
  const auto at_once = [](const std::function<void()>& work) { work(); };
  auto opened = OpenSqliteLedgerOn(state_dir, clock_, at_once, at_once);
  if (!opened) GiveUp(opened.error().message);
  ledger_ = std::move(*opened);
  const Site site;
  const Sent sent = SentOf(site, 1);
  job_ = ClaimedJob(site, sent, 1, clock_.Wall());
  ledger_->Insert(job_, Expect);
  for (const auto& steps : {StepsToSubmitted(sent), StepsToDelivered(sent)}) {
    for (const Step& step : steps) {
      step.change(job_);
      if (!job_.finished) ledger_->Save(job_, step.note, Expect);
    }
  }
  job_.finished = false;
}

void Transitions::Next() {
  job_.state = job_.state == JobState::kBuilding ? JobState::kBuilt : JobState::kBuilding;
  ++job_.times.completed;
  ledger_->Save(job_, "the portal builds it: Protecting", Expect);
}

ScannedFolder::ScannedFolder(const std::string& root, int entries) : path_(root + "/drop"), fs_(MakePosixFileSystem()) {
  std::filesystem::create_directories(path_);
  std::filesystem::create_directories(root + "/spool");
  for (int i = 0; i < entries; ++i) {
    const bool artifact = i % 100 == 0;
    Write(path_ + "/nightly-build-output-" + std::to_string(100'000 + i) + (artifact ? ".apk" : ".log"), "");
  }
  FolderOpsSettings settings;
  settings.path = path_;
  settings.rooms = ".tegodrop";
  settings.spool = root + "/spool";
  ops_ = std::make_unique<FolderOps>(std::move(settings), *fs_, clock_, random_);
  if (auto opened = ops_->Open("", ""); !opened) GiveUp(opened.error().message);
}

std::size_t ScannedFolder::Scan() {
  const Result<Listing> listing = ops_->List();
  if (!listing) GiveUp(listing.error().message);
  return listing->files.size();
}

void ScannedFolder::Drop(const std::string& name, const std::string& content) { Write(path_ + "/" + name, content); }

std::string ScannedFolder::Inspect(const std::string& name) {
  const Result<Listing> listing = ops_->List();
  if (!listing) GiveUp(listing.error().message);
  InspectRequest request;
  request.name = name;
  for (const ListedFile& file : listing->files) {
    if (file.name == name) request.expected = file.stat;
  }
  const Inspection seen = ops_->Inspect(request);
  if (seen.outcome != Inspection::Outcome::kWhole) GiveUp(name + ": " + seen.reason);
  return seen.sha256;
}

}  // namespace tegodrop::bench
