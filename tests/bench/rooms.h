// The daemon's own rooms for uploads and downloads, with its own settings, around jobs of the bench: what its clients
// are made of.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
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
#include "tests/bench/one_job.h"

namespace tegodrop::bench {

class Rooms {
 public:
  // `ca`: the only certificate that is trusted. Before everything else.
  Status Open(const std::optional<std::string>& ca) {
    auto transfer = MakeCurlTransfer(loop_, {ca, std::nullopt, {}, "tegodrop-bench"});
    if (!transfer) return Fail(transfer.error());
    transfer_ = std::move(*transfer);
    return {};
  }

  EventLoop& loop() { return loop_; }
  FileSystem& fs() { return *fs_; }
  Fingerprints& prints() { return prints_; }

  Result<Fd> OpenFile(const std::string& file) {
    const std::filesystem::path path(file);
    auto folder = fs_->OpenFolder(path.parent_path());
    if (!folder) return Fail(folder.error());
    return fs_->OpenFileAt(folder->get(), path.filename());
  }

  // The SHA-256; what intake tags by the way is remembered.
  Result<std::string> ReadAsIntakeDoes(const Fd& file, std::uint64_t size) {
    RememberedDigest digest(&prints_, random_);
    auto read =
        ReadEach(*fs_, file.get(), size, [&](const char* data, std::size_t count) { digest.Update(data, count); });
    if (!read) return Fail(read.error());
    return digest.FinishHex();
  }

  // To `url`, or where `chunk` is not 0 in parts of so many bytes to `url` with their numbers behind it. `job` has its
  // SHA-256.
  void Upload(Job job, Fd file, const std::string& url, std::uint64_t chunk, int at_once) {
    Going& going = Begin(std::move(job));
    going.portal.grant = Grant(url, going.record->job().artifact.size, chunk);
    const auto shared = std::make_shared<Fd>(std::move(file));
    going.uploader = std::make_unique<Uploader>(
        UploadWorld{going.portal, *transfer_, loop_, senders_, *fs_, clock_, random_, *log_, nullptr, &prints_},
        UploadSettings{at_once, Secret("bench:bench")},
        [this, shared](const Job&, std::function<void(Result<Fd>)> done) {
          return loop_.After(std::chrono::milliseconds(0),
                             [shared, done = std::move(done)] { done(std::move(*shared)); });
        });
    going.work = going.uploader->Start(*going.record, nullptr, Ended());
  }

  // Hashed and checked; `target` has its name only after Run.
  void Download(const std::string& url, const std::filesystem::path& target) {
    if (!writers_) writers_.emplace(loop_, 2, "write");
    Job job = JobOf(target, 0);
    job.state = JobState::kBuilt;
    Going& going = Begin(std::move(job));
    going.target = target;
    going.portal.download = Secret(url);
    going.folder = MakeLocalOutputFolder(target.parent_path(), ".tegodrop", {}, loop_, *writers_, *fs_, clock_);
    going.deliverer = std::make_unique<Deliverer>(
        DeliveryWorld{going.portal, *transfer_, loop_, clock_, *log_, Producer{}, attestor_},
        [folder = going.folder.get()](const Job&) -> Result<OutputFolder*> { return folder; });
    going.work = going.deliverer->Fetch(*going.record, nullptr, Ended());
  }

  // Until everything that was begun has ended; the first trouble of any.
  Status Run() {
    if (running_ > 0) loop_.Run();
    for (const auto& going : goings_) {
      if (trouble_ && !going->target.empty()) trouble_ = Publish(*going);
    }
    return trouble_;
  }

 private:
  struct Going {
    explicit Going(EventLoop& loop) : portal(loop) {}
    OnePortal portal;
    std::optional<LoopRecord> record;
    std::unique_ptr<Uploader> uploader;
    std::filesystem::path target;
    std::unique_ptr<OutputFolder> folder;
    std::unique_ptr<Deliverer> deliverer;
    HandlePtr work;
  };

  Going& Begin(Job job) {
    goings_.push_back(std::make_unique<Going>(loop_));
    job.id += std::to_string(goings_.size());
    goings_.back()->record.emplace(loop_, std::move(job));
    ++running_;
    return *goings_.back();
  }

  std::function<void(Status)> Ended() {
    return [this](Status done) {
      if (trouble_) trouble_ = std::move(done);
      if (--running_ == 0 || !trouble_) loop_.Stop();
    };
  }

  static UploadGrant Grant(const std::string& url, std::uint64_t size, std::uint64_t chunk) {
    UploadGrant grant;
    grant.file_path = "bench";
    grant.start_time = 1;
    if (chunk == 0) {
      grant.url = Secret(url);
      return grant;
    }
    grant.multipart.emplace();
    grant.multipart->upload_id = "bench";
    grant.multipart->chunk_size = chunk;
    for (std::uint64_t part = 1; (part - 1) * chunk < size; ++part) {
      grant.multipart->part_urls.emplace_back(url + std::to_string(part));
    }
    return grant;
  }

  static Status Publish(const Going& going) {
    const auto staged =
        going.target.parent_path() / ".tegodrop" / kOutputStaging / going.record->job().output.staging_name;
    std::error_code error;
    std::filesystem::rename(staged, going.target, error);
    return error ? Fail(ErrorKind::kLocalDisk, error.message()) : Status();
  }

  const std::unique_ptr<FileSystem> fs_ = MakePosixFileSystem();
  SystemClock clock_;
  SystemRandom random_;
  Fingerprints prints_;
  const std::unique_ptr<AdjustableLog> log_ = MakeStderrLog(LogLevel::kWarning, LogFormat::kText, clock_);
  EventLoop loop_;
  WorkerPool senders_{loop_, 2, "send"};
  std::optional<WorkerPool> writers_;
  const Attestor attestor_;
  std::unique_ptr<Transfer> transfer_;
  std::vector<std::unique_ptr<Going>> goings_;
  int running_ = 0;
  Status trouble_;
};

}  // namespace tegodrop::bench
