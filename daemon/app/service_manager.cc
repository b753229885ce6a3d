#include "daemon/app/service_manager.h"

#include <systemd/sd-daemon.h>

#include <cstdlib>
#include <ctime>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

class Systemd final : public ServiceManager {
 public:
  bool listens() const override { return std::getenv("NOTIFY_SOCKET") != nullptr; }

  void Ready() override { sd_notify(0, "READY=1"); }

  void Reloading() override {
    // With the time systemd can tell this reload's READY from an earlier one's (sd_notify(3)).
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const long long microseconds = now.tv_sec * 1'000'000LL + now.tv_nsec / 1000;
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", microseconds);
  }

  void Stopping() override { sd_notify(0, "STOPPING=1"); }

  void Say(const std::string& status) override {
    if (status == said_) return;
    said_ = status;
    sd_notifyf(0, "STATUS=%s", Printable(status).c_str());
  }

  void Alive() override { sd_notify(0, "WATCHDOG=1"); }

  std::optional<std::chrono::microseconds> patience() const override {
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
    return std::chrono::microseconds(microseconds);
  }

 private:
  std::string said_;
};

}  // namespace

std::unique_ptr<ServiceManager> MakeServiceManager() { return std::make_unique<Systemd>(); }

}  // namespace tegodrop
