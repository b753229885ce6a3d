// What is to be told to somebody outside, kept until it was told, and what was told already: so that neither a death
// nor a restart loses an event or tells it again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/result.h"

namespace tegodrop {

struct OutboxEvent {
  std::int64_t number = 0;  // in the order in which they came; given by whoever adds it, to no two that are there
  WallMs at = 0;
  std::string event;   // "failed", "folder", …
  bool over = false;   // the trouble is over
  std::string folder;  // here and below empty where it concerns none
  std::string job;     // its id
  std::string file_name;
  std::string kind;     // of a failure
  std::string message;  // what happened
  std::string remedy;   // what to do
};

struct OutboxContent {
  std::vector<OutboxEvent> events;  // in their order
  std::vector<std::string> marks;   // troubles that were told, or are among the events, and whose end was not
};

// Asynchronous as every call of the Ledger, and in one order with them: what is added before a job's next change is
// asked for is durable before that change is.
class Outbox {
 public:
  virtual ~Outbox() = default;
  using Done = std::function<void(Status)>;  // may be empty where nobody waits for the answer

  virtual void LoadOutbox(std::function<void(Result<OutboxContent>)> done) = 0;
  // In one transaction with the trouble's mark, which an event that is over removes and any other one sets. An event
  // of the same number is replaced.
  virtual void AddEvent(const OutboxEvent& event, const std::string& mark, Done done) = 0;
  // None of a number is no error.
  virtual void RemoveEvents(std::vector<std::int64_t> numbers, Done done) = 0;
  virtual void RemoveMark(const std::string& mark, Done done) = 0;
};

}  // namespace tegodrop
