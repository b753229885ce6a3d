#include "tests/portal/server.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "tests/portal/listener.h"

namespace tegodrop::sim {
namespace {

// Every stored file is an open descriptor.
void AllowManyFiles() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

bool OpenFiles(const ServerOptions& options, World* world, std::string* error) {
  *error = "";
  if (!options.violations_file.empty() && !world->violations.OpenFile(options.violations_file)) {
    *error = options.violations_file + ": " + std::strerror(errno);
  } else if (!options.log_file.empty() && !world->requests.OpenFile(options.log_file)) {
    *error = options.log_file + ": " + std::strerror(errno);
  }
  return error->empty();
}

}  // namespace

bool WriteByRename(const std::string& path, const std::string& content, unsigned mode, std::string* error) {
  const std::string temporary = path + ".new";
  int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  bool good = fd >= 0 && write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size());
  if (fd >= 0) good = close(fd) == 0 && good;
  good = good && rename(temporary.c_str(), path.c_str()) == 0;
  if (!good) *error = path + ": " + std::strerror(errno);
  return good;
}

Server::Server() = default;

std::unique_ptr<Server> Server::Start(const ServerOptions& options, std::string* error) {
  AllowManyFiles();
  std::unique_ptr<Storage> storage = Storage::Make(options.storage_parent, error);
  if (!storage) return nullptr;
  std::unique_ptr<Server> self(new Server());
  self->world_ = std::make_unique<World>(std::move(storage), options.token, options.tenant);
  self->world_->settings = options.settings;
  self->world_->keys.Seed(options.settings, static_cast<int64_t>(self->world_->clock.UnixNow()));
  self->world_->portal_down = options.settings.portal_down;
  if (!OpenFiles(options, self->world_.get(), error)) return nullptr;
  self->world_->builds.Start();
  self->http_ = Listener::Open(self->world_.get(), options.port, nullptr, error);
  if (!self->http_) return nullptr;
  if (!options.tls_dir.empty() && !self->ServeTls(options, error)) return nullptr;
  return self;
}

bool Server::ServeTls(const ServerOptions& options, std::string* error) {
  TlsIdentity tls;
  if (!MakeTlsIdentity(&tls, error)) return false;
  std::error_code making;
  std::filesystem::create_directories(options.tls_dir, making);
  ca_file_ = options.tls_dir + "/ca.pem";
  if (!WriteByRename(ca_file_, tls.ca_pem, 0644, error)) return false;
  https_ = Listener::Open(world_.get(), options.tls_port, &tls, error);
  return https_ != nullptr;
}

Server::~Server() {
  world_->stop.Set();
  world_->builds.Stop();
  https_.reset();
  http_.reset();
}

std::string Server::http_url() const { return http_->base_url() + "/frontend"; }
std::string Server::https_url() const { return https_ ? https_->base_url() + "/frontend" : ""; }
std::string Server::control_url() const { return http_->base_url() + "/control"; }

}  // namespace tegodrop::sim
