#include "daemon/upload/attempt.h"

#include <chrono>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/ledger/ledger.h"
#include "daemon/upload/store_answer.h"

namespace tegodrop {
namespace {

// start_time has one-second resolution: a second later the portal gives another one.
constexpr auto kNextIdentity = std::chrono::seconds(1);
constexpr int kMostIdentities = 5;
constexpr auto kSaveAgain = std::chrono::seconds(5);

// The ledger refuses a row only where it contradicts what it holds: no later try changes that.
Error LedgerError(Error error) {
  if (error.kind == ErrorKind::kRejected) error.kind = ErrorKind::kBug;
  return error;
}

UploadRequest RequestFor(const Job& job) {
  UploadRequest request;
  request.file_name = job.artifact.file_name;
  request.platform = PlatformOf(job.artifact.kind);
  request.version = job.target.version;
  request.file_size = job.artifact.size;
  request.signing_key = job.target.signing_key;
  return request;
}

bool MayStart(const Job& job) {
  const bool state =
      job.state == JobState::kClaimed || job.state == JobState::kRequested || job.state == JobState::kUploading;
  return state && job.last_chunk_left == 0;
}

}  // namespace

UploadAttempt::UploadAttempt(UploadWorld world, const OpenSource& open_source, JobRecord& record,
                             std::function<void(std::uint64_t)> progress, std::function<void(Status)> done)
    : world_(world),
      open_source_(open_source),
      record_(record),
      progress_(std::move(progress)),
      done_(std::move(done)),
      job_(record.job().id),
      file_name_(record.job().artifact.file_name),
      size_(record.job().artifact.size) {}

UploadAttempt::~UploadAttempt() { StopSending(); }

void UploadAttempt::Begin() {
  if (MayStart(record_.job())) return AskForUrl();
  step_ = world_.timers.After(std::chrono::milliseconds(0), [this] {
    Finish(Fail(ErrorKind::kBug, "an upload was begun in state " + std::string(ToString(record_.job().state)) +
                                     ", or after its last chunk had left"));
  });
}

void UploadAttempt::AskForUrl() {
  step_ = world_.portal.RequestUpload(RequestFor(record_.job()),
                                      [this](Result<UploadGrant> grant) { OnGrant(std::move(grant)); });
}

void UploadAttempt::OnGrant(Result<UploadGrant> grant) {
  if (!grant) return GiveBack(std::move(grant.error()));
  if (grant->multipart) return RefuseMultipart(*grant);
  if (!grant->url) return GiveBack(MakeError(ErrorKind::kRetry, "the portal's answer carries no upload URL"));
  RecordTicket(std::move(*grant));
}

// Before anything is recorded: no row ever names an upload in parts that nobody will complete.
void UploadAttempt::RefuseMultipart(const UploadGrant& grant) {
  step_ = world_.portal.AbortMultipart(grant.file_path, grant.multipart->upload_id, [this](Status aborted) {
    if (!aborted) {
      world_.log.Warning("upload.abort_failed", "the upload in parts could not be called off; the portal will drop it",
                         {{"job", job_}, {"error", aborted.error().message}});
    }
    GiveBack(MakeError(ErrorKind::kRejected, "the portal wants this file in parts (" + std::to_string(size_) +
                                                 " bytes); this version uploads in one piece only"));
  });
}

void UploadAttempt::RecordTicket(UploadGrant grant) {
  url_ = std::move(*grant.url);
  UploadTicket ticket{grant.start_time, std::move(grant.file_path), std::move(grant.signing_key_id)};
  const std::string note = "upload URL received, start_time " + std::to_string(ticket.start_time);
  Save(
      [ticket = std::move(ticket)](Job& job) {
        job.state = JobState::kRequested;
        job.ticket = ticket;
      },
      note,
      [this](Status saved) {
        if (saved) return OpenFile();
        if (saved.error().kind == ErrorKind::kRejected && saved.error().message == kIdentityTaken) {
          return AskAgainForIdentity();
        }
        GiveBack(LedgerError(std::move(saved.error())));
      });
}

void UploadAttempt::AskAgainForIdentity() {
  ++identities_taken_;
  url_ = Secret();
  world_.log.Warning("upload.identity_taken",
                     "the portal's answer repeats the build identity of another job and is dropped",
                     {{"job", job_}, {"file_name", file_name_}, {"times", identities_taken_}});
  if (identities_taken_ > kMostIdentities) {
    return GiveBack(MakeError(ErrorKind::kRetry, "the portal keeps giving the build identity of another job"));
  }
  step_ = world_.timers.After(kNextIdentity, [this] { AskForUrl(); });
}

void UploadAttempt::OpenFile() {
  step_ = open_source_(record_.job(), [this](Result<Fd> file) { OnOpened(std::move(file)); });
}

void UploadAttempt::OnOpened(Result<Fd> file) {
  if (!file) return GiveBack(std::move(file.error()));
  file_ = std::make_shared<const Fd>(std::move(*file));
  step_ = RunTask<Result<FileStat>>(
      world_.readers, [&fs = world_.fs, shared = file_] { return fs.Stat(shared->get()); },
      [this](Result<FileStat> stat) { OnStat(std::move(stat)); });
}

void UploadAttempt::OnStat(Result<FileStat> stat) {
  if (!stat) return GiveBack(std::move(stat.error()));
  if (!stat->IsRegular()) return GiveBack(MakeError(ErrorKind::kCorrupt, "the claimed artifact is no regular file"));
  if (stat->size != size_ || size_ == 0) {
    return GiveBack(MakeError(ErrorKind::kCorrupt, "the claimed file has " + std::to_string(stat->size) +
                                                       " bytes and was admitted with " + std::to_string(size_)));
  }
  Save([](Job& job) { job.state = JobState::kUploading; }, "sending " + std::to_string(size_) + " bytes",
       [this, opened = *stat](Status saved) {
         if (!saved) return GiveBack(LedgerError(std::move(saved.error())));
         Send(opened);
       });
}

void UploadAttempt::Send(const FileStat& opened) {
  source_ =
      std::make_shared<FileSource>(FileToSend{std::exchange(file_, nullptr), opened, record_.job().artifact.sha256},
                                   world_.fs, world_.readers, [this](Status checked) { OnAtGate(std::move(checked)); });
  HttpRequest request;
  request.method = "PUT";
  request.url = std::move(url_);
  request.headers.push_back({"Content-Type", Secret("application/octet-stream")});
  request.source = source_;
  request.source_size = size_;
  request.fresh_connection = true;
  request.expect_continue = true;
  if (progress_) request.progress = [progress = progress_](std::uint64_t sent, std::uint64_t) { progress(sent); };
  world_.log.Debug("upload.started", "sending the artifact",
                   {{"job", job_}, {"file_name", file_name_}, {"bytes", size_}});
  put_ = world_.transfer.Start(std::move(request), [this](Result<HttpAnswer> answer) { OnAnswer(std::move(answer)); });
}

void UploadAttempt::OnAtGate(Status checked) {
  if (!checked) {
    Error error = std::move(checked.error());
    error.message = Printable(file_name_) + ": " + error.message;
    return GiveBack(std::move(error));
  }
  saving_last_chunk_ = true;
  Save([now = world_.clock.Wall()](Job& job) { job.last_chunk_left = now; },
       "all but the last chunk sent, digest right; the last chunk leaves",
       [this](Status saved) { OnLastChunkRecorded(std::move(saved)); });
}

void UploadAttempt::OnLastChunkRecorded(Status saved) {
  saving_last_chunk_ = false;
  if (!saved) return GiveBack(LedgerError(std::move(saved.error())));
  if (early_answer_) return OnAnswer(std::move(*std::exchange(early_answer_, nullptr)));
  source_->OpenGate();
}

void UploadAttempt::OnAnswer(Result<HttpAnswer> answer) {
  put_.reset();
  if (saving_last_chunk_) {  // one Save at a time
    early_answer_ = std::make_unique<Result<HttpAnswer>>(std::move(answer));
    return;
  }
  StoreVerdict verdict = JudgeStoreAnswer(answer, source_->gave_all(), world_.clock.Wall());
  StopSending();
  switch (verdict.stored) {
    case Stored::kYes:
      return RecordSubmitted();
    case Stored::kNo:
      return GiveBack(std::move(verdict.error));
    case Stored::kUnknown:
      return RecordUnknown(std::move(verdict.error));
  }
}

void UploadAttempt::RecordSubmitted() {
  SaveFirmly(
      [now = world_.clock.Wall()](Job& job) {
        job.state = JobState::kSubmitted;
        job.times.submitted = now;
        job.upload_tries = 0;
        job.refused_urls = 0;
        ++job.sends;
      },
      "the portal has the whole object",
      [this](Status saved) {
        if (saved) {
          world_.log.Debug("upload.submitted", "the portal has the artifact",
                           {{"job", job_}, {"file_name", file_name_}, {"bytes", size_}});
          return Finish({});
        }
        Error error = LedgerError(std::move(saved.error()));
        error.outcome_unknown = true;  // it is there: the history will say so, and nothing may be sent again
        Finish(Fail(std::move(error)));
      });
}

void UploadAttempt::RecordUnknown(Error error) {
  world_.log.Warning("upload.unknown", "the whole artifact left and no answer says whether it arrived",
                     {{"job", job_}, {"file_name", file_name_}, {"error", error.message}});
  SaveFirmly(
      [now = world_.clock.Wall()](Job& job) {
        job.state = JobState::kConfirming;
        job.confirming_since = now;
        job.confirming_looks = 0;
        ++job.sends;
      },
      "sent whole, outcome unknown: " + error.message,
      [this, error](Status saved) {
        Error told = saved ? error : LedgerError(std::move(saved.error()));
        told.outcome_unknown = true;
        Finish(Fail(std::move(told)));
      });
}

void UploadAttempt::GiveBack(Error error) {
  StopSending();
  const Job& row = record_.job();
  const bool counts = error.kind == ErrorKind::kRetry || error.kind == ErrorKind::kExpired;
  if (!counts && row.state == JobState::kClaimed) return Finish(Fail(std::move(error)));
  Change change = [counts, refused = error.kind == ErrorKind::kExpired](Job& job) {
    job.state = JobState::kClaimed;
    job.last_chunk_left = 0;
    if (counts) ++job.upload_tries;
    if (refused) ++job.refused_urls;
  };
  Then then = [this, error](Status saved) {
    if (saved) return Finish(Fail(error));
    world_.log.Warning("upload.not_recorded", "the end of an upload could not be recorded",
                       {{"job", job_}, {"upload_error", error.message}, {"error", saved.error().message}});
    Finish(Fail(LedgerError(std::move(saved.error()))));
  };
  std::string note = "upload given back: " + error.message;
  // A row that says last_chunk_left reads as unknown: that it is not must not get lost.
  if (row.last_chunk_left != 0) return SaveFirmly(std::move(change), std::move(note), std::move(then));
  Save(std::move(change), std::move(note), std::move(then));
}

// The callback is moved out and all else is let go first: it may destroy this object.
void UploadAttempt::Finish(Status status) {
  StopSending();
  step_.reset();
  const auto done = std::exchange(done_, nullptr);
  if (done) done(std::move(status));
}

void UploadAttempt::StopSending() {
  if (source_) source_->Stop();
  put_.reset();
  source_.reset();
  file_.reset();
  url_ = Secret();
}

void UploadAttempt::Save(Change change, std::string note, Then then) {
  record_.Save(std::move(change), std::move(note),
               [alive = std::weak_ptr<const bool>(alive_), then = std::move(then)](Status saved) {
                 if (!alive.expired()) then(std::move(saved));
               });
}

void UploadAttempt::SaveFirmly(Change change, std::string note, Then then) {
  Save(change, note, [this, change, note, then](Status saved) {
    if (saved || saved.error().kind != ErrorKind::kLocalDisk) return then(std::move(saved));
    if (!std::exchange(told_of_saving_, true)) {
      world_.log.Error("upload.save_again", "what became of the upload cannot be recorded; tried again until it can",
                       {{"job", job_}, {"error", saved.error().message}});
    }
    step_ = world_.timers.After(kSaveAgain, [this, change, note, then] { SaveFirmly(change, note, then); });
  });
}

}  // namespace tegodrop
