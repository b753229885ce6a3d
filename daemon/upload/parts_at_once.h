// How many parts at once the line is worth, by what it carries: a line that one connection fills carries no more by
// four, and each further one costs processor time and memory at both ends. Pure.
//
// It begins with the most, tries fewer while they carry as much, and tries more again now and then.
#pragma once

#include <cstdint>

#include "daemon/base/clock.h"

namespace tegodrop {

class PartsAtOnce {
 public:
  // Two, where so many may be: while one waits for its answer the other sends.
  static constexpr int kLeast = 2;

  // `most`: at least 1.
  explicit PartsAtOnce(int most) : most_(most), now_(most) {}

  int now() const { return now_; }
  // A part was confirmed. `sent`: bytes of the upload that have left by now, with those of parts that are on their way;
  // never less than before.
  void Succeeded(std::uint64_t sent, MonoMs at);
  // What follows cannot be compared with what was: something failed, or waited.
  void Disturbed();

 private:
  void Judge(double rate);
  void Try(int direction);
  void Rest();
  int least() const { return most_ < kLeast ? most_ : kLeast; }

  const int most_;
  int now_;
  int tried_from_ = 0;  // a trial is under way, and this is what it began with; 0: none is
  int direction_ = -1;  // of the next trial
  double best_ = 0;     // bytes a millisecond; 0: not measured
  int resting_ = 0;     // parts until the next trial
  int parts_ = 0;       // since the window began
  bool begun_ = false;  // whether there is a window
  std::uint64_t sent_ = 0;
  MonoMs since_ = 0;
};

}  // namespace tegodrop
