// Manifests made by the platforms' own tools, and what these say of them.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "daemon/model/identity.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/zip_maker.h"

namespace tegodrop::testing {

inline constexpr const char* kFramework = "/usr/share/android-framework-res/framework-res.apk";

// What a shell command prints. Throws where it fails.
inline std::string Output(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "re");
  if (pipe == nullptr) throw std::runtime_error("popen");
  std::string output;
  char block[4096];
  for (std::size_t got = 0; (got = fread(block, 1, sizeof block, pipe)) > 0;) output.append(block, got);
  if (pclose(pipe) != 0) throw std::runtime_error(command + " failed");
  return output;
}

inline std::string FileContent(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A source manifest, and the string resource "version" (9.9) beside it.
struct AndroidApp {
  std::string package = "com.example.demo";
  std::string version_code = "7";  // as XML
  std::string version_name = "1.2.3";
  std::string more = {};  // further attributes
};

// aapt2's work on an app.
class LinkedApp {
 public:
  explicit LinkedApp(const AndroidApp& app) {
    folder_.Write("AndroidManifest.xml",
                  "<manifest xmlns:android='http://schemas.android.com/apk/res/android' package='" + app.package +
                      "' android:versionCode='" + app.version_code + "' android:versionName='" + app.version_name +
                      "' " + app.more + "><application android:label='Demo'/></manifest>",
                  0644);
    std::filesystem::create_directories(folder_.Path("res/values"));
    folder_.Write("res/values/strings.xml", "<resources><string name='version'>9.9</string></resources>", 0644);
    Output("aapt2 compile -o " + folder_.path() + " " + folder_.Path("res/values/strings.xml"));
    Link("app.apk", "");
    Link("proto.zip", "--proto-format");
  }

  std::string binary() const { return Output("unzip -p " + folder_.Path("app.apk") + " AndroidManifest.xml"); }
  std::string proto() const { return Output("unzip -p " + folder_.Path("proto.zip") + " AndroidManifest.xml"); }
  // As bundletool does for an app that is there as an APK only.
  std::string converted() const {
    Output("aapt2 convert --output-format proto -o " + folder_.Path("converted.zip") + " " + folder_.Path("app.apk"));
    return Output("unzip -p " + folder_.Path("converted.zip") + " AndroidManifest.xml");
  }
  std::string path() const { return folder_.Path("app.apk"); }

 private:
  void Link(const std::string& to, const std::string& options) const {
    Output("aapt2 link " + options + " -o " + folder_.Path(to) + " -I " + kFramework + " --manifest " +
           folder_.Path("AndroidManifest.xml") + " " + folder_.Path("values_strings.arsc.flat"));
  }

  ScratchFolder folder_;
};

// What `aapt2 dump badging` says of an APK; it follows references.
inline AppIdentity Badging(const std::string& path) {
  const std::string said = Output("aapt2 dump badging " + path + " 2>/dev/null");
  const auto value = [&said](const std::string& name) {
    const std::string before = " " + name + "='";
    const std::size_t begin = said.find(before);
    if (begin == std::string::npos) throw std::runtime_error("aapt2 says nothing of " + name);
    const std::size_t from = begin + before.size();
    return said.substr(from, said.find('\'', from) - from);
  };
  return {value("name"), value("versionName"), value("versionCode")};
}

// The same of a manifest alone.
inline AppIdentity BadgingOfManifest(const std::string& manifest) {
  const ScratchFolder folder;
  return Badging(folder.Write("app.apk", MakeZip({{"AndroidManifest.xml", manifest}}), 0644));
}

// An XML property list as a binary one.
inline std::string AsBinaryPlist(const std::string& xml) {
  const ScratchFolder folder;
  Output("plistutil -i " + folder.Write("in.plist", xml, 0644) + " -o " + folder.Path("out.plist") + " -f bin");
  return FileContent(folder.Path("out.plist"));
}

}  // namespace tegodrop::testing
