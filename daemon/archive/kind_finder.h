// What makes a ZIP an artifact of its kind.
#pragma once

#include <cstdint>
#include <string_view>

#include "daemon/base/result.h"
#include "daemon/model/artifact.h"

namespace tegodrop {

// Whether the entries seen make an artifact of the kind.
class KindFinder {
 public:
  explicit KindFinder(ArtifactKind kind) : kind_(kind) {}
  void See(std::string_view name, std::uint64_t size);
  // kRejected, with what is missing or too many.
  Status Judge() const;

 private:
  ArtifactKind kind_;
  int found_ = 0;
  bool empty_ = false;
};

}  // namespace tegodrop
