// Ends every wait of the simulator at once: no thread sleeps but through this.
#pragma once

namespace tegodrop::sim {

// Safe from every thread.
class StopEvent {
 public:
  StopEvent();
  ~StopEvent();
  StopEvent(const StopEvent&) = delete;
  StopEvent& operator=(const StopEvent&) = delete;

  void Set();
  // Waits at most `seconds` of real time; true when the simulator is to stop.
  bool WaitFor(double seconds) const;
  // Waits until there is something to read from `socket`, its peer has gone, or `seconds` have passed.
  void WaitForData(int socket, double seconds) const;
  // Waits until the peer of `socket` has gone, or the simulator is to stop.
  void WaitForHangUp(int socket) const;

 private:
  int fd_;
};

}  // namespace tegodrop::sim
