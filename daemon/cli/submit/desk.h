// What the part of `submit` that touches folders says to the part that never does (attended.h), and asks of it.
#pragma once

#include <chrono>
#include <string_view>

namespace tegodrop {

class Desk {
 public:
  virtual ~Desk() = default;
  // Text for standard output and standard error, as it is.
  virtual void Out(std::string_view text) = 0;
  virtual void Err(std::string_view text) = 0;
  // A call that may hang begins, or goes on; empty: it has come back. "copying app.apk into /srv/drop".
  virtual void Doing(std::string_view what) = 0;
  // What is told of the work if its process has to be left behind, hung.
  virtual void LastWords(std::string_view text) = 0;
  // From now on the work may take this long, and a little more, before it is left behind.
  virtual void EndsWithin(std::chrono::milliseconds time) = 0;
  // Somebody wants it to end (SIGTERM, SIGINT, SIGHUP).
  virtual bool Stopped() = 0;
  // Waits; false as soon as it is to end.
  virtual bool Sleep(std::chrono::milliseconds time) = 0;
};

}  // namespace tegodrop
