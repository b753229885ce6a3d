// Every field of a Job, found by taking the structs apart: a new field does not compile until it is named here, and is
// then filled and compared with the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "daemon/model/job.h"

namespace tegodrop::testing {

// fn(field of a, field of b) for each field.
template <typename T, typename Fn>
void EachField(T& a, T& b, Fn fn) {
  using Plain = std::remove_const_t<T>;
  const auto each = [&](auto&&... pairs) { (fn(pairs.first, pairs.second), ...); };
  const auto pair = [](auto& x, auto& y) { return std::pair<decltype(x), decltype(y)>(x, y); };
  if constexpr (std::is_same_v<Plain, Job>) {
    auto& [a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23,
           a24, a25, a26, a27, a28] = a;
    auto& [b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, b14, b15, b16, b17, b18, b19, b20, b21, b22, b23,
           b24, b25, b26, b27, b28] = b;
    each(pair(a1, b1), pair(a2, b2), pair(a3, b3), pair(a4, b4), pair(a5, b5), pair(a6, b6), pair(a7, b7), pair(a8, b8),
         pair(a9, b9), pair(a10, b10), pair(a11, b11), pair(a12, b12), pair(a13, b13), pair(a14, b14), pair(a15, b15),
         pair(a16, b16), pair(a17, b17), pair(a18, b18), pair(a19, b19), pair(a20, b20), pair(a21, b21), pair(a22, b22),
         pair(a23, b23), pair(a24, b24), pair(a25, b25), pair(a26, b26), pair(a27, b27), pair(a28, b28));
  } else if constexpr (std::is_same_v<Plain, Target>) {
    auto& [a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17] = a;
    auto& [b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, b14, b15, b16, b17] = b;
    each(pair(a1, b1), pair(a2, b2), pair(a3, b3), pair(a4, b4), pair(a5, b5), pair(a6, b6), pair(a7, b7), pair(a8, b8),
         pair(a9, b9), pair(a10, b10), pair(a11, b11), pair(a12, b12), pair(a13, b13), pair(a14, b14), pair(a15, b15),
         pair(a16, b16), pair(a17, b17));
  } else if constexpr (std::is_same_v<Plain, BuildRow>) {
    auto& [a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13] = a;
    auto& [b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13] = b;
    each(pair(a1, b1), pair(a2, b2), pair(a3, b3), pair(a4, b4), pair(a5, b5), pair(a6, b6), pair(a7, b7), pair(a8, b8),
         pair(a9, b9), pair(a10, b10), pair(a11, b11), pair(a12, b12), pair(a13, b13));
  } else if constexpr (std::is_same_v<Plain, SidecarFacts> || std::is_same_v<Plain, Artifact> ||
                       std::is_same_v<Plain, Output>) {
    auto& [a1, a2, a3, a4, a5, a6, a7, a8] = a;
    auto& [b1, b2, b3, b4, b5, b6, b7, b8] = b;
    each(pair(a1, b1), pair(a2, b2), pair(a3, b3), pair(a4, b4), pair(a5, b5), pair(a6, b6), pair(a7, b7),
         pair(a8, b8));
  } else if constexpr (std::is_same_v<Plain, Failure> || std::is_same_v<Plain, MultipartUpload>) {
    auto& [a1, a2, a3, a4, a5, a6] = a;
    auto& [b1, b2, b3, b4, b5, b6] = b;
    each(pair(a1, b1), pair(a2, b2), pair(a3, b3), pair(a4, b4), pair(a5, b5), pair(a6, b6));
  } else if constexpr (std::is_same_v<Plain, Times>) {
    auto& [a1, a2, a3, a4, a5] = a;
    auto& [b1, b2, b3, b4, b5] = b;
    each(pair(a1, b1), pair(a2, b2), pair(a3, b3), pair(a4, b4), pair(a5, b5));
  } else if constexpr (std::is_same_v<Plain, UploadTicket> || std::is_same_v<Plain, Check> ||
                       std::is_same_v<Plain, UploadedPart> || std::is_same_v<Plain, Waiting> ||
                       std::is_same_v<Plain, KeptBytes> || std::is_same_v<Plain, AppIdentity>) {
    auto& [a1, a2, a3] = a;
    auto& [b1, b2, b3] = b;
    each(pair(a1, b1), pair(a2, b2), pair(a3, b3));
  } else if constexpr (std::is_same_v<Plain, CommitFacts>) {
    auto& [a1] = a;
    auto& [b1] = b;
    each(pair(a1, b1));
  } else {
    auto& [a1, a2] = a;
    auto& [b1, b2] = b;
    each(pair(a1, b1), pair(a2, b2));
  }
}

template <typename T>
inline constexpr bool kIsPlain = std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, std::string>;

// Gives every field a value of its own that no blank Job has: a forgotten column, or two that were swapped, show.
class Filler {
 public:
  template <typename T>
  void Fill(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      value = true;
    } else if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(1);
    } else if constexpr (std::is_arithmetic_v<T>) {
      value = static_cast<T>(++count_);
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = "text " + std::to_string(++count_);
    } else {
      EachField(value, value, [this](auto& field, auto&) { this->Fill(field); });
    }
  }
  template <typename T>
  void Fill(std::optional<T>& value) {
    Fill(value.emplace());
  }
  template <typename T>
  void Fill(Shared<T>& value) {
    Fill(value.Edit());
  }
  template <typename T>
  void Fill(std::vector<T>& list) {
    list.resize(2);
    for (T& one : list) Fill(one);
  }

 private:
  int count_ = 1000;
};

inline Job FilledJob() {
  Job job;
  Filler().Fill(job);
  return job;
}

template <typename T>
bool Same(const std::optional<T>& a, const std::optional<T>& b);
template <typename T>
bool Same(const Shared<T>& a, const Shared<T>& b);
template <typename T>
bool Same(const std::vector<T>& a, const std::vector<T>& b);
template <typename T>
bool Same(const T& a, const T& b) {
  if constexpr (kIsPlain<T>) {
    return a == b;
  } else {
    bool same = true;
    EachField(a, b, [&same](const auto& x, const auto& y) { same = same && Same(x, y); });
    return same;
  }
}
template <typename T>
bool Same(const std::optional<T>& a, const std::optional<T>& b) {
  return a.has_value() == b.has_value() && (!a || Same(*a, *b));
}
template <typename T>
bool Same(const Shared<T>& a, const Shared<T>& b) {
  return Same(*a, *b);
}
template <typename T>
bool Same(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!Same(a[i], b[i])) return false;
  }
  return true;
}

}  // namespace tegodrop::testing
