#include "tests/bench/discarding_server_connection.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/bench/discarding_server_digest.h"
#include "tests/bench/discarding_server_request.h"

namespace tegodrop::bench {
namespace {

constexpr size_t kLongestHead = size_t{64} << 10;
constexpr std::uint64_t kMostParts = 10000;

struct Answer {
  const char* status = "200 OK";
  Headers headers;
  std::string body;
  // Instead of the body.
  std::optional<Object> file;
  Range range;
};

Answer Failure(const char* status, const std::string& code) {
  return {status, {{"Content-Type", "application/xml"}}, "<Error><Code>" + code + "</Code></Error>", std::nullopt, {}};
}

class Connection {
 public:
  Connection(std::unique_ptr<Stream> stream, Store* store, bool md5)
      : stream_(std::move(stream)), store_(store), md5_(md5), buffer_(kLongestHead) {}

  void Serve() {
    while (ServeOne()) {
    }
  }

 private:
  // False: the connection ends.
  bool ServeOne();
  Answer Put();
  Answer Post();
  Answer Delete();
  Answer Get();
  bool Send(const Answer& answer, bool with_body);

  // What came and was not looked at yet: from at_ to end_ of the buffer.
  bool Fill();
  bool ReadHead(std::string* out) { return ReadUntil("\r\n\r\n", out); }
  bool ReadUntil(std::string_view mark, std::string* out);
  // The request's body, counted and thrown away.
  bool Discard(Md5* digest);
  bool DiscardExactly(std::uint64_t size, Md5* digest);
  bool DiscardChunks(Md5* digest);
  Headers Meta() const;

  std::unique_ptr<Stream> stream_;
  Store* store_;
  bool md5_;
  std::vector<char> buffer_;
  size_t at_ = 0;
  size_t end_ = 0;

  Request request_;
  std::uint64_t received_ = 0;
  bool refused_ = false;  // the body was not read: nothing can follow it
  bool gone_ = false;     // the peer went in the middle of its request: nobody waits for an answer
};

bool Connection::Fill() {
  if (at_ == end_) at_ = end_ = 0;
  if (end_ == buffer_.size()) {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(at_), buffer_.end(), buffer_.begin());
    end_ -= at_;
    at_ = 0;
  }
  if (end_ == buffer_.size()) return false;
  const size_t got = stream_->Read(buffer_.data() + end_, buffer_.size() - end_);
  end_ += got;
  return got > 0;
}

bool Connection::ReadUntil(std::string_view mark, std::string* out) {
  for (;;) {
    const std::string_view here(buffer_.data() + at_, end_ - at_);
    if (const size_t found = here.find(mark); found != std::string_view::npos) {
      *out = here.substr(0, found + mark.size());
      at_ += out->size();
      return true;
    }
    if (!Fill()) return false;
  }
}

bool Connection::DiscardExactly(std::uint64_t size, Md5* digest) {
  received_ += size;
  while (size > 0) {
    if (at_ == end_ && digest == nullptr) {
      const size_t skipped = stream_->Skip(size);
      if (skipped == 0) return false;
      size -= skipped;
      continue;
    }
    if (at_ == end_ && !Fill()) return false;
    const size_t here = std::min<std::uint64_t>(size, end_ - at_);
    if (digest != nullptr) digest->Update(buffer_.data() + at_, here);
    at_ += here;
    size -= here;
  }
  return true;
}

bool Connection::DiscardChunks(Md5* digest) {
  std::string line;
  for (;;) {
    if (!ReadUntil("\r\n", &line)) return false;
    const auto size = ReadNumber(std::string_view(line).substr(0, line.find_first_of(";\r")), 16);
    if (!size) return false;
    if (*size == 0) break;
    if (!DiscardExactly(*size, digest) || !ReadUntil("\r\n", &line) || line != "\r\n") return false;
  }
  do {
    if (!ReadUntil("\r\n", &line)) return false;
  } while (line != "\r\n");
  return true;
}

bool Connection::Discard(Md5* digest) {
  received_ = 0;
  if (request_.waits_for_continue) gone_ = !stream_->Write("HTTP/1.1 100 Continue\r\n\r\n", false);
  if (!gone_) gone_ = request_.chunked ? !DiscardChunks(digest) : !DiscardExactly(request_.length.value_or(0), digest);
  return !gone_;
}

Headers Connection::Meta() const {
  Headers out;
  for (const auto& [name, value] : request_.headers) {
    if (name.starts_with("x-amz-meta-")) out.emplace_back(name, value);
  }
  return out;
}

Answer Connection::Put() {
  if (!request_.length && !request_.chunked) {
    refused_ = true;
    return Failure("411 Length Required", "MissingContentLength");
  }
  if (request_.path.starts_with("/blob/")) {
    refused_ = true;
    return Failure("403 Forbidden", "AccessDenied");
  }
  if (request_.Asks("uploadId")) {
    const std::string id = request_.query.at("uploadId");
    const auto number = request_.Asks("partNumber") ? ReadNumber(request_.query.at("partNumber")) : std::nullopt;
    // Before the body, so that one who waits for 100 sends none.
    if (!number || *number < 1 || *number > kMostParts || !store_->HasUpload(request_.path, id)) {
      refused_ = true;
      return Failure("404 Not Found", "NoSuchUpload");
    }
    if (!Discard(nullptr)) return {};
    if (!store_->PutPart(request_.path, id, *number, received_)) return Failure("404 Not Found", "NoSuchUpload");
    return {"200 OK", {{"ETag", UnhashedEtag(received_)}}, "", std::nullopt, {}};
  }
  Md5 digest;
  if (!Discard(md5_ ? &digest : nullptr)) return {};
  Object object;
  object.size = received_;
  object.etag = md5_ ? digest.Etag() : UnhashedEtag(received_);
  object.meta = Meta();
  store_->Put(request_.path, object);
  return {"200 OK", {{"ETag", object.etag}}, "", std::nullopt, {}};
}

Answer Connection::Post() {
  if (!Discard(nullptr)) return {};
  Answer answer;
  answer.headers = {{"Content-Type", "application/xml"}};
  if (request_.Asks("uploads")) {
    answer.body = "<InitiateMultipartUploadResult><UploadId>" + store_->BeginUpload(request_.path, Meta()) +
                  "</UploadId></InitiateMultipartUploadResult>";
    return answer;
  }
  if (!request_.Asks("uploadId")) return Failure("400 Bad Request", "InvalidRequest");
  const std::string& id = request_.query.at("uploadId");
  if (!store_->HasUpload(request_.path, id)) return Failure("404 Not Found", "NoSuchUpload");
  Object made;
  if (!store_->Complete(request_.path, id, &made)) return Failure("400 Bad Request", "InvalidPart");
  answer.body = "<CompleteMultipartUploadResult><ETag>" + made.etag + "</ETag></CompleteMultipartUploadResult>";
  return answer;
}

Answer Connection::Delete() {
  if (!Discard(nullptr)) return {};
  if (!request_.Asks("uploadId") || !store_->Abort(request_.path, request_.query.at("uploadId"))) {
    return Failure("404 Not Found", "NoSuchUpload");
  }
  return {"204 No Content", {}, "", std::nullopt, {}};
}

Answer Connection::Get() {
  if (!Discard(nullptr)) return {};
  Answer answer;
  answer.file = store_->Find(request_.path);
  if (!answer.file) return Failure("404 Not Found", "NoSuchKey");
  if (answer.file->fd < 0 && request_.method == "GET") return Failure("410 Gone", "ItWasDiscarded");
  const std::string size = std::to_string(answer.file->size);
  const std::string_view condition = request_.Header("if-range");
  const bool as_a_whole = !condition.empty() && condition != answer.file->etag;
  const RangeVerdict verdict =
      as_a_whole ? RangeVerdict::kWhole : ReadRange(request_.Header("range"), answer.file->size, &answer.range);
  if (verdict == RangeVerdict::kOutside) {
    Answer outside = Failure("416 Range Not Satisfiable", "InvalidRange");
    outside.headers.emplace_back("Content-Range", "bytes */" + size);
    return outside;
  }
  if (verdict == RangeVerdict::kWhole) answer.range = {0, answer.file->size};
  answer.headers = answer.file->meta;
  answer.headers.emplace_back("ETag", answer.file->etag);
  answer.headers.emplace_back("Accept-Ranges", "bytes");
  answer.headers.emplace_back("Content-Type", "application/octet-stream");
  // rclone wants one; nobody compares it.
  answer.headers.emplace_back("Last-Modified", "Wed, 01 Jan 2020 00:00:00 GMT");
  if (verdict == RangeVerdict::kPart) {
    answer.status = "206 Partial Content";
    const std::uint64_t last = answer.range.first + answer.range.size - 1;
    answer.headers.emplace_back(
        "Content-Range", "bytes " + std::to_string(answer.range.first) + "-" + std::to_string(last) + "/" + size);
  }
  return answer;
}

bool Connection::Send(const Answer& answer, bool with_body) {
  std::string head = "HTTP/1.1 " + std::string(answer.status) + "\r\n";
  for (const auto& [name, value] : answer.headers) head += name + ": " + value + "\r\n";
  if (!std::string_view(answer.status).starts_with("204")) {
    head += "Content-Length: " + std::to_string(answer.file ? answer.range.size : answer.body.size()) + "\r\n";
  }
  head += refused_ || !request_.keep_alive ? "Connection: close\r\n\r\n" : "\r\n";
  const bool file_follows = with_body && answer.file && answer.range.size > 0;
  if (with_body && !answer.file) head += answer.body;
  if (!stream_->Write(head, file_follows)) return false;
  return !file_follows || stream_->WriteFile(*answer.file, answer.range.first, answer.range.size);
}

bool Connection::ServeOne() {
  std::string head;
  if (!ReadHead(&head)) return false;
  const std::optional<Request> request = ParseRequest(head);
  request_ = request.value_or(Request());
  Answer answer;
  if (!request) {
    refused_ = true;
    answer = Failure("400 Bad Request", "InvalidRequest");
  } else if (request_.method == "PUT") {
    answer = Put();
  } else if (request_.method == "POST") {
    answer = Post();
  } else if (request_.method == "DELETE") {
    answer = Delete();
  } else if (request_.method == "GET" || request_.method == "HEAD") {
    answer = Get();
  } else {
    refused_ = true;
    answer = Failure("501 Not Implemented", "NotImplemented");
  }
  return !gone_ && Send(answer, request_.method != "HEAD") && !refused_ && request_.keep_alive;
}

}  // namespace

void ServeConnection(std::unique_ptr<Stream> stream, Store* store, bool md5) {
  Connection(std::move(stream), store, md5).Serve();
}

}  // namespace tegodrop::bench
