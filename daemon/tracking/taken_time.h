// How long builds of one kind take, as a curve: what is known of the end of one that still runs. Pure.
//
// Most follow a lognormal: the time is a product of many things, and what varies is a share of it. Some are of another
// kind (stuck, refused at once, a far larger artifact): these strays follow a tail that only falls as 1 / time. It
// keeps the curve honest where the lognormal would promise an end "any moment now" for hours.
#pragma once

namespace tegodrop {

class TakenTime {
 public:
  // `median` in seconds, above 0; `sigma` of its logarithm, above 0; `strays`: their share, above 0 and below 1.
  TakenTime(double median, double sigma, double strays);

  double median() const { return median_; }
  double sigma() const { return sigma_; }
  double strays() const { return strays_; }

  // The chance that a build takes longer than `seconds`; above 0 for every time.
  double Survival(double seconds) const;
  // Of a build that was seen running at the age `seen`: how long it is expected to have lain finished when it is looked
  // at `later` seconds after that. 0 for 0, never more than `later`, and it grows with it.
  double ExpectedWait(double seen, double later) const;

 private:
  // The integral of Survival from 0 to `seconds`.
  double RunningUntil(double seconds) const;

  double median_;
  double sigma_;
  double strays_;
};

}  // namespace tegodrop
