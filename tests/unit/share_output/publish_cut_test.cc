// Publishing, cut at each of its calls to the file system: nothing ever appears half, the trace is last, and the next
// try completes the delivery, once.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/share_output/output_place.h"

namespace tegodrop::testing {
namespace {

using Fault = FaultyFileSystem::Fault;

constexpr char kName[] = "app.apk";
constexpr char kBytes[] = "PK protected bytes";

class PublishCutTest : public ::testing::TestWithParam<Fault> {
 protected:
  // Publishes with the call of this number cut; false once the number is beyond the last call.
  static bool Cut(OutputPlace& place, const PublishRequest& request, int call) {
    place.Stage(request.staging_name, kBytes);
    place.fs.FailAt(call, GetParam());
    (void)place.Ops().Publish(request);
    const bool reached = place.fs.calls() >= call;
    place.fs.Heal();
    return reached;
  }

  // The promise: whole or not there, in this order.
  static void ExpectNothingHalf(const OutputPlace& place, const PublishRequest& request) {
    const std::string checksum = request.name + ".sha256";
    const std::string& provenance = request.provenance_name;
    const std::string trace = request.name + ".trace.json";
    for (const std::string& name : place.Names()) {
      EXPECT_TRUE(name == request.name || name == checksum || name == provenance || name == trace) << name;
    }
    if (place.Has(trace)) {
      EXPECT_EQ(place.Read(trace), request.trace);
      EXPECT_TRUE(place.Has(provenance));
      EXPECT_EQ(place.Mode(trace), request.mode);
    }
    if (place.Has(provenance)) {
      EXPECT_EQ(place.Read(provenance), request.provenance);
      EXPECT_TRUE(place.Has(checksum));
      EXPECT_EQ(place.Mode(provenance), request.mode);
    }
    if (place.Has(checksum)) {
      EXPECT_EQ(place.Read(checksum), request.checksum);
      EXPECT_TRUE(place.Has(request.name));
      EXPECT_EQ(place.Mode(checksum), request.mode);
    }
    if (place.Has(request.name)) {
      EXPECT_EQ(place.Read(request.name), kBytes);
      EXPECT_EQ(place.Mode(request.name), request.mode);
    }
  }

  static Result<PublishOutcome> Again(OutputPlace& place, PublishRequest request) {
    // As another version of the program would ask, or a key that signs otherwise each time.
    request.trace += " ";
    request.provenance += " ";
    return place.Ops().Publish(request);
  }
};

TEST_P(PublishCutTest, NothingIsEverHalfAndTheNextTryCompletesIt) {
  const PublishRequest request = DeliveryOf(kName, kBytes);
  int call = 1;
  for (bool reached = true; reached; ++call) {
    SCOPED_TRACE("cut at call " + std::to_string(call));
    OutputPlace place;
    reached = Cut(place, request, call);
    ExpectNothingHalf(place, request);
    auto outcome = Again(place, request);
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(*outcome, PublishOutcome::kPublished);
    EXPECT_EQ(place.Read(kName), kBytes);
    EXPECT_EQ(place.Read(std::string(kName) + ".sha256"), request.checksum);
    const std::string trace = place.Read(std::string(kName) + ".trace.json");
    EXPECT_TRUE(trace.starts_with(request.trace));
    EXPECT_TRUE(place.Read(request.provenance_name).starts_with(request.provenance));
    EXPECT_EQ(trace == request.trace, place.Read(request.provenance_name) == request.provenance)
        << "a trace beside the provenance of another one";
    EXPECT_EQ(place.Names().size(), 4U);
    ASSERT_TRUE(place.Ops().Discard(request.staging_name));
    for (const std::string& left : place.Names(".tegodrop/staging")) ADD_FAILURE() << left << " is left in staging";
  }
  EXPECT_GT(call, 30) << "the cuts did not reach the whole of it";
}

// Whoever collects deliveries waits for the trace and then takes all of it away, perhaps while the daemon is down.
TEST_P(PublishCutTest, WholeDeliveryThatIsCollectedMeanwhileIsNeverMadeAgain) {
  const PublishRequest request = DeliveryOf(kName, kBytes);
  int collected = 0;
  int call = 1;
  for (bool reached = true; reached; ++call) {
    SCOPED_TRACE("cut at call " + std::to_string(call));
    OutputPlace place;
    reached = Cut(place, request, call);
    if (!place.Has(std::string(kName) + ".trace.json")) continue;
    ++collected;
    for (const std::string& name : place.Names()) files::remove(place.Path(name));
    auto outcome = Again(place, request);
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(*outcome, PublishOutcome::kPublished);
    EXPECT_TRUE(place.Names().empty());
  }
  EXPECT_GE(collected, 1);
}

TEST_P(PublishCutTest, FileTakenBeforeItsTraceIsLostAndNotCalledDelivered) {
  const PublishRequest request = DeliveryOf(kName, kBytes);
  int taken = 0;
  int call = 1;
  for (bool reached = true; reached; ++call) {
    SCOPED_TRACE("cut at call " + std::to_string(call));
    OutputPlace place;
    reached = Cut(place, request, call);
    if (!place.Has(kName) || place.Has(std::string(kName) + ".trace.json")) continue;
    ++taken;
    files::remove(place.Path(kName));
    auto outcome = Again(place, request);
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(*outcome, PublishOutcome::kLost);
    EXPECT_FALSE(place.Has(std::string(kName) + ".trace.json"));
  }
  EXPECT_GE(taken, 1);
}

std::string NameOf(const ::testing::TestParamInfo<Fault>& info) {
  switch (info.param) {
    case Fault::kRefused:
      return "Refused";
    case Fault::kAnswerLost:
      return "AnswerLost";
    case Fault::kDeath:
      return "Death";
  }
  return "";
}

INSTANTIATE_TEST_SUITE_P(Faults, PublishCutTest, ::testing::Values(Fault::kRefused, Fault::kAnswerLost, Fault::kDeath),
                         NameOf);

}  // namespace
}  // namespace tegodrop::testing
