// A credential or a signed URL in memory: wiped when it goes, without any operator that could print, compare or log it
// by accident.
#pragma once

#include <string>
#include <string_view>

namespace tegodrop {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret& other);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  // The plain value. Every use of it is a place to review: it goes to the one host that it is meant for and nowhere
  // else.
  std::string_view Reveal() const { return value_; }
  // The same with a terminating zero, for C libraries; valid as long as this object.
  const char* RevealCString() const { return value_.c_str(); }
  bool empty() const { return value_.empty(); }

 private:
  void Wipe();
  std::string value_;
};

}  // namespace tegodrop
