// The real clients over the real transfer on a real loop, against a simulator in this process.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/loop/event_loop.h"
#include "daemon/net/transfer.h"
#include "daemon/portal/administration_client.h"
#include "daemon/portal/portal_client.h"
#include "tests/fakes/recorded_log.h"
#include "tests/unit/portal_simulator/simulator_fixture.h"

namespace tegodrop::testing {

constexpr char kPassword[] = "Zebra9&<\"keystore";

// Hands requests on to another transfer, with little patience where that is asked for.
class ImpatientTransfer final : public Transfer {
 public:
  explicit ImpatientTransfer(Transfer& real) : real_(real) {}
  HandlePtr Start(HttpRequest request, std::function<void(Result<HttpAnswer>)> done) override;

  bool impatient = false;

 private:
  Transfer& real_;
};

enum class Account : std::uint8_t {
  kRight,
  kOtherToken,   // of the right form, nobody's
  kNoToken,      // empty
  kBrokenToken,  // no KEY:SECRET
  kOtherTenant,  // another's
  kNobody,       // where nothing listens
};

// An upload in parts that is ready to be completed.
struct PartsUpload {
  std::string file_path;
  std::string upload_id;
  std::int64_t start_time = 0;
  std::vector<CompletedPart> parts;
  std::string bytes;
};

class LiveTest : public sim::testing::SimulatorTest {
 public:
  using SimulatorTest::Advance;
  using SimulatorTest::base;
  using SimulatorTest::Call;
  using SimulatorTest::Control;
  using SimulatorTest::Counter;
  using SimulatorTest::Grant;
  using SimulatorTest::Put;
  using SimulatorTest::Rules;
  using SimulatorTest::Send;
  using SimulatorTest::StartWith;
  using SimulatorTest::State;
  using SimulatorTest::Upload;
  using SimulatorTest::world;

  LiveTest();
  ~LiveTest() override;

  // Makes both clients anew, for the simulator that runs now.
  void Connect(Account account = Account::kRight);
  Portal& portal() { return *portal_; }
  PortalAdministration& administration() { return *administration_; }
  void SetImpatient(bool impatient) { transfer_.impatient = impatient; }

  // Runs the loop until the call that `start` makes is done. Errors are kept for ExpectNoSecrets.
  template <typename T>
  Result<T> Await(const std::function<HandlePtr(std::function<void(Result<T>)>)>& start) {
    std::optional<Result<T>> result;
    const HandlePtr handle = start([&](Result<T> answer) {
      EXPECT_FALSE(result) << "done ran twice";
      result = std::move(answer);
      loop_.Stop();
    });
    EXPECT_FALSE(result) << "done ran inside the call";
    RunLoop();
    if (!result) return Fail(ErrorKind::kBug, "done never ran");
    if (!*result) ExpectNoSecrets(result->error().message);
    return std::move(*result);
  }

  // A switch of the simulator, or several, as a JSON object.
  void Set(const std::string& switches) const;
  void OrderFault(const std::string& where, const std::string& action) const;
  // Everything at the portal that a call could have changed.
  std::string Effects() const;
  std::int64_t RequestsSeen() const;

  // A build of app-release.apk that has ended well; `more`: further fields of its upload, ",...".
  Upload Built(const std::string& more = "") const;
  PartsUpload ReadyInParts() const;
  std::string ApplicationId() const;
  // Gives the one application a signing file.
  void GiveSigningFile() const;
  std::string Tenant() const { return sim::ServerOptions().tenant; }
  std::int64_t Now() const;

  static void ExpectNoSecrets(const std::string& text);

 private:
  void RunLoop();

  EventLoop loop_;
  std::unique_ptr<Transfer> real_;
  ImpatientTransfer transfer_;
  SystemClock clock_;
  RecordedLog log_;
  std::unique_ptr<Portal> portal_;
  std::unique_ptr<PortalAdministration> administration_;
};

}  // namespace tegodrop::testing
