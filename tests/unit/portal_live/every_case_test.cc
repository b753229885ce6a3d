// Every call of the page in every case that calls have in common. One line for each cell: call | case | reaction.
#include <map>

#include "tests/unit/portal_live/cases.h"
#include "tests/unit/portal_live/report.h"

namespace tegodrop::testing {
namespace {

class EveryCase : public LiveTest, public ::testing::WithParamInterface<Operation> {
 protected:
  void Run(const Operation& operation, const Case& one);
  static bool IsMadeUp(const Operation& operation, const Case& one);
  void Expect(const Operation& operation, const Case& one, const Outcome& outcome);
  void ExpectEffect(const Operation& operation, bool done, const std::string& before);
};

// Whether the answer is the fault's, and nothing was done for it.
bool EveryCase::IsMadeUp(const Operation& operation, const Case& one) {
  return one.fault.find("\"status\"") != std::string::npos && (one.everywhere || one.bites(operation));
}

void EveryCase::Expect(const Operation& operation, const Case& one, const Outcome& outcome) {
  const bool bites = one.bites(operation);
  if (!one.kind || !bites) {
    ASSERT_FALSE(outcome.error) << outcome.error->message;
    if (!IsMadeUp(operation, one)) outcome.check(*this);
    return;
  }
  ASSERT_TRUE(outcome.error) << "it succeeded";
  const Error& error = *outcome.error;
  EXPECT_EQ(error.kind, *one.kind) << ToString(error.kind);
  EXPECT_NE(error.message.find(one.words), std::string::npos) << error.message;
  EXPECT_EQ(error.outcome_unknown, one.unknown && operation.effective);
  EXPECT_EQ(error.retry_after.has_value(), one.retry_after.has_value());
  if (error.retry_after && one.retry_after) {
    EXPECT_GE(*error.retry_after, one.retry_after->first);
    EXPECT_LE(*error.retry_after, one.retry_after->second);
  }
}

// A client that gave up may have done so before the simulator had done its part.
void EveryCase::ExpectEffect(const Operation& operation, bool done, const std::string& before) {
  const bool expected = done && operation.changes;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  bool changed = Effects() != before;
  while (changed != expected && expected && std::chrono::steady_clock::now() < deadline) changed = Effects() != before;
  EXPECT_EQ(changed, expected) << "before: " << before << "now: " << Effects();
}

void EveryCase::Run(const Operation& operation, const Case& one) {
  StartWith({});
  operation.prepare(*this);
  if (!one.switches.empty()) Set(one.switches);
  if (!one.fault.empty() && (one.everywhere || one.bites(operation))) OrderFault(operation.where, one.fault);
  Connect(one.account);
  SetImpatient(one.impatient);
  const std::string before = Effects();
  const std::int64_t seen = RequestsSeen();
  const Outcome outcome = operation.ask(*this);
  Report(operation.name, one.name, outcome.error);
  const bool fails = one.kind && one.bites(operation);
  EXPECT_EQ(RequestsSeen() - seen, one.sent ? 1 : 0);
  ExpectEffect(operation, fails ? one.effect == Effect::kDone : !IsMadeUp(operation, one), before);
  Expect(operation, one, outcome);
  EXPECT_EQ(Rules(), std::vector<std::string>());
}

TEST_P(EveryCase, EndsAsTheTableSays) {
  for (const Case& one : AllCases()) {
    SCOPED_TRACE(std::string(GetParam().name) + " | " + one.name);
    Run(GetParam(), one);
  }
}

// A connection that was used before may be closed by the other side just as the request leaves.
TEST_P(EveryCase, WhatMustNotBeDoneTwiceGetsAConnectionOfItsOwn) {
  StartWith({});
  GetParam().prepare(*this);
  Connect();
  const auto tenants = [this] {
    return Await<std::vector<TenantInfo>>([this](auto done) { return portal().ListTenants(std::move(done)); });
  };
  ASSERT_TRUE(tenants());
  const std::int64_t before = Counter("connections");
  EXPECT_FALSE(GetParam().ask(*this).error);
  EXPECT_EQ(Counter("connections") - before, GetParam().effective ? 1 : 0);
}

std::string NameOf(const ::testing::TestParamInfo<Operation>& info) {
  std::string name = info.param.name;
  for (char& c : name) c = c == ' ' ? '_' : c;
  return name;
}

INSTANTIATE_TEST_SUITE_P(Call, EveryCase, ::testing::ValuesIn(AllOperations()), NameOf);

class Table : public LiveTest {};

TEST_F(Table, HasEveryEndpointThatTheSimulatorServes) {
  std::map<std::string, std::int64_t> asked;
  for (const Operation& operation : AllOperations()) {
    StartWith({});
    operation.prepare(*this);
    Connect();
    const rapidjson::Document before = State();
    EXPECT_FALSE(operation.ask(*this).error) << operation.name;
    const rapidjson::Document after = State();
    for (const auto& counter : after["counters"].GetObject()) {
      const std::string name = counter.name.GetString();
      if (!name.ends_with("_requests")) continue;
      asked[name] += counter.value.GetInt64() - before["counters"][name.c_str()].GetInt64();
    }
  }
  EXPECT_GE(asked.size(), 16U);
  for (const auto& [name, count] : asked) EXPECT_GE(count, 1) << name;
}

}  // namespace
}  // namespace tegodrop::testing
