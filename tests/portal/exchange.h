// One request from its first line to the last byte of its answer, independent of the HTTP library: what the library has
// read goes in, and it is told what to do next. Faults are done here.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/portal/api.h"
#include "tests/portal/message.h"
#include "tests/portal/object_store.h"
#include "tests/portal/world.h"

namespace tegodrop::sim {

// Used by one thread at a time, which it may block (a stall, a slow transfer).
class Exchange {
 public:
  enum class Next {
    kReadOn,  // the rest of the request is wanted
    kAnswer,  // reply() is to be sent
    kClose,   // the connection is to be closed without an answer
  };

  // `target` is path and query as sent.
  Exchange(World* world, std::string base_url, std::string_view target);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  bool begun() const { return begun_; }
  // The headers are there. `counted` belongs to the connection: whether it is in Counters::connections.
  Next Begin(std::string_view method, HeaderList headers, int socket, bool* counted);
  // A piece of the body.
  Next Body(std::string_view piece);
  // The body is whole.
  Next End();

  const Reply& reply() const { return reply_; }
  bool is_control() const { return kind_ == Kind::kControl; }
  // Bytes of the answer's body from `position` on; -1 = the connection is to be closed now.
  int64_t ReadAnswer(int64_t position, char* out, size_t size);
  // The answer is sent to its end. Not called when the connection broke before.
  void Sent();

 private:
  enum class Kind { kControl, kApi, kStorage, kUnknown };

  void Route();
  bool TakesObject() const { return kind_ == Kind::kStorage && request_.method == "PUT"; }
  Next BeginObject();
  Next Fault();
  // Whether a fault's bytes are counted in the request's body.
  bool CutsRequest() const;
  // What a fault does when its bytes have passed; and the end of the connection that it wants.
  Next Break();
  Next Close();
  // Changes an answer that is ready as the fault wants.
  void Damage();
  int64_t ReadContent(int64_t position, char* out, size_t size) const;
  // Serves the request; `body_` is whole.
  void Serve();
  Next Stall();
  Next Refuse(Reply reply);
  // Keeps the transfer that began at `since` at `rate` bytes a second, having moved `bytes`. False: the simulator
  // stops.
  bool Pace(int64_t rate, int64_t bytes, std::chrono::steady_clock::time_point since) const;
  void Log(int status);

  World* world_;
  Request request_;
  Kind kind_ = Kind::kUnknown;
  const Endpoint* endpoint_ = nullptr;  // of kApi
  std::string_view name_ = "unknown";
  bool begun_ = false;
  int socket_ = -1;
  int64_t log_number_ = -1;
  bool logged_ = false;
  std::optional<FaultAction> fault_;

  std::unique_ptr<ObjectPut> put_;  // while an object comes in
  bool discard_ = false;            // the body is read and thrown away, then reply_ is sent
  int64_t received_ = 0;
  int64_t upload_rate_ = 0;
  int64_t download_rate_ = 0;
  Reply reply_;
  std::chrono::steady_clock::time_point transfer_began_;
};

}  // namespace tegodrop::sim
