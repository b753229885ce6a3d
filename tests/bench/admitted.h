// What intake knows of an artifact, in a file: so that the bench can measure an upload apart from it.
#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "daemon/base/fingerprint.h"

namespace tegodrop::bench {

inline void WriteAdmitted(std::ostream& out, const std::string& sha256, const Fingerprint& print) {
  const std::uint64_t blocks = print.tags.size();
  out.write(sha256.data(), 64);
  out.write(reinterpret_cast<const char*>(print.key.data()), sizeof print.key);
  out.write(reinterpret_cast<const char*>(&print.size), sizeof print.size);
  out.write(reinterpret_cast<const char*>(&blocks), sizeof blocks);
  out.write(reinterpret_cast<const char*>(print.tags.data()),
            static_cast<std::streamsize>(blocks * sizeof(Fingerprint::Tag)));
}

inline std::pair<std::string, std::shared_ptr<const Fingerprint>> ReadAdmitted(std::istream& in) {
  std::string sha256(64, '0');
  const auto print = std::make_shared<Fingerprint>();
  std::uint64_t blocks = 0;
  in.read(sha256.data(), 64);
  in.read(reinterpret_cast<char*>(print->key.data()), sizeof print->key);
  in.read(reinterpret_cast<char*>(&print->size), sizeof print->size);
  in.read(reinterpret_cast<char*>(&blocks), sizeof blocks);
  print->tags.resize(static_cast<std::size_t>(blocks));
  in.read(reinterpret_cast<char*>(print->tags.data()), static_cast<std::streamsize>(blocks * sizeof(Fingerprint::Tag)));
  return {sha256, print};
}

}  // namespace tegodrop::bench
