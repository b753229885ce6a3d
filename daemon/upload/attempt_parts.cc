// The upload of an attempt in parts, and its Complete.
#include <utility>

#include "daemon/base/seal.h"
#include "daemon/base/text.h"
#include "daemon/model/part_plan.h"
#include "daemon/upload/attempt.h"

namespace tegodrop {
namespace {

// What the sealed URLs belong to.
std::string BoundTo(const std::string& job, const std::string& upload_id) { return job + ' ' + upload_id; }

Secret Joined(const std::vector<Secret>& urls) {
  std::size_t size = 0;
  for (const Secret& url : urls) size += url.Reveal().size() + 1;
  std::string text;
  text.reserve(size);
  for (const Secret& url : urls) text.append(url.Reveal()).push_back('\n');
  return Secret(std::move(text));
}

std::vector<Secret> Split(const Secret& joined) {
  std::vector<Secret> urls;
  for (std::string_view text = joined.Reveal(); !text.empty();) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break;
    urls.emplace_back(std::string(text.substr(0, end)));
    text.remove_prefix(end + 1);
  }
  return urls;
}

}  // namespace

void UploadAttempt::TakeParts(UploadGrant grant) {
  MultipartPlan& plan = *grant.multipart;
  const auto total = static_cast<std::int64_t>(plan.part_urls.size());
  if (!PartsFit(size_, plan.chunk_size, total)) {
    return LeaveToAbort({grant.file_path, plan.upload_id}, [this, total, chunk_size = plan.chunk_size] {
      GiveBack(MakeError(ErrorKind::kRetry, "the portal's answer does not add up: " + std::to_string(total) +
                                                " parts of " + std::to_string(chunk_size) + " bytes for a file of " +
                                                std::to_string(size_)));
    });
  }
  MultipartUpload multipart;
  multipart.chunk_size = plan.chunk_size;
  multipart.total_parts = total;
  multipart.sealed_urls = Seal(settings_.sealing, BoundTo(job_, plan.upload_id), Joined(plan.part_urls), world_.random);
  multipart.expires_at = asked_at_ + std::chrono::duration_cast<std::chrono::milliseconds>(grant.expires_in).count();
  multipart.upload_id = std::move(plan.upload_id);
  part_urls_ = std::move(plan.part_urls);
  KeepTicket({grant.start_time, std::move(grant.file_path), std::move(grant.signing_key_id)}, std::move(multipart));
}

void UploadAttempt::GoOnWithParts() {
  const Job& row = record_.job();
  if (row.state == JobState::kCompleting) {
    completing_again_ = true;
    return BeforeArrivalThen([this] { Complete(); });
  }
  const MultipartUpload& multipart = *row.multipart;
  // Where only Complete is missing, no URL is needed any more.
  const bool all_there = static_cast<std::int64_t>(multipart.parts.size()) == multipart.total_parts;
  if (!all_there && multipart.expires_at - world_.clock.Wall() < kLeastLife.count()) {
    return StartOver("the part URLs do not live long enough to go on with them");
  }
  const auto opened = Unseal(settings_.sealing, BoundTo(job_, multipart.upload_id), multipart.sealed_urls);
  if (opened) part_urls_ = Split(*opened);
  const auto urls = static_cast<std::int64_t>(part_urls_.size());
  if (urls != multipart.total_parts || !PartsFit(size_, multipart.chunk_size, urls)) {
    return StartOver("the part URLs were sealed under another token");
  }
  world_.log.Info("upload.resumed", "the upload in parts goes on",
                  {{"job", job_},
                   {"file_name", file_name_},
                   {"parts_there", static_cast<std::uint64_t>(multipart.parts.size())},
                   {"parts", multipart.total_parts}});
  OpenFile();
}

void UploadAttempt::StartOver(const std::string& reason) {
  part_urls_.clear();
  world_.log.Warning("upload.started_over", "the upload in parts starts over: " + reason,
                     {{"job", job_}, {"file_name", file_name_}});
  Save(
      [](Job& job) {
        job.state = JobState::kClaimed;
        ForgetUpload(job);
      },
      "the upload in parts starts over: " + reason,
      [this](Status saved) {
        if (!saved) return GiveBack(LedgerError(std::move(saved.error())));
        AskForUrl();
      });
}

void UploadAttempt::LeaveToAbort(OpenUpload upload, std::function<void()> then) {
  Save([upload = std::move(upload)](Job& job) { job.aborts.push_back(upload); }, "",
       [this, then = std::move(then)](Status saved) {
         if (!saved) return GiveBack(LedgerError(std::move(saved.error())));
         then();
       });
}

void UploadAttempt::SendParts(const FileStat& opened) {
  const MultipartUpload& multipart = *record_.job().multipart;
  PartsToSend what;
  what.job = job_;
  what.file_name = file_name_;
  what.file = std::exchange(file_, nullptr);
  what.opened = opened;
  what.sha256 = record_.job().artifact.sha256;
  what.fingerprint = KnownFingerprint();
  what.chunk_size = multipart.chunk_size;
  what.urls = std::exchange(part_urls_, {});
  what.expires_at = multipart.expires_at;
  what.confirmed = multipart.parts;
  what.most_at_once = settings_.concurrent_parts;
  PartsSender::Events events;
  events.progress = progress_;
  events.record = [this](std::vector<UploadedPart> parts, Then then) {
    Save(
        [parts = std::move(parts)](Job& job) {
          // Progress: the delay of the next try begins anew.
          if (parts.size() > job.multipart->parts.size()) job.upload_tries = 0;
          job.multipart->parts = parts;
        },
        "", [then = std::move(then)](Status saved) { then(saved ? Status{} : Fail(LedgerError(saved.error()))); });
  };
  events.done = [this](Status sent) { OnPartsSent(std::move(sent)); };
  parts_ = std::make_unique<PartsSender>(world_, std::move(what), std::move(events));
  parts_->Begin();
}

void UploadAttempt::OnPartsSent(Status sent) {
  if (sent) {
    StopSending();
    return BeforeArrivalThen([this] { Complete(); });
  }
  Error error = std::move(sent.error());
  if (error.kind == ErrorKind::kCorrupt) error.message = Printable(file_name_) + ": " + error.message;
  GiveBack(std::move(error));
}

void UploadAttempt::Complete() {
  StopSending();
  Save(
      [now = world_.clock.Wall()](Job& job) {
        job.state = JobState::kCompleting;
        job.last_chunk_left = now;
      },
      "every part is there, digest right; Complete leaves",
      [this](Status saved) {
        if (!saved) return GiveBack(LedgerError(std::move(saved.error())));
        const Job& row = record_.job();
        std::vector<CompletedPart> parts;
        for (const UploadedPart& part : row.multipart->parts) {
          parts.push_back({static_cast<int>(part.number), part.etag});
        }
        step_ = world_.portal.CompleteMultipart(row.ticket.file_path, row.multipart->upload_id, parts,
                                                [this](Status completed) { OnCompleted(std::move(completed)); });
      });
}

void UploadAttempt::OnCompleted(Status completed) {
  if (completed) return RecordSubmitted();
  Error error = std::move(completed.error());
  const bool refused = error.kind == ErrorKind::kRejected;
  // Perhaps the earlier one was done after all: stores answer a second one as they like.
  if (refused && completing_again_) error.outcome_unknown = true;
  if (error.outcome_unknown) return RecordUnknown(std::move(error));
  // Nothing was queued. Uploads in parts do not live for ever, and a store that does not recognize a part of its own
  // takes another upload; a refusal of the artifact itself comes again.
  if (refused && (error.http_status == 404 || record_.job().refused_urls == 0)) error.kind = ErrorKind::kExpired;
  GiveBack(std::move(error));
}

}  // namespace tegodrop
