// A download that broke off, gone on with on a real disk: the second life is cut at each of its calls to the file
// system, whatever was not synced is lost, and the next one delivers the very bytes all the same.
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "daemon/share/local_output_folder.h"
#include "tests/fakes/zip_maker.h"
#include "tests/unit/delivery/delivery_world.h"
#include "tests/unit/share_output/output_place.h"

namespace tegodrop::testing {
namespace {

using Fault = FaultyFileSystem::Fault;

constexpr char kName[] = "App Release-protected-1767225100.apk";
constexpr std::size_t kCut = 150'000;

const std::string& ProtectedApk() {
  static const std::string bytes = [] {
    std::string noise;
    for (unsigned i = 0; noise.size() < 400'000; ++i) noise += Sha256Hex(std::to_string(i));
    return MakeZip({{"AndroidManifest.xml", "manifest", true},
                    {"META-INF/CERT.SF", "digests", true},
                    {"META-INF/CERT.RSA", "signature", true},
                    {"lib/code.so", noise, false}});
  }();
  return bytes;
}

// One job and one folder, and a deliverer of its own in each life.
class Lives {
 public:
  // Until the job answers. The store honours Range and closes after `most` bytes.
  bool Live(std::size_t most = std::string::npos) {
    Deliverer deliverer{DeliveryWorld{portal_,
                                      transfer_,
                                      clock_,
                                      clock_,
                                      log_,
                                      {"host-a", "0.1.0"},
                                      attestor_,
                                      {100'000, std::chrono::seconds(0)}},
                        [this](const Job&) -> Result<OutputFolder*> { return output_.get(); }};
    output_ = MakeOutputFolderOn(place.path, ".tegodrop", {}, queue_, queue_, place.fs);
    std::optional<bool> published;
    HandlePtr handle = deliverer.Start(record, nullptr, [&](const Status& status) { published = status.has_value(); });
    while (!published) {
      if (!portal_.downloads.waiting.empty()) {
        portal_.downloads.answers.emplace_back(Secret("https://store.example/x?s=1"));
        portal_.Pump();
      }
      if (!transfer_.calls.empty() && transfer_.calls.back()->live) Serve(*transfer_.calls.back(), most);
      if (!queue_.RunOne()) clock_.Step(std::chrono::milliseconds(1));
    }
    handle.reset();
    queue_.RunAll();
    return *published;
  }

  // Of the staged file only what the row calls synced is sure.
  void LoseWhatIsNotSynced() const {
    const Output& output = record.job().output;
    const std::string path = place.Staging(output.staging_name);
    if (output.kept.synced == 0 || !files::exists(path)) return;
    const auto size = files::file_size(path);
    ASSERT_GE(size, output.kept.synced) << "the row claims more than there is";
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(output.kept.synced));
    file << std::string(size - output.kept.synced, '\0');
  }

  std::size_t served = 0;  // bytes that travelled
  OutputPlace place;

 private:
  void Serve(FakeTransfer::Call& call, std::size_t most) {
    if (call.request.sink == served_sink_.lock()) return;
    served_sink_ = call.request.sink;
    const std::string& body = ProtectedApk();
    std::size_t from = 0;
    for (const HttpHeader& header : call.request.headers) {
      if (header.name == "Range") from = std::stoul(std::string(header.value.Reveal().substr(6)));
    }
    const std::string rest = body.substr(from);
    std::vector<std::pair<std::string, std::string>> headers{{"content-length", std::to_string(rest.size())},
                                                             {"etag", "\"of-the-apk\""}};
    if (from > 0) {
      headers.emplace_back("content-range", "bytes " + std::to_string(from) + "-" + std::to_string(body.size() - 1) +
                                                "/" + std::to_string(body.size()));
    }
    const int status = from > 0 ? 206 : 200;
    if (from == body.size()) {
      return transfer_.AnswerStatus(call, 416, "", {{"content-range", "bytes */" + std::to_string(body.size())}});
    }
    BodySink& sink = *call.request.sink;
    if (auto begun = sink.Begin(status, headers); !begun) return transfer_.Answer(call, Fail(begun.error()));
    const std::size_t size = std::min(most, rest.size());
    for (std::size_t at = 0; at < size; at += 32'768) {
      const std::size_t piece = std::min<std::size_t>(32'768, size - at);
      if (sink.Write(rest.data() + at, piece) != FlowState::kGo) return transfer_.Answer(call, Fail(sink.error()));
      served += piece;
      queue_.RunOne();
    }
    if (size < rest.size()) return transfer_.Answer(call, Fail(ErrorKind::kRetry, "the connection was reset"));
    transfer_.AnswerStatus(call, status, "", headers);
  }

  TaskQueue queue_;
  SteppedClock clock_;
  FakePortal portal_{queue_};
  FakeTransfer transfer_{queue_};
  RecordedLog log_;
  Attestor attestor_;
  std::unique_ptr<OutputFolder> output_;
  std::weak_ptr<BodySink> served_sink_;

 public:
  FakeJobRecord record{queue_, BuiltJob()};
};

class ResumeOnDiskTest : public ::testing::TestWithParam<Fault> {};

TEST_P(ResumeOnDiskTest, SecondLifeCutAtAnyCallAndTheNextDeliversTheVeryBytes) {
  int call = 1;
  for (bool reached = true; reached; ++call) {
    SCOPED_TRACE("cut at call " + std::to_string(call));
    Lives lives;
    ASSERT_FALSE(lives.Live(kCut));
    ASSERT_EQ(lives.record.job().output.kept.synced, kCut);
    lives.LoseWhatIsNotSynced();
    // The second life comes further, and its line breaks too.
    lives.place.fs.FailAt(call, GetParam());
    (void)lives.Live(kCut);
    reached = lives.place.fs.calls() >= call;
    lives.place.fs.Heal();
    lives.LoseWhatIsNotSynced();
    for (int life = 0; lives.record.job().state != JobState::kPublished; ++life) {
      ASSERT_LT(life, 3);
      (void)lives.Live();
    }
    EXPECT_EQ(lives.place.Read(kName), ProtectedApk());
    EXPECT_EQ(lives.record.job().output.sha256, Sha256Hex(ProtectedApk()));
    EXPECT_EQ(lives.place.Names().size(), 3U);
    EXPECT_TRUE(lives.place.Names(".tegodrop/quarantine").empty());
    EXPECT_EQ(lives.record.job().bad_downloads, 0);
    if (!reached) {
      EXPECT_EQ(lives.served, ProtectedApk().size()) << "every byte travelled once";
    }
  }
  EXPECT_GT(call, 12);
}

std::string NameOf(const ::testing::TestParamInfo<Fault>& info) {
  return info.param == Fault::kRefused ? "Refused" : info.param == Fault::kAnswerLost ? "AnswerLost" : "Death";
}

INSTANTIATE_TEST_SUITE_P(Faults, ResumeOnDiskTest,
                         ::testing::Values(Fault::kRefused, Fault::kAnswerLost, Fault::kDeath), NameOf);

}  // namespace
}  // namespace tegodrop::testing
