// A value of which many have the same: copies share it until one of them is to be another. Pure.
#pragma once

#include <memory>
#include <utility>

namespace tegodrop {

// Behaves as a T that is read through -> and *, and takes two pointers of memory; T's own is held once by all copies.
// One that was made from nothing is T{}. Copies may be read and dropped on different threads; each single one is its
// owner's alone, as a T would be.
template <typename T>
class Shared {
 public:
  Shared() = default;
  Shared(T value) : value_(std::make_shared<const T>(std::move(value))) {}  // NOLINT(google-explicit-constructor)

  const T& operator*() const { return value_ ? *value_ : Nothing(); }
  const T* operator->() const { return &**this; }

  // This one's own from now on, to be changed before it is next copied.
  T& Edit() {
    auto own = std::make_shared<T>(**this);
    T& changeable = *own;
    value_ = std::move(own);
    return changeable;
  }

  // Whether it is certainly held by this one alone: nobody else can come by it meanwhile.
  bool alone() const { return value_.use_count() <= 1; }

  bool operator==(const Shared& other) const { return value_ == other.value_ || **this == *other; }

 private:
  static const T& Nothing() {
    static const T nothing{};
    return nothing;
  }

  std::shared_ptr<const T> value_;  // null: T{}
};

}  // namespace tegodrop
