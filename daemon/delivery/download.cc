#include "daemon/delivery/download.h"

#include <algorithm>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/disk/layout.h"
#include "daemon/model/output_name.h"

namespace tegodrop {
namespace {

// Protection adds code to an artifact and never multiplies it; the portal takes at most 2 GB.
constexpr std::uint64_t kLargestOutput = 4ULL << 30U;
std::uint64_t LargestOutput(std::uint64_t source) {
  return std::min<std::uint64_t>(kLargestOutput, 8 * source + (64ULL << 20U));
}
// The transfer's own limit stands behind the sink's, which says more.
constexpr std::uint64_t kLimitSlack = 16ULL << 20U;

std::vector<Check> OwnChecks(const Job& job, const StagedFacts& facts, std::optional<std::uint64_t> total) {
  std::vector<Check> checks;
  const std::string size = std::to_string(facts.size);
  if (!total) {
    checks.push_back({"length", "skipped", "the store named no length; " + size + " bytes came"});
  } else if (facts.size == *total) {
    checks.push_back({"length", "pass", size + " bytes, as the store named"});
  } else {
    checks.push_back({"length", "fail", size + " bytes came where the store named " + std::to_string(*total)});
  }
  if (facts.sha256 == job.artifact.sha256) {
    checks.push_back({"differs", "fail", "the output is the source artifact, byte for byte"});
  } else {
    checks.push_back({"differs", "pass", "the output's bytes are not the source's"});
  }
  return checks;
}

// What the history calls signed, and what the folder wants signed, carries a signature.
void RequireSignature(const Job& job, std::vector<Check>& checks) {
  const bool said = job.build && job.build->signed_ == true;
  if (!said && !SignatureRequired(job)) return;
  for (Check& check : checks) {
    if (check.id != "signature" || check.result != "skipped") continue;
    check.result = "fail";
    check.detail = said ? "the portal says that it is signed, and it carries no signature"
                        : "a signature is required, and it carries none";
  }
}

}  // namespace

Download::Download(const DeliveryWorld& world, OutputFolder& output, JobRecord& record, DeliveryProgress progress,
                   std::function<void(Status)> done)
    : Errand(record, std::move(done)), world_(world), output_(output), progress_(std::move(progress)) {}

Download::~Download() {
  step_.reset();
  // The transfer may hold the sink a little longer than its handle.
  if (sink_) sink_->Stop();
}

void Download::Start() {
  if (job().output.staging_name.empty()) return RecordAttempt();
  step_ = output_.Discard(job().output.staging_name, [this](const Status& gone) {
    if (!gone) return Done(Fail(gone.error()));
    RecordAttempt();
  });
}

void Download::RecordAttempt() {
  Save(
      [](Job& job) {
        ++job.epoch;
        job.output = {};
        job.output.staging_name = StagingName(job.id, job.epoch);
      },
      "the protected output is being downloaded", [this] { AskUrl(); });
}

void Download::AskUrl() {
  step_ = world_.portal.RequestDownload(IdentityOf(job()), [this](Result<Secret> url) {
    if (!url) return Abandon(url.error());
    Stage(std::move(*url));
  });
}

void Download::Stage(Secret url) {
  staging_ = true;
  step_ = output_.Stage(job().output.staging_name, job().artifact.size,
                        [this, url = std::move(url)](Result<std::unique_ptr<StagedFile>> file) {
                          if (!file) return Abandon(file.error());
                          Receive(Secret(url), std::move(*file));
                        });
}

void Download::Receive(const Secret& url, std::unique_ptr<StagedFile> file) {
  const std::uint64_t limit = LargestOutput(job().artifact.size);
  sink_ = std::make_shared<DownloadSink>(std::move(file), limit);
  HttpRequest request;
  request.url = url;
  request.again = job().download_tries > 0;
  request.sink = sink_;
  request.sink_limit = limit + kLimitSlack;
  request.progress = [this](std::uint64_t, std::uint64_t received) {
    if (progress_) progress_(received, sink_->total().value_or(0));
  };
  step_ = world_.transfer.Start(std::move(request), [this](Result<HttpAnswer> answer) { Received(std::move(answer)); });
}

void Download::Received(Result<HttpAnswer> answer) {
  step_.reset();
  if (sink_->failed()) {
    if (sink_->error().kind == ErrorKind::kCorrupt) return Condemn({{"length", "fail", sink_->error().message}}, false);
    return Abandon(sink_->error());
  }
  if (!answer) {
    Error error = answer.error();
    // A body cut short is the line's trouble and says nothing about the output.
    if (error.kind == ErrorKind::kCorrupt) error.kind = ErrorKind::kRetry;
    error.outcome_unknown = false;
    return Abandon(std::move(error));
  }
  if (answer->status != 200) return Abandon(RefusedByStore(*answer));
  sink_->Finish([this](Result<StagedFacts> facts) {
    if (!facts) return Abandon(facts.error());
    Staged(*facts);
  });
}

// A refused URL is no refusal of the build: the next attempt brings a fresh one. Neither the URL nor the store's body
// is quoted: both may carry the signature.
Error Download::RefusedByStore(const HttpAnswer& answer) const {
  const std::string status = "HTTP " + std::to_string(answer.status);
  Error error = MakeError(ErrorKind::kRetry, "the store refused the download (" + status + ")");
  if (answer.status == 401 || answer.status == 403) error.message = "the store refused the signed URL (" + status + ")";
  if (answer.status == 404 || answer.status == 410) {
    error.message = "the store does not have the protected output (" + status + ")";
  }
  error.http_status = answer.status;
  error.retry_after = answer.RetryAfter(world_.clock.Wall());
  return error;
}

void Download::Staged(const StagedFacts& facts) {
  facts_ = facts;
  step_ =
      output_.CheckStaged(job().output.staging_name, job().artifact.kind, [this](Result<std::vector<Check>> checks) {
        if (!checks) return Abandon(checks.error());
        Judge(std::move(*checks));
      });
}

void Download::Judge(std::vector<Check> checks) {
  std::vector<Check> all = OwnChecks(job(), facts_, sink_->total());
  all.insert(all.end(), checks.begin(), checks.end());
  // What is no whole ZIP was not looked at so far: its own fault comes first.
  if (OverallResult(all) != "fail") RequireSignature(job(), all);
  if (OverallResult(all) == "fail") return Condemn(std::move(all), true);
  RecordFetched(std::move(all));
}

void Download::RecordFetched(std::vector<Check> checks) {
  Save(
      [facts = facts_, checks = std::move(checks)](Job& job) {
        job.state = JobState::kFetched;
        job.output.size = facts.size;
        job.output.sha256 = facts.sha256;
        job.output.checks = checks;
        job.download_tries = 0;
        job.bad_downloads = 0;
      },
      "the protected output is here and passed its checks", [this] { Done({}); });
}

void Download::Condemn(std::vector<Check> checks, bool whole) {
  const auto failed = std::find_if(checks.begin(), checks.end(), [](const Check& one) { return one.result == "fail"; });
  Error error =
      MakeError(ErrorKind::kCorrupt, "the protected output failed the check '" + failed->id + "': " + failed->detail);
  std::string note = error.message;
  Save(
      [facts = facts_, checks](Job& job) {
        job.output.size = facts.size;
        job.output.sha256 = facts.sha256;
        job.output.checks = checks;
        ++job.download_tries;
        ++job.bad_downloads;
      },
      std::move(note), [this, whole, error = std::move(error)] { whole ? Quarantine(error) : Abandon(error); });
}

void Download::Quarantine(Error error) {
  const std::string name = job().id + "-" + std::to_string(job().epoch) + "-" + SafeName(job().artifact.file_name);
  world_.log.Warning("delivery.quarantined", error.message,
                     {{"job", job().id}, {"folder", job().target.folder}, {"quarantined", name}});
  step_ = output_.Quarantine(job().output.staging_name, name, [this, error = std::move(error)](const Status& kept) {
    if (!kept) {
      world_.log.Warning("delivery.quarantine_failed", kept.error().message, {{"job", job().id}});
    }
    Done(Fail(error));
  });
}

void Download::Abandon(Error error) {
  if (sink_) sink_->Stop();
  if (!staging_) return CountFailure(std::move(error));
  // At once and not with the next attempt: a disk that is full needs the room now.
  step_ = output_.Discard(job().output.staging_name,
                          [this, error = std::move(error)](const Status&) { CountFailure(error); });
}

void Download::CountFailure(Error error) {
  if (error.kind != ErrorKind::kRetry || error.held_back) return Done(Fail(std::move(error)));
  std::string note = "the download failed: " + error.message;
  Save([](Job& job) { ++job.download_tries; }, std::move(note),
       [this, error = std::move(error)] { Done(Fail(error)); });
}

}  // namespace tegodrop
