// A transfer that a person can stop.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "daemon/net/transfer.h"

namespace tegodrop {

// As the transfer below it, which must outlive it. One request at a time.
class BreakableTransfer final : public Transfer {
 public:
  explicit BreakableTransfer(Transfer& inner) : inner_(inner) {}

  HandlePtr Start(HttpRequest request, std::function<void(Result<HttpAnswer>)> done) override {
    auto asked = std::make_shared<Asked>();
    asked->done = std::move(done);
    asked->handle = inner_.Start(std::move(request), [asked = asked.get()](Result<HttpAnswer> answer) {
      const auto last = std::exchange(asked->done, nullptr);
      last(std::move(answer));
    });
    asked_ = asked;
    return std::make_unique<Ticket>(std::move(asked));
  }

  // Ends what is under way as a line that breaks does (kRetry), so that what has come is kept. False where nothing is.
  bool Break() {
    const auto asked = asked_.lock();
    if (!asked || !asked->done) return false;
    asked->handle.reset();
    const auto last = std::exchange(asked->done, nullptr);
    last(Fail(ErrorKind::kRetry, "stopped"));
    return true;
  }

 private:
  struct Asked {
    HandlePtr handle;
    std::function<void(Result<HttpAnswer>)> done;
  };
  class Ticket final : public Handle {
   public:
    explicit Ticket(std::shared_ptr<Asked> asked) : asked_(std::move(asked)) {}

   private:
    std::shared_ptr<Asked> asked_;
  };

  Transfer& inner_;
  std::weak_ptr<Asked> asked_;
};

}  // namespace tegodrop
