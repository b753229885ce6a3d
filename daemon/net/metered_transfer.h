// A transfer that counts the bytes of what it carries.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "daemon/net/transfer.h"

namespace tegodrop {

// Bytes of bodies, of requests and of answers, since the start; what is sent or fetched again counts again.
struct MovedBytes {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
};

// As the transfer below it.
class MeteredTransfer final : public Transfer {
 public:
  // `inner` must outlive it, and it the handles that Start gives.
  explicit MeteredTransfer(Transfer& inner) : inner_(inner) {}

  MovedBytes moved() const { return moved_; }

  HandlePtr Start(HttpRequest request, std::function<void(Result<HttpAnswer>)> done) override {
    request.progress = [this, before = MovedBytes{}, progress = std::move(request.progress)](
                           std::uint64_t sent, std::uint64_t received) mutable {
      // A request that is begun once more begins at 0 again.
      moved_.sent += sent - (sent < before.sent ? 0 : before.sent);
      moved_.received += received - (received < before.received ? 0 : before.received);
      before = {sent, received};
      if (progress) progress(sent, received);
    };
    return inner_.Start(std::move(request), std::move(done));
  }

 private:
  Transfer& inner_;
  MovedBytes moved_;
};

}  // namespace tegodrop
