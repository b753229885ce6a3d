// A folder where public tools make keys, certificates and signatures, and say what these are.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace tegodrop::testing {

using Signers = std::vector<std::string>;

class Workshop {
 public:
  Workshop() : folder_(::testing::TempDir() + "/signer.XXXXXX") {
    if (mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("mkdtemp " + folder_);
  }
  ~Workshop() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  // What a shell command in the folder says; throws where it fails.
  std::string Run(const std::string& command) const {
    FILE* pipe = popen(("cd '" + folder_ + "' && { " + command + "\n} 2>&1").c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("popen");
    std::string said;
    char buffer[4096];
    for (std::size_t got = 0; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;) said.append(buffer, got);
    if (pclose(pipe) != 0) throw std::runtime_error(command + ": " + said);
    return said;
  }
  std::string Read(const std::string& name) const {
    std::ifstream file(folder_ + "/" + name, std::ios::binary);
    if (!file) throw std::runtime_error(name + " is not there");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << bytes;
  }

  // NAME.key, NAME.pk8 and the self-signed NAME.pem; gives its SHA-256 as openssl says it. `kind`: as openssl's
  // -newkey.
  std::string MakeKey(const std::string& name, const std::string& kind) const {
    Run("openssl req -x509 -newkey " + kind + " -nodes -keyout " + name + ".key -out " + name +
        ".pem -days 3650 -sha256 -subj '/O=House of tests/CN=" + name + "'");
    Run("openssl pkcs8 -topk8 -nocrypt -in " + name + ".key -outform DER -out " + name + ".pk8");
    return Digests(Run("openssl x509 -noout -fingerprint -sha256 -in " + name + ".pem"), "Fingerprint=").at(0);
  }
  // The same, once for each name: "rsa…" has 2048 bits, anything else is on P-256.
  std::string Key(const std::string& name) {
    std::string& digest = keys_[name];
    if (digest.empty())
      digest = MakeKey(name, name.starts_with("rsa") ? "rsa:2048" : "ec -pkeyopt ec_paramgen_curve:P-256");
    return digest;
  }

  // The CMS of `openssl cms -sign` by these keys, without attributes and so small.
  std::string Cms(const std::vector<std::string>& names, const std::string& options = "-noattr") {
    std::string signers;
    for (const std::string& name : names) {
      Key(name);
      signers += " -signer " + name + ".pem -inkey " + name + ".key";
    }
    Write("content", "what is signed\n");
    Run("openssl cms -sign -binary -in content -outform DER -out cms.der " + options + signers);
    return Read("cms.der");
  }

  // What stands behind `label`, with or without colons, as 64 lowercase digits; each once.
  static Signers Digests(const std::string& said, const std::string& label) {
    Signers all;
    for (std::size_t at = 0; (at = said.find(label, at)) != std::string::npos;) {
      at += label.size();
      std::string digest;
      for (const char c : said.substr(at, said.find('\n', at) - at)) {
        if (c != ':' && c != ' ') digest += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      }
      if (std::find(all.begin(), all.end(), digest) == all.end()) all.push_back(digest);
    }
    return all;
  }

 private:
  std::string folder_;
  std::map<std::string, std::string> keys_;
};

}  // namespace tegodrop::testing
