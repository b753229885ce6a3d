#include "daemon/upload/parts_sender.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/base/retry_policy.h"
#include "daemon/base/units.h"
#include "daemon/upload/store_answer.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLifeCheck = std::chrono::seconds(30);
// An early refusal is worth the extra round trip where the URL may expire on the way.
constexpr milliseconds kNearExpiry = std::chrono::minutes(5);

// What the answer to a part's PUT asks for; nothing where the store has the part. Whether it arrived although no answer
// came does not matter: sent again, it only replaces itself.
std::optional<Error> TroubleOf(const Result<HttpAnswer>& answer, bool gave_all, WallMs now) {
  StoreVerdict verdict = JudgeStoreAnswer(answer, gave_all, now);
  if (verdict.stored == Stored::kYes) {
    const auto etag = answer->Header("etag");
    if (etag && !etag->empty()) return std::nullopt;
    return MakeError(ErrorKind::kRetry, "the store answered without an ETag");
  }
  verdict.error.outcome_unknown = false;
  if (verdict.error.http_status == 404) {
    verdict.error.kind = ErrorKind::kExpired;
    verdict.error.message = "the store no longer knows the upload (HTTP 404)";
  }
  return std::move(verdict.error);
}

}  // namespace

PartsSender::PartsSender(UploadWorld world, PartsToSend what, Events events)
    : world_(world),
      what_(std::move(what)),
      events_(std::move(events)),
      pace_(what_.most_at_once),
      at_once_(what_.most_at_once),
      checked_as_read_(Fingerprinted()) {}

PartsSender::~PartsSender() {
  for (auto& [number, part] : on_its_way_) {
    if (part.source) part.source->Stop();
  }
}

PartRange PartsSender::RangeOf(std::int64_t number) const {
  return RangeOfPart(number, what_.opened.size, what_.chunk_size);
}

void PartsSender::Begin() {
  for (const UploadedPart& part : what_.confirmed) confirmed_[part.number] = part;
  const auto total = static_cast<std::int64_t>(what_.urls.size());
  for (std::int64_t number = 1; number <= total; ++number) {
    if (!confirmed_.contains(number)) waiting_.insert(number);
  }
  MeasurePaceAnew();
  if (!checked_as_read_) {
    whole_check_ =
        std::make_unique<WholeCheck>(what_.file, what_.opened.size, what_.chunk_size, world_.fs, world_.readers,
                                     [this](Result<WholeDigests> found) { OnDigests(std::move(found)); });
  }
  WatchLife();
  Fill();
}

void PartsSender::Fill() {
  const int most = std::min(pace_.parallel(), at_once_.now());
  while (!waiting_.empty() && static_cast<int>(on_its_way_.size()) < most) {
    const std::int64_t number = *waiting_.begin();
    waiting_.erase(waiting_.begin());
    Send(number);
  }
}

void PartsSender::Send(std::int64_t number) {
  OnItsWay& part = on_its_way_[number];
  part.pause.reset();
  part.source = std::make_shared<PartSource>(what_.file, RangeOf(number), world_.fs, world_.readers, world_.rate,
                                             checked_as_read_ ? what_.fingerprint : nullptr);
  HttpRequest request;
  request.method = "PUT";
  request.url = what_.urls[static_cast<std::size_t>(number - 1)];
  request.source = part.source;
  request.source_size = RangeOf(number).size;
  request.again = tries_[number] > 0;
  request.expect_continue = what_.expires_at - world_.clock.Wall() < kNearExpiry.count();
  request.progress = [this](std::uint64_t, std::uint64_t) { TellProgress(); };
  part.put = world_.transfer.Start(std::move(request),
                                   [this, number](Result<HttpAnswer> answer) { OnAnswer(number, std::move(answer)); });
}

void PartsSender::OnAnswer(std::int64_t number, Result<HttpAnswer> answer) {
  OnItsWay& part = on_its_way_[number];
  const std::shared_ptr<PartSource> source = std::exchange(part.source, nullptr);
  part.put.reset();
  source->Stop();
  if (source->failed()) return End(Fail(source->error()));
  if (const auto trouble = TroubleOf(answer, source->gave_all(), world_.clock.Wall())) return Again(number, *trouble);
  const UploadedPart done{number, std::string(*answer->Header("etag")), source->FinishDigest()};
  if (DiffersFromFile(done)) {
    return Again(number, MakeError(ErrorKind::kRetry, "the claimed file was touched while it was uploaded"));
  }
  on_its_way_.erase(number);
  confirmed_[number] = done;
  pace_.Succeeded();
  at_once_.Succeeded(SentBytes(), world_.clock.Mono());
  TellProgress();
  Fill();
  Record();
}

void PartsSender::Again(std::int64_t number, const Error& error) {
  if (error.kind != ErrorKind::kRetry) return End(Fail(error));
  if (error.held_back) return HeldBack(number, error);
  const int failures = ++tries_[number];
  pace_.Failed();
  MeasurePaceAnew();
  world_.log.Debug("upload.part_failed", "a part did not arrive: " + error.message,
                   {{"job", what_.job}, {"part", number}, {"failures", failures}, {"at_once", pace_.parallel()}});
  if (failures >= kMostPartTries) {
    Error last = error;
    last.message = "part " + std::to_string(number) + " of " + std::to_string(what_.urls.size()) + " failed " +
                   std::to_string(failures) + " times, at last: " + error.message;
    return End(Fail(std::move(last)));
  }
  Pause(number, RetryDelay(failures - 1, error.retry_after, world_.random));
}

// No try. While other parts move it waits for them; where none does, whoever asked for the upload says what it waits
// for.
void PartsSender::HeldBack(std::int64_t number, const Error& error) {
  const bool others =
      std::any_of(on_its_way_.begin(), on_its_way_.end(), [](const auto& part) { return part.second.put != nullptr; });
  if (!others) return End(Fail(error));
  MeasurePaceAnew();
  Pause(number, error.retry_after.value_or(milliseconds(0)));
}

void PartsSender::Pause(std::int64_t number, milliseconds delay) {
  on_its_way_[number].pause = world_.timers.After(delay, [this, number] {
    // It lines up with the others: perhaps fewer go at once by now.
    on_its_way_.erase(number);
    waiting_.insert(number);
    Fill();
  });
}

// What an earlier attempt hashed and did not hold against anything needs the whole to be read.
bool PartsSender::Fingerprinted() const {
  return what_.fingerprint && what_.chunk_size % Fingerprint::kBlock == 0 &&
         std::all_of(what_.confirmed.begin(), what_.confirmed.end(),
                     [](const UploadedPart& part) { return part.sha256.empty(); });
}

bool PartsSender::DiffersFromFile(const UploadedPart& part) const {
  return digests_ && !part.sha256.empty() && digests_->parts[static_cast<std::size_t>(part.number - 1)] != part.sha256;
}

void PartsSender::OnDigests(Result<WholeDigests> digests) {
  whole_check_.reset();
  if (!digests) return End(Fail(std::move(digests.error())));
  if (digests->sha256 != what_.sha256) {
    return End(Fail(ErrorKind::kCorrupt, "the claimed file is not the one that was admitted: its SHA-256 is " +
                                             digests->sha256 + " and should be " + what_.sha256));
  }
  digests_ = std::move(*digests);
  // What left while the file was another one is sent again.
  const std::size_t differ = std::erase_if(confirmed_, [this](const auto& part) {
    if (!DiffersFromFile(part.second)) return false;
    waiting_.insert(part.first);
    return true;
  });
  if (differ > 0) {
    world_.log.Warning("upload.parts_again", "parts of the upload do not match the file any more and are sent again",
                       {{"job", what_.job}, {"file_name", what_.file_name}, {"parts", differ}});
    MeasurePaceAnew();
    Fill();
    return Record();
  }
  EndIfWhole();
}

void PartsSender::Record() {
  unrecorded_ = true;
  if (recording_) return;
  recording_ = true;
  unrecorded_ = false;
  std::vector<UploadedPart> parts;
  for (const auto& [number, part] : confirmed_) parts.push_back(part);
  events_.record(std::move(parts), [this, alive = std::weak_ptr<const bool>(alive_)](Status recorded) {
    if (alive.expired()) return;
    recording_ = false;
    if (ending_) return End(std::move(*ending_));
    if (!recorded) return End(std::move(recorded));
    if (unrecorded_) return Record();
    EndIfWhole();
  });
}

void PartsSender::EndIfWhole() {
  if (recording_ || (!digests_ && !checked_as_read_) || last_look_ || confirmed_.size() != what_.urls.size()) return;
  last_look_ = RunTask<Result<FileStat>>(
      world_.readers, [&fs = world_.fs, file = what_.file] { return fs.Stat(file->get()); },
      [this](Result<FileStat> now) {
        if (!now) return End(Fail(std::move(now.error())));
        if (now->SameContentAs(what_.opened)) return End({});
        // Its bytes were right; but whoever touches a claimed file is not done with it. The next attempt looks again.
        End(Fail(ErrorKind::kRetry, "the claimed file was touched while it was uploaded: it is looked at again"));
      });
}

void PartsSender::WatchLife() {
  const milliseconds life(what_.expires_at - world_.clock.Wall());
  const milliseconds elapsed(world_.clock.Mono() - measured_since_);
  const std::uint64_t sent = SentBytes();
  const std::uint64_t fresh = sent - std::min(sent, sent_before_);
  // A URL must live when its request begins, not until it ends.
  const bool all_begun = waiting_.empty() && std::none_of(on_its_way_.begin(), on_its_way_.end(), [](const auto& part) {
                           return part.second.pause != nullptr;
                         });
  const std::uint64_t left = all_begun ? 0 : what_.opened.size - sent;
  const LifeVerdict verdict = JudgeLife(fresh, left, elapsed, life);
  if (verdict != LifeVerdict::kEnough) {
    const std::string words = "the upload is too slow for its URLs: " + HumanSize(fresh) + " sent in " +
                              HumanDuration(elapsed) + ", " + HumanSize(left) + " left for " + HumanDuration(life);
    if (verdict == LifeVerdict::kHopeless) return End(Fail(ErrorKind::kExpired, words));
    if (!std::exchange(told_tight_, true)) {
      world_.log.Warning("upload.too_slow", words, {{"job", what_.job}, {"file_name", what_.file_name}});
    }
  }
  life_timer_ = world_.timers.After(kLifeCheck, [this] { WatchLife(); });
}

void PartsSender::MeasurePaceAnew() {
  at_once_.Disturbed();
  measured_since_ = world_.clock.Mono();
  sent_before_ = SentBytes();
}

std::uint64_t PartsSender::SentBytes() const {
  std::uint64_t sent = 0;
  for (const auto& [number, part] : confirmed_) sent += RangeOf(number).size;
  for (const auto& [number, part] : on_its_way_) sent += part.source ? part.source->given() : 0;
  return sent;
}

void PartsSender::TellProgress() {
  if (events_.progress) events_.progress(SentBytes());
}

void PartsSender::End(Status status) {
  for (auto& [number, part] : on_its_way_) {
    if (part.source) part.source->Stop();
  }
  on_its_way_.clear();
  waiting_.clear();
  whole_check_.reset();
  last_look_.reset();
  life_timer_.reset();
  if (recording_) {  // the row is written by one at a time
    ending_ = std::move(status);
    return;
  }
  // Last: it may destroy this object.
  const auto done = std::exchange(events_.done, nullptr);
  if (done) done(std::move(status));
}

}  // namespace tegodrop
