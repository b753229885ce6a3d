// Reads a catalog whose entries are named by events, writes the one that the journal wants: with their message ids.
#include <iostream>
#include <string>

#include "daemon/base/journal_log.h"

int main() {
  constexpr char kEntry[] = "-- ";
  for (std::string line; std::getline(std::cin, line);) {
    if (line.starts_with(kEntry)) line = kEntry + tegodrop::MessageId(line.substr(sizeof kEntry - 1));
    std::cout << line << '\n';
  }
  return 0;
}
