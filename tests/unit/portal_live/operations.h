// Every call of the page that the clients can make: the world in which it succeeds, the question, and what its answer
// must be.
#pragma once

#include <functional>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include "daemon/base/result.h"
#include "tests/unit/portal_live/live_test.h"

namespace tegodrop::testing {

struct Outcome {
  std::optional<Error> error;
  std::function<void(LiveTest&)> check;  // of a success: every field against what the simulator knows
};

struct Operation {
  const char* name;   // the page's endpoint, and which form of it
  const char* where;  // the simulator's word for it
  bool tenant = true;
  bool builds = false;       // needs the Builds permission
  bool team = false;         // needs a Team or Enterprise plan
  bool effective = false;    // does what must not be done twice: a connection of its own, outcome_unknown
  bool changes = false;      // leaves something else at the portal, harmful or not
  bool password = false;     // sends one
  bool takes_empty = false;  // {} is a success
  bool takes_list = false;   // [] is a success
  void (*prepare)(LiveTest& test);
  Outcome (*ask)(LiveTest& test);
};

inline std::ostream& operator<<(std::ostream& out, const Operation& operation) { return out << operation.name; }

const std::vector<Operation>& AllOperations();

template <typename T>
Outcome OutcomeOf(Result<T> result, std::function<void(LiveTest&, const T&)> check) {
  if (!result) return {result.error(), {}};
  auto got = std::make_shared<T>(std::move(*result));
  return {std::nullopt, [got, check = std::move(check)](LiveTest& test) { check(test, *got); }};
}

inline Outcome OutcomeOf(Status status, std::function<void(LiveTest&)> check) {
  if (!status) return {status.error(), {}};
  return {std::nullopt, std::move(check)};
}

// By operations_of_builds.cc, operations_of_keys.cc.
std::vector<Operation> OperationsOfBuilds();
std::vector<Operation> OperationsOfKeys();

}  // namespace tegodrop::testing
