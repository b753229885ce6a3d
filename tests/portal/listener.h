// One listening socket on 127.0.0.1 and the HTTP library behind it, a thread for each connection: a connection that a
// test makes stall or crawl holds up nobody else.
#pragma once

#include <memory>
#include <string>

#include "tests/portal/tls.h"
#include "tests/portal/world.h"

struct MHD_Daemon;

namespace tegodrop::sim {

class Listener {
 public:
  // Listens at once; with `tls` it speaks https. Null with `error` when the port cannot be had. `world` outlives it.
  static std::unique_ptr<Listener> Open(World* world, int port, const TlsIdentity* tls, std::string* error);
  // World::stop must be set: else a stalled connection would be waited for.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  World* world() const { return world_; }
  // Scheme and authority, such as https://127.0.0.1:4711
  const std::string& base_url() const { return base_url_; }

 private:
  Listener(World* world, std::string base_url) : world_(world), base_url_(std::move(base_url)) {}

  World* world_;
  std::string base_url_;
  MHD_Daemon* daemon_ = nullptr;
};

}  // namespace tegodrop::sim
