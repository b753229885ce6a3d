// Troubles that a test orders, each for one kind of request. World::mutex guards the list.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>

#include "tests/portal/message.h"

namespace tegodrop::sim {

struct FaultAction {
  enum class Kind {
    kStatus,      // this answer, without effect
    kClose,       // the connection ends after `bytes`: of the body of a put or part, else of the answer's body
    kStall,       // nothing more after `bytes` (counted likewise); without them, nothing at all
    kLostAnswer,  // the effect happens, then the connection ends without an answer
  };
  Kind kind = Kind::kStatus;
  Reply answer;
  std::optional<int64_t> bytes;
};

// The orders, served first come, first served: of those for a kind of request the first one is asked alone. It lets
// `skip` requests pass, then hits `times`, then is gone.
class Faults {
 public:
  // Adds what a POST to /control/faults says; false with `error` saying what is wrong.
  bool Add(const rapidjson::Value& order, std::string* error);
  void Clear() { orders_.clear(); }
  // The trouble for one request of this kind that has just arrived, if there is one.
  std::optional<FaultAction> Take(std::string_view where);
  // How many hits are still to come.
  int64_t Left() const;

 private:
  struct Order {
    std::string where;
    int64_t times = 1;
    int64_t skip = 0;
    FaultAction action;
  };
  std::list<Order> orders_;
};

}  // namespace tegodrop::sim
