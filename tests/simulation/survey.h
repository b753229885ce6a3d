// What lies on the simulated machine's disks at one moment.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tegodrop::simulation {

struct SeenFile {
  std::string path;  // below the site
  std::string bytes;
  std::string sha256;
};

// Every regular file below `site`, by path.
std::vector<SeenFile> Survey(const std::string& site);

// The site's folders: drop0, drop1, out0, out1, state; a folder that is away stands under its name with ".away".
inline std::string DropName(std::size_t folder) { return "drop" + std::to_string(folder); }
inline std::string OutputName(std::size_t folder) { return "out" + std::to_string(folder); }
inline constexpr std::string_view kAwaySuffix = ".away";

}  // namespace tegodrop::simulation
