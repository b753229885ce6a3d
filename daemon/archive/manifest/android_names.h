// The attributes of <manifest> that say which app it is, by name and by the id that Android's resources give them.
#pragma once

#include <cstdint>
#include <string_view>

namespace tegodrop {

constexpr std::string_view kAndroid = "http://schemas.android.com/apk/res/android";
constexpr std::string_view kPackage = "package";
constexpr std::string_view kVersionCode = "versionCode";
constexpr std::string_view kVersionName = "versionName";
constexpr std::uint32_t kVersionCodeId = 0x0101021b;
constexpr std::uint32_t kVersionNameId = 0x0101021c;

}  // namespace tegodrop
