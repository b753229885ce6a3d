// What every asynchronous Start(...) returns.
#pragma once

#include <memory>

namespace tegodrop {

// Something under way. Destroying it cancels it, and then its callback never runs. Destroy it on the loop; destroying
// it inside its own callback is allowed. It must not outlive the object that gave it.
class Handle {
 public:
  virtual ~Handle() = default;
};

using HandlePtr = std::unique_ptr<Handle>;

}  // namespace tegodrop
