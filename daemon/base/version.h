// The program's version, as `--version`, traces and the User-Agent say it.
#pragma once

namespace tegodrop {

inline constexpr char kToolName[] = "tegodrop";
inline constexpr char kVersion[] = "0.1.0";

}  // namespace tegodrop
