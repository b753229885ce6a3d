// What the daemon's rooms for uploads and downloads do with one artifact, as a program of its own, so that it can be
// measured beside others: the same classes, the same settings, against any server.
//
//   client put FILE URL [--ca PEM]                                   one PUT
//   client parts FILE URLPREFIX --chunk BYTES [--at-once N] [--ca PEM]   part N goes to URLPREFIX followed by N
//   client get URL OUTFILE [--ca PEM]                                a download, hashed and checked, to OUTFILE's
//   folder client admit FILE ADMITTED                                           what intake does: read and hashed once
//
// An upload with --admitted ADMITTED is that of an artifact that intake has just read; with --admit it is read and
// hashed first, as intake does, in what is measured; without either it is one after a restart of the daemon, which
// hashes beside the sending. Prints one line of JSON, and exits with 0, where all went
// well.
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/fingerprints.h"
#include "daemon/delivery/deliverer.h"
#include "daemon/disk/layout.h"
#include "daemon/disk/whole_file.h"
#include "daemon/loop/event_loop.h"
#include "daemon/loop/worker_pool.h"
#include "daemon/net/curl_transfer.h"
#include "daemon/share/local_output_folder.h"
#include "daemon/upload/uploader.h"
#include "tests/bench/admitted.h"
#include "tests/bench/one_job.h"

namespace tegodrop::bench {
namespace {

struct Asked {
  std::string verb;
  std::string file;
  std::string url;
  std::optional<std::string> ca;
  std::uint64_t chunk = 0;
  int at_once = 4;
  std::optional<std::string> admitted;
  bool admit = false;
};

std::optional<Asked> Read(const std::vector<std::string>& words) {
  if (words.size() < 3) return std::nullopt;
  Asked asked;
  asked.verb = words[0];
  const bool get = asked.verb == "get";
  if (!get && asked.verb != "put" && asked.verb != "parts" && asked.verb != "admit") return std::nullopt;
  asked.file = words[get ? 2 : 1];
  asked.url = words[get ? 1 : 2];
  for (std::size_t i = 3; i < words.size(); ++i) {
    if (words[i] == "--admit") {
      asked.admit = true;
      continue;
    }
    if (i + 1 == words.size()) return std::nullopt;
    const std::string& value = words[++i];
    if (words[i - 1] == "--ca") {
      asked.ca = value;
    } else if (words[i - 1] == "--admitted") {
      asked.admitted = value;
    } else if (words[i - 1] == "--chunk") {
      asked.chunk = std::stoull(value);
    } else if (words[i - 1] == "--at-once") {
      asked.at_once = std::stoi(value);
    } else {
      return std::nullopt;
    }
  }
  if ((asked.verb == "parts") != (asked.chunk > 0)) return std::nullopt;
  return asked;
}

// One client: the daemon's threads and rooms around one job.
class Client {
 public:
  Client(Asked asked, std::unique_ptr<FileSystem> fs) : asked_(std::move(asked)), fs_(std::move(fs)) {}

  int Run() {
    auto transfer = MakeCurlTransfer(loop_, {asked_.ca, std::nullopt, {}, "tegodrop-bench"});
    if (!transfer) return Told(Fail(transfer.error()));
    transfer_ = std::move(*transfer);
    if (asked_.verb == "get") return Get();
    auto file = Open();
    if (!file) return Told(Fail(file.error()));
    auto stat = fs_->Stat(file->get());
    if (!stat) return Told(Fail(stat.error()));
    return asked_.verb == "admit" ? Admit(*file, stat->size) : Put(std::move(*file), stat->size);
  }

 private:
  Result<Fd> Open() {
    const std::filesystem::path path(asked_.file);
    auto folder = fs_->OpenFolder(path.parent_path());
    if (!folder) return Fail(folder.error());
    return fs_->OpenFileAt(folder->get(), path.filename());
  }

  Result<std::string> ReadAsIntakeDoes(const Fd& file, std::uint64_t size) {
    RememberedDigest digest(&prints_, random_);
    auto read =
        ReadEach(*fs_, file.get(), size, [&](const char* data, std::size_t count) { digest.Update(data, count); });
    if (!read) return Fail(read.error());
    return digest.FinishHex();
  }

  int Admit(const Fd& file, std::uint64_t size) {
    const auto sha256 = ReadAsIntakeDoes(file, size);
    if (!sha256) return Told(Fail(sha256.error()));
    std::ofstream out(asked_.url, std::ios::binary);
    WriteAdmitted(out, *sha256, *prints_.Of(*sha256));
    return Told(out.flush() ? Status() : Fail(ErrorKind::kLocalDisk, "cannot write " + asked_.url));
  }

  int Put(Fd file, std::uint64_t size) {
    Job job = JobOf(asked_.file, size);
    if (asked_.admitted) {
      std::ifstream in(*asked_.admitted, std::ios::binary);
      auto [sha256, fingerprint] = ReadAdmitted(in);
      job.artifact.sha256 = sha256;
      prints_.Remember(sha256, std::move(fingerprint));
    } else {
      auto sha256 = asked_.admit ? ReadAsIntakeDoes(file, size) : HashFile(*fs_, file.get(), size);
      if (!sha256) return Told(Fail(sha256.error()));
      job.artifact.sha256 = *sha256;
    }
    LoopRecord record(loop_, std::move(job));
    portal_.grant = Grant(size);
    const auto shared = std::make_shared<Fd>(std::move(file));
    Uploader uploader(
        UploadWorld{portal_, *transfer_, loop_, senders_, *fs_, clock_, random_, *log_, nullptr, &prints_},
        UploadSettings{asked_.at_once, Secret("bench:bench")},
        [this, shared](const Job&, std::function<void(Result<Fd>)> done) {
          return loop_.After(std::chrono::milliseconds(0),
                             [shared, done = std::move(done)] { done(std::move(*shared)); });
        });
    Status ended;
    const HandlePtr work = uploader.Start(record, nullptr, [&](Status done) {
      ended = std::move(done);
      loop_.Stop();
    });
    loop_.Run();
    return Told(ended);
  }

  UploadGrant Grant(std::uint64_t size) const {
    UploadGrant grant;
    grant.file_path = "bench";
    grant.start_time = 1;
    if (asked_.chunk == 0) {
      grant.url = Secret(asked_.url);
      return grant;
    }
    grant.multipart.emplace();
    grant.multipart->upload_id = "bench";
    grant.multipart->chunk_size = asked_.chunk;
    for (std::uint64_t part = 1; (part - 1) * asked_.chunk < size; ++part) {
      grant.multipart->part_urls.emplace_back(asked_.url + std::to_string(part));
    }
    return grant;
  }

  int Get() {
    WorkerPool writers(loop_, 2, "write");
    const std::filesystem::path target(asked_.file);
    const auto folder = MakeLocalOutputFolder(target.parent_path(), ".tegodrop", {}, loop_, writers, *fs_, clock_);
    portal_.download = Secret(asked_.url);
    Job job = JobOf(asked_.file, 0);
    job.state = JobState::kBuilt;
    LoopRecord record(loop_, std::move(job));
    Deliverer deliverer(DeliveryWorld{portal_, *transfer_, loop_, clock_, *log_, Producer{}, attestor_},
                        [&](const Job&) -> Result<OutputFolder*> { return folder.get(); });
    Status ended;
    const HandlePtr work = deliverer.Fetch(record, nullptr, [&](Status done) {
      ended = std::move(done);
      loop_.Stop();
    });
    loop_.Run();
    if (!ended) return Told(ended);
    const auto staged = target.parent_path() / ".tegodrop" / kOutputStaging / record.job().output.staging_name;
    std::error_code error;
    std::filesystem::rename(staged, target, error);
    return Told(error ? Fail(ErrorKind::kLocalDisk, error.message()) : Status());
  }

  int Told(const Status& status) const {
    if (!status) {
      std::cerr << "client: " << status.error().message << "\n";
      return 1;
    }
    std::cout << "{\"verb\": \"" << asked_.verb << "\"}\n";
    return 0;
  }

  const Asked asked_;
  const std::unique_ptr<FileSystem> fs_;
  SystemClock clock_;
  SystemRandom random_;
  Fingerprints prints_;
  const std::unique_ptr<AdjustableLog> log_ = MakeStderrLog(LogLevel::kWarning, LogFormat::kText, clock_);
  EventLoop loop_;
  WorkerPool senders_{loop_, 2, "send"};
  OnePortal portal_{loop_};
  const Attestor attestor_;
  std::unique_ptr<Transfer> transfer_;
};

}  // namespace
}  // namespace tegodrop::bench

int main(int argc, char** argv) {
  const auto asked = tegodrop::bench::Read({argv + 1, argv + argc});
  if (!asked) {
    std::cerr << "usage: client put FILE URL | parts FILE URLPREFIX --chunk BYTES [--at-once N] |"
                 " get URL OUTFILE | admit FILE ADMITTED; [--ca PEM] [--admitted ADMITTED | --admit]\n";
    return 64;
  }
  return tegodrop::bench::Client(*asked, tegodrop::MakePosixFileSystem()).Run();
}
