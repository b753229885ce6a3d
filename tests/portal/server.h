// The simulator as a whole: listens on loopback, over http and (with a folder for its CA) https.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/portal/settings.h"
#include "tests/portal/world.h"

namespace tegodrop::sim {

struct ServerOptions {
  int port = 0;         // 0: one that is free
  int tls_port = 0;     // likewise
  std::string tls_dir;  // not empty: ca.pem is written there and https is served
  std::string token = "rehearsal-key:rehearsal-secret";
  std::string tenant = "9f1c0a4e7b8d4a4db52e6a6d5c5c1f11";
  std::string violations_file;  // "": none
  std::string log_file;         // a line for each request; "": none
  std::string storage_parent = "/tmp";
  Settings settings;
};

class Listener;

// Serves from Start to destruction.
class Server {
 public:
  // Null with `error` saying what is in the way.
  static std::unique_ptr<Server> Start(const ServerOptions& options, std::string* error);
  // Ends every connection, waiting ones too, and joins all threads.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::string http_url() const;     // http://127.0.0.1:PORT/frontend
  std::string https_url() const;    // or ""
  std::string control_url() const;  // http://127.0.0.1:PORT/control
  const std::string& ca_file() const { return ca_file_; }
  World& world() { return *world_; }

 private:
  Server();

  bool ServeTls(const ServerOptions& options, std::string* error);

  std::unique_ptr<World> world_;
  std::string ca_file_;
  std::unique_ptr<Listener> http_;
  std::unique_ptr<Listener> https_;
};

// Writes `content` to `path` by a temporary name and a rename, readable to `mode`.
bool WriteByRename(const std::string& path, const std::string& content, unsigned mode, std::string* error);

}  // namespace tegodrop::sim
