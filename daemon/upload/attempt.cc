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

UploadRequest RequestFor(const Job& job) {
  UploadRequest request;
  request.file_name = job.artifact.file_name;
  request.platform = PlatformOf(job.artifact.kind);
  request.version = job.target->version;
  request.file_size = job.artifact.size;
  request.signing_key = job.target->signing_key;
  return request;
}

bool MayStart(const Job& job) {
  const bool state = job.state == JobState::kClaimed || job.state == JobState::kRequested ||
                     job.state == JobState::kUploading || (job.state == JobState::kCompleting && job.multipart);
  return state && job.last_chunk_left == 0;
}

// What of an upload in parts is worth going on with after this error.
bool KeepsParts(ErrorKind kind) {
  return kind == ErrorKind::kRetry || kind == ErrorKind::kLocalDisk || kind == ErrorKind::kSlowDown ||
         kind == ErrorKind::kSignIn;
}

}  // namespace

Error UploadAttempt::LedgerError(Error error) {
  if (error.kind == ErrorKind::kRejected) error.kind = ErrorKind::kBug;
  return error;
}

UploadAttempt::UploadAttempt(UploadWorld world, const UploadSettings& settings, Doors doors, JobRecord& record,
                             std::function<void(std::uint64_t)> progress, std::function<void(Status)> done)
    : world_(world),
      settings_(settings),
      doors_(doors),
      record_(record),
      progress_(std::move(progress)),
      done_(std::move(done)),
      job_(record.job().id),
      file_name_(record.job().artifact.file_name),
      size_(record.job().artifact.size) {}

UploadAttempt::~UploadAttempt() { StopSending(); }

void UploadAttempt::Begin() {
  if (MayStart(record_.job())) return record_.job().multipart ? GoOnWithParts() : AskForUrl();
  step_ = world_.timers.After(std::chrono::milliseconds(0), [this] {
    Finish(Fail(ErrorKind::kBug, "an upload was begun in state " + std::string(ToString(record_.job().state)) +
                                     ", or after its last chunk had left"));
  });
}

void UploadAttempt::AskForUrl() {
  asked_at_ = world_.clock.Wall();
  step_ = world_.portal.RequestUpload(RequestFor(record_.job()),
                                      [this](Result<UploadGrant> grant) { OnGrant(std::move(grant)); });
}

void UploadAttempt::OnGrant(Result<UploadGrant> grant) {
  if (!grant) return GiveBack(std::move(grant.error()));
  if (grant->multipart) return TakeParts(std::move(*grant));
  if (!grant->url) return GiveBack(MakeError(ErrorKind::kRetry, "the portal's answer carries no upload URL"));
  RecordTicket(std::move(*grant));
}

void UploadAttempt::RecordTicket(UploadGrant grant) {
  url_ = std::move(*grant.url);
  KeepTicket({grant.start_time, std::move(grant.file_path), std::move(grant.signing_key_id)}, std::nullopt);
}

void UploadAttempt::KeepTicket(UploadTicket ticket, std::optional<MultipartUpload> multipart) {
  std::string note = "upload URL received, start_time " + std::to_string(ticket.start_time);
  if (multipart) note += ", " + std::to_string(multipart->total_parts) + " parts";
  Save(
      [ticket, multipart](Job& job) {
        job.state = JobState::kRequested;
        job.ticket = ticket;
        job.multipart = multipart;
        // A portal may give an upload again that was given up: it is in use now.
        if (multipart) {
          std::erase_if(job.aborts, [&](const OpenUpload& one) { return one.upload_id == multipart->upload_id; });
        }
      },
      note,
      [this, ticket, multipart](Status saved) {
        if (saved) return OpenFile();
        const bool taken = saved.error().kind == ErrorKind::kRejected && saved.error().message == kIdentityTaken;
        auto go_on = [this, taken, error = LedgerError(std::move(saved.error()))] {
          taken ? AskAgainForIdentity() : GiveBack(error);
        };
        if (!multipart) return go_on();
        // Nobody will know of that upload otherwise.
        LeaveToAbort({ticket.file_path, multipart->upload_id}, std::move(go_on));
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
  step_ = doors_.open_source(record_.job(), [this](Result<Fd> file) { OnOpened(std::move(file)); });
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
  if (record_.job().state == JobState::kUploading && record_.job().multipart) return SendParts(*stat);
  Save([](Job& job) { job.state = JobState::kUploading; }, "sending " + std::to_string(size_) + " bytes",
       [this, opened = *stat](Status saved) {
         if (!saved) return GiveBack(LedgerError(std::move(saved.error())));
         record_.job().multipart ? SendParts(opened) : Send(opened);
       });
}

// Null where it is not known what was admitted: after a restart.
std::shared_ptr<const Fingerprint> UploadAttempt::KnownFingerprint() const {
  if (world_.fingerprints == nullptr) return nullptr;
  auto known = world_.fingerprints->Of(record_.job().artifact.sha256);
  return known && known->size == size_ ? known : nullptr;
}

void UploadAttempt::BeforeArrivalThen(const std::function<void()>& next) {
  HandlePtr telling;
  if (doors_.before_arrival) {
    telling = doors_.before_arrival(record_.job(), [this, next](Status told) {
      if (!told) return GiveBack(std::move(told.error()));
      const auto go_on = next;  // it may let go of what holds this
      go_on();
    });
  }
  if (!telling) return next();
  step_ = std::move(telling);
}

void UploadAttempt::RecordSubmitted() {
  SaveFirmly(
      [now = world_.clock.Wall()](Job& job) {
        job.state = JobState::kSubmitted;
        job.times.submitted = now;
        job.multipart.reset();
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
        job.multipart.reset();
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
  const bool counts = (error.kind == ErrorKind::kRetry && !error.held_back) || error.kind == ErrorKind::kExpired;
  const bool keeps = row.multipart && KeepsParts(error.kind);
  const bool stays = keeps ? row.last_chunk_left == 0 : row.state == JobState::kClaimed;
  if (!counts && stays) return Finish(Fail(std::move(error)));
  Change change = [counts, keeps, refused = error.kind == ErrorKind::kExpired](Job& job) {
    job.last_chunk_left = 0;
    if (!keeps) {
      job.state = JobState::kClaimed;
      ForgetUpload(job);
    }
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
  const auto done = std::exchange(done_, nullptr);
  if (done) done(std::move(status));
}

void UploadAttempt::StopSending() {
  step_.reset();
  if (source_) source_->Stop();
  put_.reset();
  source_.reset();
  parts_.reset();
  part_urls_.clear();
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
