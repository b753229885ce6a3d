// An outbox in memory, as durable as the test lets it be: it outlives the messengers that work with it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/ledger/outbox.h"
#include "tests/fakes/task_queue.h"

namespace tegodrop::testing {

class MemoryOutbox final : public Outbox {
 public:
  explicit MemoryOutbox(TaskQueue& queue) : queue_(queue) {}

  void LoadOutbox(std::function<void(Result<OutboxContent>)> done) override {
    queue_.Post([this, done = std::move(done)] {
      if (trouble) return done(Fail(*trouble));
      OutboxContent content;
      for (const auto& [number, event] : events) content.events.push_back(event);
      content.marks.assign(marks.begin(), marks.end());
      done(std::move(content));
    });
  }
  void AddEvent(const OutboxEvent& event, const std::string& mark, Done done) override {
    Write(std::move(done), [this, event, mark] {
      events[event.number] = event;
      event.over ? void(marks.erase(mark)) : void(marks.insert(mark));
    });
  }
  void RemoveEvents(std::vector<std::int64_t> numbers, Done done) override {
    Write(std::move(done), [this, numbers = std::move(numbers)] {
      for (const std::int64_t number : numbers) events.erase(number);
    });
  }
  void RemoveMark(const std::string& mark, Done done) override {
    Write(std::move(done), [this, mark] { marks.erase(mark); });
  }

  std::optional<Error> trouble;  // while it is set nothing is taken
  std::map<std::int64_t, OutboxEvent> events;
  std::set<std::string> marks;

 private:
  void Write(Done done, std::function<void()> work) {
    queue_.Post([this, done = std::move(done), work = std::move(work)] {
      if (!trouble) work();
      if (done) done(trouble ? Status(Fail(*trouble)) : Status());
    });
  }

  TaskQueue& queue_;
};

}  // namespace tegodrop::testing
