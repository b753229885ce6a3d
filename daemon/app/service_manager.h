// What systemd is told of this process (sd_notify(3)). Without a service manager the words go nowhere.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace tegodrop {

class ServiceManager {
 public:
  virtual ~ServiceManager() = default;
  // Whether there is one.
  virtual bool listens() const = 0;
  // The start, or a reload, is over.
  virtual void Ready() = 0;
  // A reload begins: systemctl waits for Ready from now on.
  virtual void Reloading() = 0;
  virtual void Stopping() = 0;
  // One line for 'systemctl status'; the same again costs nothing.
  virtual void Say(const std::string& status) = 0;
  // The loop goes on.
  virtual void Alive() = 0;
  // Alive is wanted at least this often, else the process is killed and started again; nothing: nobody waits for it.
  virtual std::optional<std::chrono::microseconds> patience() const = 0;
};

// That of this process, by $NOTIFY_SOCKET and $WATCHDOG_USEC.
std::unique_ptr<ServiceManager> MakeServiceManager();

}  // namespace tegodrop
