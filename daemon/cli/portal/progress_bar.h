// How far a transfer is, in one line of a terminal.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/base/clock.h"

namespace tegodrop {

// "app.apk  [#######           ]  41 %  12.3 MiB of 30.0 MiB  2.1 MiB/s  8s left", at most `width` columns of it. Pure.
// `total`: 0 where it is not known. `took`: ms since `first` bytes were there already.
std::string ProgressLine(const std::string& name, std::uint64_t first, std::uint64_t received, std::uint64_t total,
                         MonoMs took, std::size_t width);

// Shows it in place on standard error, where that is a terminal; nothing otherwise.
class ProgressBar {
 public:
  // `clock` must outlive it.
  ProgressBar(std::string name, const Clock& clock);
  // Ends the line.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void Show(std::uint64_t received, std::uint64_t total);

 private:
  const std::string name_;
  const Clock& clock_;
  const bool shown_;
  bool begun_ = false;
  MonoMs since_ = 0;
  std::uint64_t first_ = 0;
};

}  // namespace tegodrop
