// The whole way back onto a real disk, cut at each of its calls to the file system and begun again: one delivery.
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <memory>
#include <set>
#include <string>

#include "daemon/share/local_output_folder.h"
#include "tests/fakes/zip_maker.h"
#include "tests/unit/delivery/delivery_world.h"
#include "tests/unit/share_output/output_place.h"

namespace tegodrop::testing {
namespace {

using Fault = FaultyFileSystem::Fault;

constexpr char kName[] = "App Release-protected-1767225100.apk";

// A real APK, because the real checks are made; signed, as the history says.
const std::string& ProtectedApk() {
  static const std::string bytes = MakeZip({{"AndroidManifest.xml", "manifest", true},
                                            {"META-INF/CERT.SF", "digests", true},
                                            {"META-INF/CERT.RSA", "signature", true}});
  return bytes;
}

// One job, one folder, one life after the other.
class OnDisk {
 public:
  // Until the job answers; the store serves whatever is asked for.
  bool Live() {
    std::optional<bool> published;
    const HandlePtr handle =
        deliverer_.Start(record, nullptr, [&](const Status& status) { published = status.has_value(); });
    while (!published) {
      if (!portal_.downloads.waiting.empty()) {
        portal_.downloads.answers.emplace_back(Secret("https://store.example/x?s=1"));
        portal_.Pump();
      }
      if (!transfer_.calls.empty() && transfer_.calls.back()->live) Serve(*transfer_.calls.back());
      if (!queue_.RunOne()) clock_.Step(std::chrono::milliseconds(1));
    }
    return *published;
  }

  OutputPlace place;

 private:
  void Serve(FakeTransfer::Call& call) {
    if (call.request.sink == served_.lock()) return;
    served_ = call.request.sink;
    const std::string body = ProtectedApk();
    (void)call.request.sink->Begin(200, {{"content-length", std::to_string(body.size())}});
    (void)call.request.sink->Write(body.data(), body.size());
    transfer_.AnswerStatus(call, 200);
  }

  TaskQueue queue_;
  SteppedClock clock_;
  FakePortal portal_{queue_};
  FakeTransfer transfer_{queue_};
  RecordedLog log_;
  std::unique_ptr<OutputFolder> output_ = MakeOutputFolderOn(place.path, ".tegodrop", {}, queue_, queue_, place.fs);
  Attestor attestor_;
  Deliverer deliverer_{DeliveryWorld{portal_, transfer_, clock_, clock_, log_, {"host-a", "0.1.0"}, attestor_},
                       [this](const Job&) -> Result<OutputFolder*> { return output_.get(); }};
  std::weak_ptr<BodySink> served_;

 public:
  FakeJobRecord record{queue_, BuiltJob()};
};

class OnDiskTest : public ::testing::TestWithParam<Fault> {};

TEST_P(OnDiskTest, CutAtAnyCallAndBegunAgainGivesOneDelivery) {
  const std::set<std::string> whole{kName, std::string(kName) + ".sha256", std::string(kName) + ".trace.json"};
  int call = 1;
  for (bool reached = true; reached; ++call) {
    SCOPED_TRACE("cut at call " + std::to_string(call));
    OnDisk world;
    world.place.fs.FailAt(call, GetParam());
    (void)world.Live();
    reached = world.place.fs.calls() >= call;
    world.place.fs.Heal();
    for (int life = 0; world.record.job().state != JobState::kPublished; ++life) {
      ASSERT_LT(life, 3);
      (void)world.Live();
    }
    EXPECT_EQ(world.place.Names(), whole);
    EXPECT_EQ(world.place.Read(kName), ProtectedApk());
    EXPECT_EQ(world.place.Read(std::string(kName) + ".sha256"), ChecksumLine(world.record.job()));
    rapidjson::Document trace;
    trace.Parse(world.place.Read(std::string(kName) + ".trace.json").c_str());
    ASSERT_TRUE(trace.IsObject());
    EXPECT_STREQ(trace["protected_output"].GetString(), kName);
    EXPECT_EQ(trace["output"]["sha256"].GetString(), Sha256Hex(ProtectedApk()));
    EXPECT_EQ(trace["times"]["delivered"].GetString(), Rfc3339(world.record.job().times.delivered));
    EXPECT_TRUE(world.place.Names(".tegodrop/quarantine").empty());
  }
  EXPECT_GT(call, 50);
}

std::string NameOf(const ::testing::TestParamInfo<Fault>& info) {
  return info.param == Fault::kRefused ? "Refused" : info.param == Fault::kAnswerLost ? "AnswerLost" : "Death";
}

INSTANTIATE_TEST_SUITE_P(Faults, OnDiskTest, ::testing::Values(Fault::kRefused, Fault::kAnswerLost, Fault::kDeath),
                         NameOf);

}  // namespace
}  // namespace tegodrop::testing
