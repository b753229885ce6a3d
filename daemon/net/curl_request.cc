#include "daemon/net/curl_request.h"

#include <algorithm>
#include <utility>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr std::int64_t kProgressEveryMs = 250;
constexpr std::size_t kMostRemembered = 256;

std::uint64_t BodySize(const HttpRequest& request) {
  return request.source ? request.source_size : request.body.size();
}

}  // namespace

struct CurlRequest::Callbacks {
  static int Before(void* self, char*, char*, int, int) { return static_cast<CurlRequest*>(self)->BeforeRequest(); }
  static std::size_t Read(char* to, std::size_t size, std::size_t count, void* self) {
    return static_cast<CurlRequest*>(self)->Read(to, size * count);
  }
  // A source cannot go back. libcurl then fails (65) instead of sending the body's rest as if it were all.
  static int Seek(void*, curl_off_t, int) { return CURL_SEEKFUNC_FAIL; }
  static std::size_t Header(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<CurlRequest*>(self)->HeaderLine({data, size * count});
  }
  static std::size_t Write(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<CurlRequest*>(self)->Body(data, size * count);
  }
  static int Progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t sent) {
    return static_cast<CurlRequest*>(self)->Progress(static_cast<std::uint64_t>(sent));
  }
};

CurlRequest::CurlRequest(std::shared_ptr<CurlLoop> loop, std::shared_ptr<NetContext> context, HttpRequest request,
                         Done done)
    : loop_(std::move(loop)),
      context_(std::move(context)),
      request_(std::move(request)),
      done_(std::move(done)),
      body_size_(BodySize(request_)),
      answer_(request_.sink, request_.answer_limit, request_.sink_limit),
      deadlines_(request_, loop_->Now()) {}

CurlRequest::~CurlRequest() {
  if (easy_ != nullptr) curl_easy_cleanup(easy_);  // the CurlLoop was closed, and has taken it out
}

// -- the beginning

void CurlRequest::Start() {
  loop_->Later([self = shared_from_this()] { self->Begin(); });
}

void CurlRequest::Begin() {
  if (ended_) return;
  if (Status ready = Prepare(); !ready) return End(Fail(std::move(ready.error())));
  ListenToBodies();
  if (loop_->Add(easy_, shared_from_this()) != CURLM_OK) {
    return End(Fail(Describe(ErrorKind::kBug, "libcurl takes no more requests")));
  }
  Rearm();
}

Status CurlRequest::Prepare() {
  const Result<Origin> origin = ParseOrigin(request_.url);
  if (!origin) return Fail(origin.error());
  origin_ = origin->key;
  ask_continue_ = request_.expect_continue && body_size_ > 0 && context_->no_continue.count(origin_) == 0;
  easy_ = curl_easy_init();
  if (easy_ == nullptr) return Fail(Describe(ErrorKind::kRetry, "out of memory"));
  if (Status applied =
          ApplyRequest(easy_, request_, context_->settings, *origin, context_->trust.get(), ask_continue_, &headers_);
      !applied) {
    return Fail(Describe(applied.error().kind, applied.error().message));
  }
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, curl_text_.data());
  curl_easy_setopt(easy_, CURLOPT_CLOSESOCKETFUNCTION, &CurlLoop::CloseSocket);
  curl_easy_setopt(easy_, CURLOPT_CLOSESOCKETDATA, loop_.get());
  curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &Callbacks::Before);
  curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
  if (request_.source) {
    curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &Callbacks::Read);
    curl_easy_setopt(easy_, CURLOPT_READDATA, this);
    curl_easy_setopt(easy_, CURLOPT_SEEKFUNCTION, &Callbacks::Seek);
  }
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &Callbacks::Header);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Callbacks::Write);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy_, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy_, CURLOPT_XFERINFOFUNCTION, &Callbacks::Progress);
  curl_easy_setopt(easy_, CURLOPT_XFERINFODATA, this);
  return {};
}

// 417: the server knows no Expect. libcurl would send a header that was given to it again, and again.
bool CurlRequest::ExpectRefused() const {
  return ask_continue_ && answer_.headers_done() && answer_.status() == 417 && sent_ == 0 && !source_touched_;
}

void CurlRequest::BeginWithoutExpect() {
  context_->no_continue.insert(origin_);
  loop_->Remove(easy_);
  curl_easy_cleanup(std::exchange(easy_, nullptr));
  answer_.Restart();
  requested_ = false;
  Begin();
}

// Weak: a source or sink may outlive its request, and must not keep it alive.
void CurlRequest::ListenToBodies() {
  const auto weak = weak_from_this();
  const auto resume = [weak](bool source) {
    if (const auto self = weak.lock()) self->Resume(source);
  };
  if (request_.source) request_.source->OnReady([resume] { resume(true); });
  if (request_.sink) request_.sink->OnReady([resume] { resume(false); });
}

// -- libcurl's callbacks. Any of them may find the request cancelled by what it calls, and then touches nothing more;
// what it works on stays until libcurl is through (Cancel).

// Before every try, also those that libcurl makes by itself when a connection that was used before dies without a byte
// of an answer.
int CurlRequest::BeforeRequest() {
  if (ended_ || (requested_ && (ExpectRefused() || !MayRepeat()))) return CURL_PREREQFUNC_ABORT;
  requested_ = true;
  answer_.Restart();
  given_ = sent_ = 0;
  source_waits_ = sink_waits_ = false;
  deadlines_.Connected(loop_->Now(), ask_continue_ ? kContinueWait : std::chrono::milliseconds(0));
  if (body_size_ == 0) deadlines_.SentAll(loop_->Now());
  Rearm();
  return CURL_PREREQFUNC_OK;
}

bool CurlRequest::MayRepeat() const {
  if (request_.method == "GET") return true;
  // The seek function alone does not do: libcurl asks it only when the socket took bytes, and bytes that were read from
  // the source and not sent would be missing in the next try.
  if (request_.source) return !source_touched_;
  // What left whole may have been done; whoever asked for it decides whether it is done again.
  return body_size_ > 0 && !body_left_;
}

std::size_t CurlRequest::Read(char* to, std::size_t room) {
  if (ended_) return CURL_READFUNC_ABORT;
  // A refusal in the middle: "no more" ends the sending, so that the answer can be read to its end. (The connection is
  // closed afterwards: libcurl and a server that says Connection: close agree on that.)
  if (answer_.headers_done() && answer_.status() >= 300) return 0;
  room = static_cast<std::size_t>(std::min<std::uint64_t>(room, body_size_ - given_));
  if (room == 0) return 0;
  source_touched_ = true;
  std::size_t given = 0;
  const FlowState state = request_.source->Read(to, room, &given);
  if (ended_) return CURL_READFUNC_ABORT;
  if (state == FlowState::kGo && given > 0 && given <= room) {
    given_ += given;
    return given;
  }
  if (state == FlowState::kWait) {
    source_waits_ = true;
    deadlines_.SourceWaits(true, loop_->Now());
    Rearm();
    return CURL_READFUNC_PAUSE;
  }
  failure_ = state == FlowState::kFail
                 ? request_.source->error()
                 : MakeError(ErrorKind::kBug, "the source of the body gave no bytes, or too many");
  failure_is_ours_ = state != FlowState::kFail;
  return CURL_READFUNC_ABORT;
}

std::size_t CurlRequest::HeaderLine(std::string_view line) {
  if (ended_) return 0;
  const bool began = answer_.began();
  const Status taken = answer_.Line(line);
  if (ended_) return 0;
  if (!taken) {
    failure_ = taken.error();
    failure_is_ours_ = answer_.over_limit();
    return 0;
  }
  if (answer_.began() && !began) {
    deadlines_.AnswerBegan(loop_->Now());
    Rearm();
  }
  deadlines_.Moved(loop_->Now());
  // An answer before the body's end: a paused libcurl would wait for the source before it looks at it.
  if (answer_.headers_done() && source_waits_) Resume(true);
  return line.size();
}

std::size_t CurlRequest::Body(const char* data, std::size_t size) {
  if (ended_) return 0;
  const Result<FlowState> state = answer_.Body(data, size);
  if (ended_) return 0;
  if (!state) {
    failure_ = state.error();
    failure_is_ours_ = answer_.over_limit();
    return 0;
  }
  if (*state == FlowState::kWait) {
    sink_waits_ = true;
    deadlines_.SinkWaits(true, loop_->Now());
    Rearm();
    return CURL_WRITEFUNC_PAUSE;
  }
  deadlines_.Moved(loop_->Now());
  return size;
}

// Called whenever libcurl did something, also right after every byte that the socket took.
int CurlRequest::Progress(std::uint64_t sent) {
  if (ended_) return 1;
  if (sent != sent_) {
    const bool forward = sent > std::exchange(sent_, sent);  // back to 0 where libcurl begins another try
    deadlines_.Moved(loop_->Now());
    if (forward && ask_continue_ && !answer_.saw_continue() && !answer_.began()) {
      // The wait ran out. Bounded, should somebody ever have a host of its own for every file.
      if (context_->no_continue.size() >= kMostRemembered) context_->no_continue.clear();
      context_->no_continue.insert(origin_);
    }
    if (body_size_ > 0 && sent >= body_size_) {
      body_left_ = true;
      deadlines_.SentAll(loop_->Now());
      Rearm();
    }
  }
  TellProgress(false);
  return ended_ ? 1 : 0;
}

void CurlRequest::TellProgress(bool last) {
  if (!request_.progress) return;
  const std::uint64_t moved = sent_ + answer_.received();
  const std::int64_t now = loop_->Now();
  if (moved == told_ || (!last && now - told_at_ < kProgressEveryMs)) return;
  told_ = moved;
  told_at_ = now;
  const auto tell = request_.progress;  // copied: a cancellation in it may drop the request's
  tell(sent_, answer_.received());
}

// -- pauses

// Comes from the loop as it should, or from inside Read or Write: either way not now, because unpausing calls back into
// the sink.
void CurlRequest::Resume(bool source) {
  if (ended_) return;
  loop_->Later([weak = weak_from_this(), source] {
    const auto self = weak.lock();
    if (!self || self->ended_) return;
    bool& waits = source ? self->source_waits_ : self->sink_waits_;
    if (!waits) return;
    waits = false;
    if (source) self->deadlines_.SourceWaits(false, self->loop_->Now());
    if (!source) self->deadlines_.SinkWaits(false, self->loop_->Now());
    self->Unpause();
  });
}

void CurlRequest::Unpause() {
  const int still = (source_waits_ ? CURLPAUSE_SEND : 0) | (sink_waits_ ? CURLPAUSE_RECV : 0);
  const CURLcode code = loop_->Unpause(easy_, still);
  if (ended_) return;
  // A failure here is the sink's, and ends nothing by itself. (BAD_FUNCTION_ARGUMENT: no connection at the moment,
  // because libcurl is making another; then nothing is paused either.)
  if (code != CURLE_OK && code != CURLE_BAD_FUNCTION_ARGUMENT) return Finished(code);
  Rearm();
}

// -- time

// The timer may fire too early, and then looks again; it is only made anew where a limit comes before it.
void CurlRequest::Rearm() {
  const auto due = deadlines_.Next();
  if (!due) {
    timer_.reset();
    return;
  }
  if (timer_ != nullptr && armed_at_ <= due->at) return;
  armed_at_ = due->at;
  const auto wait = std::chrono::milliseconds(due->at - loop_->Now());
  timer_ = loop_->loop().After(wait, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->TimerFired();
  });
}

void CurlRequest::TimerFired() {
  timer_.reset();
  if (ended_) return;
  const auto due = deadlines_.Next();
  if (due && due->at <= loop_->Now()) return End(Fail(Describe(ErrorKind::kRetry, due->what)));
  Rearm();
}

// -- the end

void CurlRequest::Cancel() {
  if (ended_) return;
  ended_ = true;
  timer_.reset();
  const Done dropped = std::exchange(done_, nullptr);
  if (!loop_->busy()) return Release();
  // Inside a callback: libcurl cannot let go yet, and perhaps it is our source or sink that is standing on the stack.
  loop_->Later([self = shared_from_this()] { self->Release(); });
}

void CurlRequest::Finished(CURLcode code) {
  if (ended_) return;
  if (ExpectRefused()) return BeginWithoutExpect();
  TellProgress(true);
  if (ended_) return;
  End(Judge(code));
}

void CurlRequest::End(Result<HttpAnswer> result) {
  const auto self = shared_from_this();
  ended_ = true;
  timer_.reset();
  const Done done = std::exchange(done_, nullptr);
  Release();
  if (done) done(std::move(result));
}

void CurlRequest::Release() {
  if (easy_ != nullptr) {
    loop_->Remove(easy_);
    curl_easy_cleanup(std::exchange(easy_, nullptr));
  }
  // Out of the member first: what the request holds may reach back here while it goes.
  const HttpRequest gone = std::move(request_);
  request_ = {};
  answer_ = AnswerReader(nullptr, 0, 0);
}

}  // namespace tegodrop
