#include "daemon/net/deadlines.h"

#include "daemon/base/units.h"

namespace tegodrop {

Deadlines::Deadlines(const HttpRequest& request, std::int64_t now)
    : connect_(request.connect_timeout),
      stall_(request.stall_timeout),
      answer_(request.answer_timeout),
      total_(request.total_timeout),
      started_(now),
      moved_(now) {}

void Deadlines::Connected(std::int64_t now, std::chrono::milliseconds pause) {
  stage_ = Stage::kSending;
  moved_ = now + pause.count();
  sent_all_ = source_waits_ = sink_waits_ = false;
}

void Deadlines::Moved(std::int64_t now) {
  if (stage_ == Stage::kSending || stage_ == Stage::kReceiving) moved_ = now;
}

void Deadlines::SentAll(std::int64_t now) {
  sent_all_ = true;
  source_waits_ = false;
  if (stage_ != Stage::kSending) return;  // the answer is already coming
  stage_ = Stage::kAwaiting;
  moved_ = now;
}

void Deadlines::AnswerBegan(std::int64_t now) {
  stage_ = Stage::kReceiving;
  moved_ = now;
}

void Deadlines::SourceWaits(bool waits, std::int64_t now) {
  source_waits_ = waits;
  Moved(now);
}

void Deadlines::SinkWaits(bool waits, std::int64_t now) {
  sink_waits_ = waits;
  Moved(now);
}

std::optional<Deadlines::Due> Deadlines::StageLimit() const {
  switch (stage_) {
    case Stage::kConnecting:
      return Due{started_ + connect_.count(), "no connection within " + FormatDuration(connect_)};
    case Stage::kSending:
      if (source_waits_) return std::nullopt;
      return Due{moved_ + stall_.count(), "no byte could be sent for " + FormatDuration(stall_)};
    case Stage::kAwaiting:
      return Due{moved_ + answer_.count(), "no answer within " + FormatDuration(answer_)};
    case Stage::kReceiving:
      // An early answer makes a waiting source unimportant: the other side must go on with what it began.
      if (sink_waits_) return std::nullopt;
      return Due{moved_ + stall_.count(), "no byte came for " + FormatDuration(stall_)};
  }
  return std::nullopt;
}

std::optional<Deadlines::Due> Deadlines::Next() const {
  std::optional<Due> due = StageLimit();
  if (total_ && (!due || started_ + total_->count() < due->at)) {
    due = Due{started_ + total_->count(), "not finished within " + FormatDuration(*total_)};
  }
  return due;
}

}  // namespace tegodrop
