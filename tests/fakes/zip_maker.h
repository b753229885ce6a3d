// Artifacts made in memory for tests: real ZIP files by libzip, the same bytes for the same arguments.
#pragma once

#include <zip.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tegodrop::testing {

struct ZipEntry {
  std::string name;  // with a slash at its end: a folder
  std::string content;
  bool deflated = true;
};

// `size` bytes that no compressor makes smaller.
inline std::string RandomBytes(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(engine());
  return bytes;
}

// A ZIP of these entries, in this order. Throws std::runtime_error where libzip will not.
inline std::string MakeZip(const std::vector<ZipEntry>& entries, const std::string& comment = "") {
  const auto check = [](bool fine) {
    if (!fine) throw std::runtime_error("libzip cannot make the ZIP");
  };
  zip_source_t* out = zip_source_buffer_create(nullptr, 0, 0, nullptr);
  check(out != nullptr);
  zip_source_keep(out);
  zip_t* zip = zip_open_from_source(out, ZIP_TRUNCATE, nullptr);
  check(zip != nullptr);
  for (const ZipEntry& entry : entries) {
    zip_int64_t index = -1;
    if (entry.name.ends_with('/')) {
      index = zip_dir_add(zip, entry.name.c_str(), 0);
    } else {
      zip_source_t* content = zip_source_buffer(zip, entry.content.data(), entry.content.size(), 0);
      index = zip_file_add(zip, entry.name.c_str(), content, 0);
    }
    check(index >= 0);
    const auto at = static_cast<zip_uint64_t>(index);
    check(zip_set_file_compression(zip, at, entry.deflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0) == 0);
    // 2020-01-01T00:00:00, so that the bytes do not depend on the day.
    check(zip_file_set_dostime(zip, at, 0, (40U << 9U) | (1U << 5U) | 1U, 0) == 0);
  }
  if (!comment.empty()) {
    check(zip_set_archive_comment(zip, comment.data(), static_cast<zip_uint16_t>(comment.size())) == 0);
  }
  check(zip_close(zip) == 0);
  check(zip_source_open(out) == 0);
  std::string bytes;
  char buffer[16 * 1024];
  for (zip_int64_t got = 0; (got = zip_source_read(out, buffer, sizeof buffer)) > 0;) {
    bytes.append(buffer, static_cast<std::size_t>(got));
  }
  zip_source_close(out);
  zip_source_free(out);
  return bytes;
}

// The smallest things that are an APK, an App Bundle and an IPA to this program, with deflated and stored entries;
// about 1 KiB and `padding` more. Different seeds give different bytes of the same size.
inline std::string MakeApk(std::size_t padding = 0, std::uint64_t seed = 1) {
  return MakeZip({
      {"AndroidManifest.xml", "manifest of a test " + std::string(300, 'm'), true},
      {"classes.dex", "dex\n035" + RandomBytes(padding, seed), true},
      {"resources.arsc", RandomBytes(64, seed + 1), false},
      {"res/layout/main.xml", std::string(200, 'x'), true},
  });
}

inline std::string MakeAab(std::size_t padding = 0, std::uint64_t seed = 1) {
  return MakeZip({
      {"BundleConfig.pb", RandomBytes(32, seed + 1), true},
      {"base/manifest/AndroidManifest.xml", "manifest of a test " + std::string(300, 'm'), true},
      {"base/dex/classes.dex", "dex\n035" + RandomBytes(padding, seed), true},
      {"base/assets/logo.png", RandomBytes(64, seed + 2), false},
  });
}

inline std::string MakeIpa(std::size_t padding = 0, std::uint64_t seed = 1) {
  return MakeZip({
      {"Payload/", "", false},
      {"Payload/Test.app/", "", false},
      {"Payload/Test.app/Info.plist", "plist of a test " + std::string(300, 'p'), true},
      {"Payload/Test.app/Test", RandomBytes(padding, seed), true},
      {"Payload/Test.app/Icon.png", RandomBytes(64, seed + 1), false},
  });
}

}  // namespace tegodrop::testing
