// The targets of many jobs, each held once: ten thousand jobs of a folder have the same. Pure.
#pragma once

#include <cstddef>
#include <set>

#include "daemon/base/shared.h"
#include "daemon/model/job.h"

namespace tegodrop {

class Targets {
 public:
  // An equal one that others hold too, where there is one. What nobody else holds any longer is forgotten by and by.
  Shared<Target> Of(Shared<Target> target);
  std::size_t size() const { return known_.size(); }

 private:
  struct ByValue {
    bool operator()(const Shared<Target>& a, const Shared<Target>& b) const { return *a < *b; }
  };

  std::set<Shared<Target>, ByValue> known_;
  std::size_t look_through_at_ = 0;
};

}  // namespace tegodrop
