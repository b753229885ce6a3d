#include "daemon/delivery/download.h"

#include <algorithm>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/delivery/content_range.h"
#include "daemon/delivery/download_checks.h"
#include "daemon/disk/layout.h"
#include "daemon/model/output_name.h"

namespace tegodrop {
namespace {

// The transfer's own limit stands behind the sink's, which says more.
constexpr std::uint64_t kLimitSlack = 16ULL << 20U;

void Forget(Output& output) { output.kept = {}; }

// What came, and what was found in it. What was kept of it is not to be gone on with.
void Take(const StagedFacts& staged, const ProtectedFacts& facts, Output& output) {
  output.size = staged.size;
  output.sha256 = staged.sha256;
  output.identity = facts.identity;
  // What is no sound ZIP was not looked at for them.
  const bool unsound = std::any_of(facts.checks.begin(), facts.checks.end(), [](const Check& check) {
    return check.result == "fail" && (check.id == "zip_structure" || check.id == "zip_entries" || check.id == "length");
  });
  output.signature_schemes.reset();
  if (!unsound || !facts.signature_schemes.empty()) output.signature_schemes = facts.signature_schemes;
  output.checks = facts.checks;
  Forget(output);
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

bool Download::Resumable(const Job& job) {
  const KeptBytes& kept = job.output.kept;
  return !job.output.staging_name.empty() && IsStrongEtag(kept.etag) && kept.synced > 0 && kept.synced <= kept.total &&
         kept.total <= LargestOutput(job.artifact.size);
}

void Download::Start() {
  if (Resumable(job())) return RecordResumed();
  BeginAfresh([this] { AskUrl(); });
}

void Download::BeginAfresh(std::function<void()> next) {
  if (job().output.staging_name.empty()) return RecordAfresh(std::move(next));
  step_ = output_.Discard(job().output.staging_name, [this, next = std::move(next)](const Status& gone) {
    if (!gone) return Done(Fail(gone.error()));
    RecordAfresh(next);
  });
}

void Download::RecordAfresh(std::function<void()> next) {
  Save(
      [](Job& job) {
        ++job.epoch;
        job.output = {};
        job.output.staging_name = StagingName(job.id, job.epoch);
      },
      "the protected output is being downloaded", std::move(next));
}

// The file's name stays, so what is kept is taken from the row as this finds it: an earlier attempt's last word about
// it may have been under way until now.
void Download::RecordResumed() {
  Save(
      [](Job& job) {
        ++job.epoch;
        Output goes_on;
        goes_on.staging_name = std::move(job.output.staging_name);
        goes_on.kept = std::move(job.output.kept);
        job.output = std::move(goes_on);
      },
      "the download goes on behind its first " + std::to_string(job().output.kept.synced) + " bytes",
      [this] { AskUrl(); });
}

void Download::AskUrl() {
  step_ = world_.portal.RequestDownload(IdentityOf(job()), [this](Result<Secret> url) {
    if (!url) return Leave(url.error());
    Open(std::move(*url));
  });
}

void Download::Open(Secret url) {
  if (!Resumable(job())) return Stage(std::move(url));
  staging_ = true;
  const KeptBytes kept = job().output.kept;
  step_ = output_.Resume(job().output.staging_name, kept.synced, kept.total,
                         [this, kept, url = std::move(url)](Result<std::unique_ptr<StagedFile>> file) {
                           if (!file) return Abandon(file.error());
                           if (*file) return Receive(url, std::move(*file), kept);
                           BeginAfresh([this, url] { Stage(url); });
                         });
}

void Download::Stage(Secret url) {
  staging_ = true;
  step_ = output_.Stage(job().output.staging_name, job().artifact.size,
                        [this, url = std::move(url)](Result<std::unique_ptr<StagedFile>> file) {
                          if (!file) return Abandon(file.error());
                          Receive(url, std::move(*file), {});
                        });
}

void Download::Receive(const Secret& url, std::unique_ptr<StagedFile> file, KeptBytes kept) {
  asked_ = kept;
  HttpRequest request = RequestOf(url, kept);
  DownloadSink::Plan plan;
  plan.limit = LargestOutput(job().artifact.size);
  plan.kept = std::move(kept);
  plan.pace = world_.pace;
  plan.on_synced = [this](std::uint64_t synced) { RecordSynced(synced); };
  plan.on_whole = [this] { ForgetKept(); };
  sink_ = std::make_shared<DownloadSink>(std::move(file), world_.clock, std::move(plan));
  request.sink = sink_;
  step_ = world_.transfer.Start(std::move(request), [this](Result<HttpAnswer> answer) { Received(std::move(answer)); });
}

HttpRequest Download::RequestOf(const Secret& url, const KeptBytes& kept) {
  HttpRequest request;
  request.url = url;
  request.again = job().download_tries > 0;
  request.sink_limit = LargestOutput(job().artifact.size) + kLimitSlack;
  request.progress = [this](std::uint64_t, std::uint64_t received) {
    if (progress_) progress_(sink_->first() + received, sink_->total().value_or(0));
  };
  if (kept.synced == 0) return request;
  request.headers.push_back({"Range", Secret("bytes=" + std::to_string(kept.synced) + "-")});
  // Whatever has changed at the store since: other bytes come from their beginning.
  request.headers.push_back({"If-Range", Secret(kept.etag)});
  return request;
}

void Download::SaveMeanwhile(std::function<void(Output&)> change, std::string note, std::function<void()> next) {
  saving_ = true;
  Save(
      [change = std::move(change), epoch = job().epoch](Job& job) {
        // Asked for by this attempt, but perhaps written after it was given up.
        if (job.epoch == epoch) change(job.output);
      },
      std::move(note),
      [this, next = std::move(next)] {
        saving_ = false;
        if (next) next();
        if (answer_) Received(*std::exchange(answer_, std::nullopt));
      });
}

void Download::RecordSynced(std::uint64_t synced) {
  // The next one says more.
  if (saving_) return;
  SaveMeanwhile([kept = sink_->Keepable(synced)](Output& output) { output.kept = kept; }, "", nullptr);
}

void Download::ForgetKept() {
  SaveMeanwhile(Forget, "the store sends the output from its beginning: what had come is dropped",
                [this] { sink_->Restart(); });
}

void Download::Received(Result<HttpAnswer> answer) {
  step_.reset();
  if (saving_) {
    answer_ = std::move(answer);
    return;
  }
  if (sink_->failed()) {
    if (sink_->error().kind == ErrorKind::kCorrupt) {
      ProtectedFacts facts;
      facts.checks = {{"length", "fail", sink_->error().message}};
      return Condemn(std::move(facts), false);
    }
    return Abandon(sink_->error());
  }
  if (!answer) {
    Error error = answer.error();
    // A body cut short is the line's trouble and says nothing about the output.
    if (error.kind == ErrorKind::kCorrupt) error.kind = ErrorKind::kRetry;
    error.outcome_unknown = false;
    return BreakOff(std::move(error));
  }
  if (answer->status == 200 || answer->status == 206) return FinishFile();
  if (answer->status == 416 && asked_.synced > 0) return NothingBehind(*answer);
  Leave(RefusedByStore(*answer));
}

// All bytes came before the last attempt broke off, or the store has another output of the same ETag.
void Download::NothingBehind(const HttpAnswer& answer) {
  const auto range = ParseContentRange(answer.Header("content-range").value_or(""));
  const auto etag = answer.Header("etag");
  const bool same = range && !range->first && range->total == asked_.total && (!etag || Trim(*etag) == asked_.etag);
  if (same && asked_.synced == asked_.total) return FinishFile();
  Error error = RefusedByStore(answer);
  error.message += ": what had come does not fit it, and all of it is downloaded again";
  Abandon(std::move(error));
}

void Download::FinishFile() {
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
  step_ = output_.CheckStaged(job().output.staging_name, job().artifact.kind, facts.crcs,
                              [this](Result<ProtectedFacts> facts) {
                                if (!facts) return Abandon(facts.error());
                                Judge(std::move(*facts));
                              });
}

void Download::Judge(ProtectedFacts facts) {
  // What the folder takes for a warning opens no other gate: then the rest is asked for all the same.
  SoftenChecks(job(), facts.checks);
  // What is no whole ZIP was not looked at so far: its own fault comes first.
  const bool sound = OverallResult(facts.checks) != "fail";
  if (sound) RequireSignature(job(), facts.checks);
  std::vector<Check> all = OwnChecks(job(), facts_, sink_->total());
  for (const std::vector<Check>& more : {facts.checks, IdentityChecks(job(), facts, sound)}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  SoftenChecks(job(), all);
  facts.checks = std::move(all);
  if (OverallResult(facts.checks) == "fail") return Condemn(std::move(facts), true);
  RecordFetched(std::move(facts));
}

void Download::RecordFetched(ProtectedFacts facts) {
  std::string warned;
  for (const Check& check : facts.checks) {
    if (check.result != "warn") continue;
    warned += (warned.empty() ? ", with warnings: " : ", ") + check.id;
    world_.log.Warning("delivery.check_warned",
                       "the protected output is delivered although '" + check.id + "' warns: " + check.detail,
                       {{"job", job().id}, {"folder", job().target->folder}, {"file", job().artifact.file_name}});
  }
  Save(
      [staged = facts_, facts = std::move(facts)](Job& job) {
        job.state = JobState::kFetched;
        Take(staged, facts, job.output);
        job.download_tries = 0;
        job.bad_downloads = 0;
      },
      "the protected output is here and passed its checks" + warned, [this] { Done({}); });
}

void Download::Condemn(ProtectedFacts facts, bool whole) {
  const std::vector<Check>& checks = facts.checks;
  const auto failed = std::find_if(checks.begin(), checks.end(), [](const Check& one) { return one.result == "fail"; });
  Error error =
      MakeError(ErrorKind::kCorrupt, "the protected output failed the check '" + failed->id + "': " + failed->detail);
  std::string note = error.message;
  Save(
      [staged = facts_, facts](Job& job) {
        // The next one begins from nothing.
        Take(staged, facts, job.output);
        ++job.download_tries;
        ++job.bad_downloads;
      },
      std::move(note),
      [this, whole, error = std::move(error)] {
        const bool last = job().bad_downloads >= kMostBadDownloads;
        if (whole && last) return Quarantine(error);
        world_.log.Warning("delivery.bad_output", error.message, {{"job", job().id}, {"folder", job().target->folder}});
        Abandon(error);
      });
}

void Download::Quarantine(Error error) {
  const std::string name = job().id + "-" + std::to_string(job().epoch) + "-" + SafeName(job().artifact.file_name);
  world_.log.Warning("delivery.quarantined", error.message,
                     {{"job", job().id}, {"folder", job().target->folder}, {"quarantined", name}});
  step_ = output_.Quarantine(job().output.staging_name, name, [this, error = std::move(error)](const Status& kept) {
    if (!kept) {
      world_.log.Warning("delivery.quarantine_failed", kept.error().message, {{"job", job().id}});
    }
    Done(Fail(error));
  });
}

void Download::BreakOff(Error error) {
  const KeptBytes came = sink_->Keepable(sink_->received());
  if (came.etag.empty()) return Abandon(std::move(error));
  if (came.synced == job().output.kept.synced) return Leave(std::move(error));
  sink_->Sync([this, error = std::move(error)](const Result<std::uint64_t>& synced) {
    // A disk that does not hold what came is the greater trouble.
    if (!synced) return Abandon(synced.error());
    const KeptBytes kept = sink_->Keepable(*synced);
    sink_->Stop();
    EndWith(error, [kept](Output& output) { output.kept = kept; });
  });
}

void Download::Leave(Error error) {
  // A file that was begun for nothing is not kept for anything.
  if (staging_ && !Resumable(job())) return Abandon(std::move(error));
  if (sink_) sink_->Stop();
  EndWith(std::move(error), [](Output&) {});
}

void Download::Abandon(Error error) {
  if (sink_) sink_->Stop();
  if (!staging_) return EndWith(std::move(error), Forget);
  // At once and not with the next attempt: a disk that is full needs the room now.
  step_ = output_.Discard(job().output.staging_name,
                          [this, error = std::move(error)](const Status&) { EndWith(error, Forget); });
}

void Download::EndWith(Error error, std::function<void(Output&)> change) {
  const bool counts = error.kind == ErrorKind::kRetry && !error.held_back;
  Output changed = job().output;
  change(changed);
  const bool same = changed.kept.synced == job().output.kept.synced && changed.kept.etag == job().output.kept.etag;
  if (!counts && same) return Done(Fail(std::move(error)));
  std::string note = (counts ? "the download failed: " : "the download stopped: ") + error.message;
  Save(
      [counts, change = std::move(change)](Job& job) {
        change(job.output);
        if (counts) ++job.download_tries;
      },
      std::move(note), [this, error = std::move(error)] { Done(Fail(error)); });
}

}  // namespace tegodrop
