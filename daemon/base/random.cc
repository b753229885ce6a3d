#include "daemon/base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace tegodrop {

std::uint64_t Random::Below(std::uint64_t bound) {
  if (bound == 0) return 0;
  // Values of the last, incomplete run of `bound` are drawn again, so that every result is equally likely.
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  std::uint64_t value = Next();
  while (value >= limit) value = Next();
  return value % bound;
}

std::uint64_t SystemRandom::Next() {
  std::uint64_t value = 0;
  while (getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) {
    if (errno != EINTR) std::abort();  // the kernel has no randomness: no id would be unique
  }
  return value;
}

std::string NewId(WallMs now, Random& random) {
  constexpr char kDigits[] = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string id(16, '0');
  auto time = static_cast<std::uint64_t>(now);
  for (int i = 8; i >= 0; --i) {
    id[static_cast<std::size_t>(i)] = kDigits[time & 31U];
    time >>= 5U;
  }
  std::uint64_t value = random.Next();
  for (std::size_t i = 9; i < id.size(); ++i) {
    id[i] = kDigits[value & 31U];
    value >>= 5U;
  }
  return id;
}

}  // namespace tegodrop
