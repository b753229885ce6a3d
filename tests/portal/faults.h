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
    kClose,       // the connection ends after `bytes` of `side`
    kStall,       // nothing more after `bytes` of `side`; without them, nothing at all
    kLostAnswer,  // the effect happens, then the connection ends without an answer
    kGarbage,     // no effect, and bytes that are no HTTP for an answer
    kOther,       // the request is served, with what is below
  };
  enum class Side { kUsual, kRequest, kAnswer };  // kUsual: the body of what is put, else the answer's

  Kind kind = Kind::kOther;
  Reply answer;
  bool early = false;  // kStatus: sent, and the connection closed, before the request's body is read
  std::optional<int64_t> bytes;
  Side side = Side::kUsual;
  bool reset = false;  // the connection ends with a TCP reset
  std::string garbage;

  bool ignore_expect = false;         // a client that asks before it sends is kept waiting until it sends unasked
  int64_t drip = 0;                   // bytes a second, of what is put and of the answer
  int64_t short_by = 0;               // the answer's last bytes are missing, and its Content-Length knows
  int64_t longer_by = 0;              // the answer has zero bytes at its end
  std::optional<int64_t> corrupt_at;  // this byte of the answer is another
  // Of what `get` answers: a 206 says this Content-Range, a 200 or 206 this ETag; empty: the header is missing.
  std::optional<std::string> content_range;
  std::optional<std::string> etag;
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
