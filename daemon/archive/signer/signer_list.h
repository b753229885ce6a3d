// The signers that were found, each once.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace tegodrop {

// Of one signature: Android takes ten, others are by one.
constexpr int kMostSigners = 100;

inline void AddOnce(std::string signer, std::vector<std::string>* signers) {
  if (std::find(signers->begin(), signers->end(), signer) == signers->end()) signers->push_back(std::move(signer));
}

}  // namespace tegodrop
