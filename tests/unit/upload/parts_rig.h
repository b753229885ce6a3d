// One upload in parts: the rig, and a store that keeps what it is sent and answers each part by its number.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/upload/rig.h"

namespace tegodrop::testing {

inline constexpr std::uint64_t kPartSize = 50'000;
inline constexpr int kParts = 6;
inline constexpr std::size_t kPartsSize = (kParts - 1) * kPartSize + 777;

inline UploadGrant PartsGrant(const std::string& upload, std::int64_t start_time = 1'700'000'000, int parts = kParts,
                              std::uint64_t chunk_size = kPartSize) {
  UploadGrant grant;
  grant.multipart.emplace();
  grant.multipart->upload_id = upload;
  grant.multipart->chunk_size = chunk_size;
  for (int number = 1; number <= parts; ++number) {
    grant.multipart->part_urls.emplace_back("https://store.example/" + upload + "/" + std::to_string(number) +
                                            "?X-Signature=SECRET");
  }
  grant.file_path = "tenant/uploads/app.apk";
  grant.start_time = start_time;
  grant.signing_key_id = "key-1";
  return grant;
}

// What the store says to one try of a part.
struct Reply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::optional<Error> error;        // instead of an answer
  std::uint64_t after = UINT64_MAX;  // bytes
};

inline Reply Says(int status, std::vector<std::pair<std::string, std::string>> headers = {}, std::string body = "") {
  return {status, std::move(headers), std::move(body), std::nullopt, UINT64_MAX};
}

struct PartsRig : Rig {
  struct Stored {
    std::string bytes;
    std::string etag;
  };

  explicit PartsRig(const std::function<void(Job&)>& change = {}, UploadSettings how = {4, Token()},
                    std::size_t size = kPartsSize)
      : Rig(RandomBytes(size), change, std::move(how)) {
    if (row().multipart) known_uploads_.insert(row().multipart->upload_id);
    on_saved = [this](const Job& saved) { Look(saved); };
    portal.on_complete = [this] {
      EXPECT_EQ(row().state, JobState::kCompleting);
      EXPECT_NE(row().last_chunk_left, 0) << "the row says first that Complete leaves";
    };
  }

  ~PartsRig() { EXPECT_FALSE(record.overlapped) << "one Save at a time"; }

  static std::pair<std::string, int> PartOf(const FakeTransfer::Call& call) {
    const std::string url(call.request.url.Reveal());
    const std::size_t upload = url.find(".example/") + 9;
    const std::size_t number = url.find('/', upload);
    return {url.substr(upload, number - upload), std::stoi(url.substr(number + 1))};
  }
  std::vector<FakeTransfer::Call*> LiveParts() {
    std::vector<FakeTransfer::Call*> live;
    for (const auto& call : transfer.calls) {
      if (call->live) live.push_back(call.get());
    }
    return live;
  }
  // Tries of that part so far.
  int TriesOf(int number) const {
    return static_cast<int>(std::count_if(transfer.calls.begin(), transfer.calls.end(),
                                          [&](const auto& call) { return PartOf(*call).second == number; }));
  }
  std::set<int> RecordedParts() const {
    std::set<int> numbers;
    if (!row().multipart) return numbers;
    for (const UploadedPart& part : row().multipart->parts) numbers.insert(static_cast<int>(part.number));
    return numbers;
  }
  std::vector<std::string> AbortsLeft() const {
    std::vector<std::string> ids;
    for (const OpenUpload& upload : row().aborts) ids.push_back(upload.upload_id);
    return ids;
  }

  // Everything that needs no time: parts leave and are answered, but for those that are held.
  void Serve() {
    for (bool moved = true; moved;) {
      queue.RunAll();
      moved = false;
      for (std::size_t i = 0; i < transfer.calls.size(); ++i) moved = ServeOne(transfer.calls[i]) || moved;
    }
  }
  // The same, with time going on; until `done`, but for so many seconds at most.
  void ServeFor(std::chrono::seconds most) {
    Serve();
    for (auto second = std::chrono::seconds(0); second < most && done_calls == 0; ++second) {
      clock.Step(std::chrono::seconds(1));
      Serve();
    }
  }
  // With an upload granted; as far as it goes without time.
  void StartAndServe() {
    portal.uploads.answers.push_back(PartsGrant("up-1"));
    Start();
    Serve();
  }

  std::map<int, std::deque<Reply>> replies;  // by part; where there is none, the part is taken
  std::set<int> held;                        // parts that get no answer for now
  std::map<std::string, std::map<int, Stored>> store;
  std::size_t most_at_once = 0;

 private:
  bool ServeOne(const std::shared_ptr<FakeTransfer::Call>& call) {
    most_at_once = std::max(most_at_once, LiveParts().size());
    if (!call->live) return false;
    const auto [upload, number] = PartOf(*call);
    if (held.contains(number)) return false;
    EXPECT_TRUE(known_uploads_.contains(upload)) << "no byte leaves before its upload is recorded";
    Reply reply;
    const bool scripted = !replies[number].empty();
    if (scripted) reply = replies[number].front();
    const std::uint64_t size = std::min<std::uint64_t>(call->request.source_size, reply.after);
    transfer.Send(*call, size);
    queue.RunAll();
    if (!call->live) return true;
    if (call->sent.size() < size) return false;
    if (scripted) replies[number].pop_front();
    if (reply.error) {
      transfer.Answer(*call, Fail(*reply.error));
    } else {
      const bool taken = reply.status >= 200 && reply.status <= 299 && call->sent.size() == call->request.source_size;
      if (taken && !scripted) reply.headers.emplace_back("etag", "\"etag-" + std::to_string(number) + "\"");
      for (const auto& [name, value] : reply.headers) {
        if (taken && name == "etag") store[upload][number] = {call->sent, value};
      }
      transfer.AnswerStatus(*call, reply.status, reply.body, reply.headers);
    }
    queue.RunAll();
    return true;
  }
  // No row may say more than is true.
  void Look(const Job& saved) {
    if (!saved.multipart) return;
    const MultipartUpload& multipart = *saved.multipart;
    known_uploads_.insert(multipart.upload_id);
    EXPECT_EQ(multipart.sealed_urls.find("SECRET"), std::string::npos);
    for (const UploadedPart& part : multipart.parts) {
      if (before_.contains(static_cast<int>(part.number))) continue;
      const Stored& there = store[multipart.upload_id][static_cast<int>(part.number)];
      EXPECT_EQ(there.etag, part.etag) << "part " << part.number;
      if (part.sha256.empty()) {
        const auto at = static_cast<std::size_t>(part.number - 1) * multipart.chunk_size;
        EXPECT_TRUE(there.bytes == content.substr(at, multipart.chunk_size)) << "part " << part.number;
      } else {
        EXPECT_EQ(Sha256Hex(there.bytes), part.sha256) << "part " << part.number;
      }
    }
    if (saved.state == JobState::kCompleting) {
      EXPECT_EQ(static_cast<std::int64_t>(multipart.parts.size()), multipart.total_parts);
    }
  }

  std::set<std::string> known_uploads_;
  // Parts that an earlier attempt had sent.
  const std::set<int> before_ = RecordedParts();
};

// The row that an attempt leaves which died when the parts of these numbers were recorded.
inline Job RowWithParts(const std::set<int>& parts, UploadSettings how = {4, Rig::Token()}) {
  PartsRig rig({}, std::move(how));
  for (int number = 1; number <= kParts; ++number) rig.held.insert(number);
  rig.StartAndServe();
  rig.handle.reset();
  rig.queue.RunAll();
  EXPECT_EQ(rig.row().state, JobState::kUploading);
  Job row = rig.row();
  for (const int number : parts) {
    const std::string bytes = rig.content.substr((number - 1) * kPartSize, kPartSize);
    row.multipart->parts.push_back({number, "\"etag-" + std::to_string(number) + "\"", Sha256Hex(bytes)});
  }
  return row;
}

inline std::function<void(Job&)> From(const Job& row) {
  return [row](Job& job) { job = row; };
}

}  // namespace tegodrop::testing
