// The single PUT of an attempt.
#include <utility>

#include "daemon/base/text.h"
#include "daemon/upload/attempt.h"
#include "daemon/upload/store_answer.h"

namespace tegodrop {

void UploadAttempt::Send(const FileStat& opened) {
  source_ = std::make_shared<FileSource>(
      FileToSend{std::exchange(file_, nullptr), opened, record_.job().artifact.sha256, KnownFingerprint()}, world_.fs,
      world_.readers, [this](Status checked) { OnAtGate(std::move(checked)); }, world_.rate);
  HttpRequest request;
  request.method = "PUT";
  request.url = std::move(url_);
  request.headers.push_back({"Content-Type", Secret("application/octet-stream")});
  request.source = source_;
  request.source_size = size_;
  request.fresh_connection = true;
  request.expect_continue = true;
  request.again = record_.job().upload_tries > 0;
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
  BeforeArrivalThen([this] { LetLastChunkLeave(); });
}

void UploadAttempt::LetLastChunkLeave() {
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

}  // namespace tegodrop
