#include "tests/simulation/sim_transfer.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/text.h"

namespace tegodrop::simulation {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kPiece = 16 * 1024;
constexpr Trouble kFair = Trouble::kCount;
// At most one of these strikes a request; the first that does.
constexpr Trouble kOnTheLine[] = {
    Trouble::kCutSending, Trouble::kStall,   Trouble::kLost,       Trouble::kLate,       Trouble::kStatusBefore,
    Trouble::kUrlRefused, Trouble::kSignIn,  Trouble::kErrorIn200, Trouble::kAnswerLost, Trouble::kStatusAfter,
    Trouble::kAnswerCut,  Trouble::kCorrupt, Trouble::kShort,      Trouble::kLong,       Trouble::kSlow};

std::string HttpDate(WallMs wall) {
  const std::time_t seconds = wall / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

void SetLength(WebAnswer& answer) {
  for (auto& [name, value] : answer.headers) {
    if (name == "content-length") value = std::to_string(answer.body.size());
  }
}

}  // namespace

class SimTransfer::Exchange final : public std::enable_shared_from_this<Exchange> {
 public:
  using Done = std::function<void(Result<HttpAnswer>)>;

  Exchange(SimTransfer& line, HttpRequest request, Done done)
      : line_(line), request_(std::move(request)), done_(std::move(done)) {
    ++line_.under_way_;
    total_ = request_.source ? request_.source_size : request_.body.size();
    web_.method = request_.method;
    web_.url = std::string(request_.url.Reveal());
    for (const HttpHeader& header : request_.headers) {
      web_.headers[ToLowerAscii(header.name)] = std::string(header.value.Reveal());
    }
    place_ = web_.url.starts_with(kPortalUrl) ? Place::kPortal : Place::kStore;
  }
  ~Exchange() { Release(); }

  void Begin() {
    if (!web_.url.starts_with("https://")) {
      return Later(0, [this] { End(Fail(ErrorKind::kRejected, "this is no http or https URL")); });
    }
    const std::int64_t now = line_.loop_.now();
    const auto strikes = [&](Trouble trouble) { return line_.weather_.Strikes(trouble, place_, now); };
    if (strikes(Trouble::kAway) || strikes(Trouble::kRefused)) {
      const bool silent = line_.dice_.Chance(0.3);
      return Later(silent ? request_.connect_timeout.count() : 5, [this] { Break("cannot connect"); });
    }
    for (const Trouble trouble : kOnTheLine) {
      if (Fits(trouble) && strikes(trouble)) {
        fate_ = trouble;
        break;
      }
    }
    break_at_ = line_.dice_.Below(std::max<std::uint64_t>(1, total_));
    if (request_.total_timeout) {
      limit_ =
          line_.loop_.After(*request_.total_timeout, [self = shared_from_this()] { self->Break("it took too long"); });
    }
    if (request_.source) {
      request_.source->OnReady([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->Resume();
      });
    }
    if (request_.sink) {
      request_.sink->OnReady([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->Resume();
      });
    }
    Later(line_.dice_.Between(1, 60), [this] { Connected(); });
  }

  void Cancel() { Release(); }

 private:
  bool Fits(Trouble trouble) const {
    switch (trouble) {
      case Trouble::kCutSending:
      case Trouble::kStall:
        return total_ > 0;
      case Trouble::kLate:
        return total_ > 0;
      case Trouble::kUrlRefused:
        return place_ == Place::kStore;
      case Trouble::kSignIn:
        return place_ == Place::kPortal;
      case Trouble::kErrorIn200:
        return request_.sink == nullptr;
      case Trouble::kCorrupt:
      case Trouble::kShort:
      case Trouble::kLong:
        return request_.sink != nullptr;
      default:
        return true;
    }
  }

  void Later(std::int64_t delay, std::function<void()> fn) {
    timer_ = line_.loop_.After(milliseconds(delay), [self = shared_from_this(), fn = std::move(fn)] { fn(); });
  }

  void Connected() {
    if (!line_.PieceMoves()) return;
    auto early = line_.portal_.EarlyAnswer(web_);
    if (!early && fate_ == Trouble::kUrlRefused) {
      early = WebAnswer{
          403, {{"content-type", "application/xml"}}, "<Error><Code>AccessDenied</Code>Request has expired</Error>"};
    }
    if (early) return Later(5, [this, answer = std::move(*early)] { Deliver(answer); });
    SendSome();
  }

  void Resume() {
    if (!waits_) return;
    waits_ = false;
    Later(0, [this] { answer_ ? ReceiveSome() : SendSome(); });
  }

  // -- the request

  void SendSome() {
    if (!line_.PieceMoves()) return;
    if (!request_.source) {
      web_.body = request_.body;
    } else if (!TakePiece()) {
      return;
    }
    const std::uint64_t sent = web_.body.size();
    if (fate_ == Trouble::kCutSending && sent > break_at_) return Break("the connection was reset");
    if (fate_ == Trouble::kStall && sent > break_at_) {
      return Later(request_.stall_timeout.count(), [this] { Break("no byte moved"); });
    }
    if (sent >= total_) return Left();
    Later(line_.dice_.Between(1, 40), [this] { SendSome(); });
  }

  // False where nothing came, or this was ended meanwhile.
  bool TakePiece() {
    const auto self = shared_from_this();
    const std::shared_ptr<BodySource> source = request_.source;
    char buffer[kPiece];
    std::size_t given = 0;
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, total_ - web_.body.size()));
    const FlowState state = source->Read(buffer, room, &given);
    if (!done_) return false;
    if (state == FlowState::kFail) {
      End(Fail(source->error()));
      return false;
    }
    if (state == FlowState::kWait) {
      waits_ = true;
      return false;
    }
    web_.body.append(buffer, given);
    if (request_.progress) {
      const auto tell = request_.progress;
      tell(web_.body.size(), 0);
    }
    return done_ != nullptr;
  }

  // From here on it goes its way whatever becomes of the process.
  void Left() {
    left_ = true;
    const std::int64_t transit = line_.dice_.Between(1, 30);
    const bool arrives = fate_ != Trouble::kLost && fate_ != Trouble::kStatusBefore && fate_ != Trouble::kErrorIn200;
    if (!arrives && web_.url.ends_with("/complete_multipart_upload")) line_.portal_.CompleteLost(web_.body);
    switch (fate_) {
      case Trouble::kLost:
        return Later(line_.dice_.Between(1, request_.answer_timeout.count()),
                     [this] { Break("the connection was lost"); });
      case Trouble::kStatusBefore:
        return Later(transit, [this] { Deliver(GatewayError()); });
      case Trouble::kSignIn:
        return Later(transit, [this] {
          Deliver({401, {{"content-type", "application/json"}}, "{\"message\":\"no\"}"});
        });
      case Trouble::kErrorIn200:
        return Later(transit, [this] { Deliver(ErrorIn200()); });
      default:
        break;
    }
    const std::int64_t late = fate_ == Trouble::kLate ? line_.dice_.Between(120'000, 300'000) : 0;
    line_.loop_.InWorld(transit + late, [&portal = line_.portal_, web = web_, weak = weak_from_this()] {
      WebAnswer answer = portal.Handle(web);
      const auto self = weak.lock();
      if (self && self->done_) self->Answered(std::move(answer));
    });
    Later(request_.answer_timeout.count(), [this] { Break("no answer came"); });
    line_.PieceMoves();
  }

  WebAnswer GatewayError() {
    constexpr int kStatuses[] = {500, 502, 503, 504};
    WebAnswer answer{kStatuses[line_.dice_.Below(4)], {}, "<html>bad gateway</html>"};
    if (line_.dice_.Chance(0.5)) answer.headers.emplace_back("retry-after", std::to_string(line_.dice_.Between(1, 90)));
    return answer;
  }
  WebAnswer ErrorIn200() const {
    if (place_ == Place::kStore) return {200, {}, "<Error><Code>InternalError</Code></Error>"};
    return {200, {{"content-type", "application/json"}}, R"({"success":false,"error":"an internal error"})"};
  }

  void Answered(WebAnswer answer) {
    switch (fate_) {
      case Trouble::kAnswerLost:
        return Later(line_.dice_.Between(1, 5000), [this] { Break("the connection was reset"); });
      case Trouble::kStatusAfter:
        answer = GatewayError();
        break;
      default:
        break;
    }
    // A slow portal answers within what the program grants it.
    const std::int64_t delay = fate_ == Trouble::kSlow ? 25'000 : line_.dice_.Between(1, 50);
    Later(delay, [this, answer = std::move(answer)] { Deliver(answer); });
  }

  // -- the answer

  // A run of bytes, as of a bad block: a single one may lie where a ZIP has no redundancy at all (an entry's external
  // attributes, say), and then nobody could tell.
  void Damage(std::string& body) {
    const std::size_t run = std::min<std::size_t>(64, body.size());
    const std::size_t begin = line_.dice_.Below(body.size() - run + 1);
    for (std::size_t at = begin; at < begin + run; ++at) body[at] ^= 0x40;
  }

  void Deliver(WebAnswer answer) {
    if (!line_.PieceMoves()) return;
    answer.headers.emplace_back("date", HttpDate(line_.loop_.TrueWall()));
    const bool to_sink = request_.sink && (answer.status == 200 || answer.status == 206);
    if (!to_sink) return DeliverWhole(answer);
    if (answer.body.empty()) return;
    if (fate_ == Trouble::kCorrupt) Damage(answer.body);
    if (fate_ == Trouble::kShort) answer.body.resize(line_.dice_.Below(answer.body.size()));
    if (fate_ == Trouble::kLong) answer.body += std::string(1 + line_.dice_.Below(3000), 'x');
    if (fate_ == Trouble::kShort || fate_ == Trouble::kLong) SetLength(answer);
    break_at_ = line_.dice_.Below(answer.body.size() + 1);
    answer_ = std::move(answer);
    const auto self = shared_from_this();
    const Status begun = request_.sink->Begin(answer_->status, answer_->headers);
    if (!done_) return;
    if (!begun) return End(Fail(begun.error()));
    ReceiveSome();
  }

  void DeliverWhole(WebAnswer& answer) {
    if (fate_ == Trouble::kAnswerCut) {
      if (total_ == 0 || answer.status < 300) return Break("the answer was cut short");
      answer.body.resize(line_.dice_.Below(answer.body.size() + 1));
    }
    if (answer.status < 300 && total_ > 0 && !left_)
      return Break("the answer is a success, but came before all was sent");
    HttpAnswer out;
    out.status = answer.status;
    out.headers = std::move(answer.headers);
    out.body = std::move(answer.body);
    End(std::move(out));
  }

  void ReceiveSome() {
    if (!line_.PieceMoves()) return;
    const auto self = shared_from_this();
    const std::string& body = answer_->body;
    if (fate_ == Trouble::kAnswerCut && received_ >= break_at_) {
      if (line_.dice_.Chance(0.5)) return Break("the connection was reset");
      return Break("the answer was cut short", ErrorKind::kCorrupt);
    }
    if (received_ == body.size()) return Whole();
    const std::uint64_t end = fate_ == Trouble::kAnswerCut ? break_at_ : body.size();
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, end - received_));
    const std::shared_ptr<BodySink> sink = request_.sink;
    const FlowState state = sink->Write(body.data() + received_, size);
    if (!done_) return;
    if (state == FlowState::kFail) return End(Fail(sink->error()));
    if (state == FlowState::kWait) {
      waits_ = true;
      return;
    }
    received_ += size;
    if (request_.progress) {
      const auto tell = request_.progress;
      tell(total_, received_);
      if (!done_) return;
    }
    Later(line_.dice_.Between(1, 40), [this] { ReceiveSome(); });
  }

  void Whole() {
    HttpAnswer out;
    out.status = answer_->status;
    out.headers = answer_->headers;
    out.sink_bytes = received_;
    End(std::move(out));
  }

  // -- the end

  void Break(const std::string& what, ErrorKind kind = ErrorKind::kRetry) {
    Error error = MakeError(kind, web_.method + " " + UrlWithoutQuery(web_.url) + ": " + what);
    error.outcome_unknown = left_;
    End(Fail(std::move(error)));
  }

  void End(Result<HttpAnswer> result) {
    const auto self = shared_from_this();
    const Done done = std::move(done_);
    done_ = nullptr;
    Release();
    if (done) done(std::move(result));
  }

  void Release() {
    if (!std::exchange(released_, true)) --line_.under_way_;
    timer_.reset();
    limit_.reset();
    done_ = nullptr;
    // Out of the member first: what the request holds may reach back here while it goes.
    const HttpRequest gone = std::move(request_);
    request_ = {};
  }

  SimTransfer& line_;
  HttpRequest request_;
  Done done_;
  WebRequest web_;
  Place place_ = Place::kPortal;
  Trouble fate_ = kFair;
  std::uint64_t total_ = 0;     // of the request's body
  std::uint64_t break_at_ = 0;  // bytes of the request, then of the answer
  bool left_ = false;           // the whole request
  bool waits_ = false;          // for the source, then for the sink
  bool released_ = false;
  std::optional<WebAnswer> answer_;
  std::uint64_t received_ = 0;
  HandlePtr timer_;
  HandlePtr limit_;
};

class SimTransfer::ExchangeHandle final : public Handle {
 public:
  explicit ExchangeHandle(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ~ExchangeHandle() override { exchange_->Cancel(); }

 private:
  std::shared_ptr<Exchange> exchange_;
};

bool SimTransfer::PieceMoves() {
  if (dead_) return false;
  if (die_at_ == 0 || --die_at_ > 0) return true;
  die_();
  return false;
}

HandlePtr SimTransfer::Start(HttpRequest request, std::function<void(Result<HttpAnswer>)> done) {
  ++started_;
  auto exchange = std::make_shared<Exchange>(*this, std::move(request), std::move(done));
  if (!dead_) exchange->Begin();
  return std::make_unique<ExchangeHandle>(exchange);
}

}  // namespace tegodrop::simulation
