#include "tests/portal/exchange.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "tests/portal/control.h"
#include "tests/portal/text.h"

namespace tegodrop::sim {
namespace {

constexpr int64_t kLargestBody = int64_t{1024} * 1024;  // of a call; objects have no limit here

// Clients that ask first wait a second or so; should one not wait at all, nothing more may come.
constexpr double kLongestWithoutContinue = 10;

using ActionKind = FaultAction::Kind;

// Ends the connection with a reset: closing it would send what is left and a FIN first.
void ResetConnection(int socket) {
  const int one = 1;
  // What was given to the socket is on its way before the reset.
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  connect(socket, &nowhere, sizeof nowhere);
}

}  // namespace

Exchange::Exchange(World* world, std::string base_url, std::string_view target) : world_(world) {
  request_.base_url = std::move(base_url);
  const size_t mark = target.find('?');
  request_.path = target.substr(0, mark);
  request_.has_query = mark != std::string_view::npos;
  if (request_.has_query) request_.query = target.substr(mark + 1);
}

// What was closed without an answer, or broken off by the client, is in the log too.
Exchange::~Exchange() { Log(0); }

void Exchange::Route() {
  if (request_.path.starts_with("/control/")) {
    kind_ = Kind::kControl;
    name_ = "control";
  } else if (request_.path.starts_with("/storage/")) {
    kind_ = Kind::kStorage;
    name_ = StorageEndpoint(request_);
  } else if ((endpoint_ = FindEndpoint(request_.path)) != nullptr) {
    kind_ = Kind::kApi;
    name_ = endpoint_->name;
  }
}

Exchange::Next Exchange::Begin(std::string_view method, HeaderList headers, int socket, bool* counted) {
  begun_ = true;
  socket_ = socket;
  request_.method = method;
  request_.headers = std::move(headers);
  Route();
  transfer_began_ = std::chrono::steady_clock::now();
  if (is_control()) return Next::kReadOn;
  {
    std::lock_guard lock(world_->mutex);
    if (!std::exchange(*counted, true)) ++world_->counters.connections;
    log_number_ = world_->requests.Begin(world_->clock.RealMilliseconds(), name_, request_.Header("Range"));
    if (world_->settings.portal_down) return Next::kClose;
    if (endpoint_ != nullptr) ++(world_->counters.*endpoint_->counter);
    fault_ = world_->faults.Take(name_);
    upload_rate_ = world_->settings.upload_bytes_per_second;
    download_rate_ = world_->settings.download_bytes_per_second;
  }
  if (fault_) {
    const Next next = Fault();
    if (next != Next::kReadOn || discard_) return next;
  }
  return TakesObject() ? BeginObject() : Next::kReadOn;
}

// What a fault does before anything of the request is looked at.
Exchange::Next Exchange::Fault() {
  if (fault_->kind == ActionKind::kStatus) return Refuse(std::move(fault_->answer));
  if (fault_->kind == ActionKind::kStall && !fault_->bytes) return Stall();
  if (CutsRequest() && fault_->bytes == 0) return Break();
  if (fault_->kind == ActionKind::kGarbage) discard_ = true;
  if (fault_->drip > 0) upload_rate_ = download_rate_ = fault_->drip;
  if (fault_->ignore_expect && request_.Header("Expect")) world_->stop.WaitForData(socket_, kLongestWithoutContinue);
  return Next::kReadOn;
}

bool Exchange::CutsRequest() const {
  if (!fault_ || !fault_->bytes) return false;
  return fault_->side == FaultAction::Side::kRequest || (fault_->side == FaultAction::Side::kUsual && TakesObject());
}

Exchange::Next Exchange::Break() { return fault_->kind == ActionKind::kStall ? Stall() : Close(); }

Exchange::Next Exchange::Close() {
  if (fault_ && fault_->reset) ResetConnection(socket_);
  return Next::kClose;
}

Exchange::Next Exchange::BeginObject() {
  put_ = std::make_unique<ObjectPut>(world_, request_);
  if (!put_->refusal()) return Next::kReadOn;
  Reply refusal = *put_->refusal();
  put_.reset();
  return Refuse(std::move(refusal));
}

// A client that asked first (Expect) is answered at once. Another is already sending: closing on it could take the
// answer away from it, so its body is read to the end.
Exchange::Next Exchange::Refuse(Reply reply) {
  reply_ = std::move(reply);
  discard_ = true;
  const bool early = fault_ && fault_->early;
  if (early) reply_.headers.emplace_back("Connection", "close");
  if (!early && !request_.Header("Expect")) return Next::kReadOn;
  Log(reply_.status);
  return Next::kAnswer;
}

Exchange::Next Exchange::Stall() {
  world_->stop.WaitForHangUp(socket_);
  return Next::kClose;
}

bool Exchange::Pace(int64_t rate, int64_t bytes, std::chrono::steady_clock::time_point since) const {
  if (rate <= 0) return true;
  const double due = static_cast<double>(bytes) / static_cast<double>(rate);
  const double passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
  return passed >= due || !world_->stop.WaitFor(due - passed);
}

Exchange::Next Exchange::Body(std::string_view piece) {
  received_ += static_cast<int64_t>(piece.size());
  if (!is_control() && CutsRequest() && received_ >= *fault_->bytes) return Break();
  if (is_control() || !TakesObject()) {
    if (received_ <= kLargestBody) request_.body.append(piece);
    return Next::kReadOn;
  }
  if (world_->portal_down) return Next::kClose;
  if (put_) put_->Append(piece);
  return Pace(upload_rate_, received_, transfer_began_) ? Next::kReadOn : Next::kClose;
}

void Exchange::Serve() {
  if (TakesObject()) {
    reply_ = put_->Finish();
    put_.reset();
    return;
  }
  if (received_ > kLargestBody) {
    reply_ = {.status = 413};
    return;
  }
  switch (kind_) {
    case Kind::kControl:
      reply_ = ServeControl(world_, request_);
      return;
    case Kind::kApi:
      reply_ = ServeApi(world_, *endpoint_, request_);
      return;
    case Kind::kStorage:
      reply_ = ServeObject(world_, request_);
      return;
    case Kind::kUnknown:
      reply_ = ServeUnknown(world_, request_);
      return;
  }
}

Exchange::Next Exchange::End() {
  const bool lost = fault_ && fault_->kind == ActionKind::kLostAnswer;
  if (fault_ && fault_->kind == ActionKind::kGarbage) {
    send(socket_, fault_->garbage.data(), fault_->garbage.size(), MSG_NOSIGNAL);
    return Close();
  }
  if (discard_) {
    if (lost) return Close();
    Log(reply_.status);
    return Next::kAnswer;
  }
  // The body was shorter than the fault's bytes.
  if (CutsRequest()) return Break();
  Serve();
  if (lost) return Close();
  // An answer without a body is cut before its beginning.
  if (fault_ && fault_->bytes && reply_.size() == 0) return Break();
  if (fault_) Damage();
  Log(reply_.status);
  transfer_began_ = std::chrono::steady_clock::now();
  return Next::kAnswer;
}

void Exchange::Log(int status) {
  if (log_number_ < 0 || std::exchange(logged_, true)) return;
  std::lock_guard lock(world_->mutex);
  world_->requests.End(log_number_, status, received_);
  world_->counters.body_bytes_received += received_;
  if (status == 429) ++world_->counters.answers_429;
}

void Exchange::Damage() {
  const int64_t left = std::max<int64_t>(0, reply_.content_size() - fault_->short_by);
  if (reply_.file) {
    reply_.length = left;
  } else {
    reply_.body.resize(static_cast<size_t>(left));
  }
  reply_.padding = fault_->longer_by;
  if (fault_->content_range && reply_.status == 206) reply_.Replace("Content-Range", *fault_->content_range);
  if (fault_->etag && reply_.file) reply_.Replace("ETag", *fault_->etag);
}

int64_t Exchange::ReadContent(int64_t position, char* out, size_t size) const {
  const int64_t content = reply_.content_size() - position;
  if (content <= 0) {
    std::memset(out, 0, size);
    return static_cast<int64_t>(size);
  }
  size = std::min(size, static_cast<size_t>(content));
  if (reply_.file) return reply_.file->Read(reply_.offset + position, out, size);
  std::memcpy(out, reply_.body.data() + position, size);
  return static_cast<int64_t>(size);
}

int64_t Exchange::ReadAnswer(int64_t position, char* out, size_t size) {
  if (!is_control()) {
    if (world_->portal_down) return -1;
    if (fault_ && fault_->bytes && !CutsRequest()) {
      if (position >= *fault_->bytes) {
        Break();
        return -1;
      }
      size = std::min(size, static_cast<size_t>(*fault_->bytes - position));
    }
    if (download_rate_ > 0 && (reply_.file || (fault_ && fault_->drip > 0))) {
      size = std::min(size, static_cast<size_t>(std::max<int64_t>(1, download_rate_ / 20)));
      if (!Pace(download_rate_, position, transfer_began_)) return -1;
    }
  }
  size = std::min(size, static_cast<size_t>(reply_.size() - position));
  const int64_t count = ReadContent(position, out, size);
  if (count <= 0) return -1;
  if (fault_ && fault_->corrupt_at && *fault_->corrupt_at >= position && *fault_->corrupt_at < position + count) {
    out[*fault_->corrupt_at - position] ^= 0x20;
  }
  if (!is_control()) {
    std::lock_guard lock(world_->mutex);
    world_->requests.Sent(log_number_, position + count);
  }
  return count;
}

void Exchange::Sent() {
  if (log_number_ < 0) return;
  std::lock_guard lock(world_->mutex);
  world_->counters.body_bytes_sent += reply_.size();
  if (reply_.file) ++world_->counters.downloads_completed;
}

}  // namespace tegodrop::sim
