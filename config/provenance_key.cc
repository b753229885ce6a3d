#include "config/provenance_key.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "config/file.h"
#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr std::size_t kLargestKey = 16UL * 1024;

Result<std::optional<ProvenanceKeyText>> FromFile(const std::string& path, const std::string& what, mode_t forbidden) {
  OpenedFile file = OpenSmallFile(path, kLargestKey);
  Secret pem(std::move(file.content));
  if (!file.error.empty()) {
    std::string remedy;
    if (file.missing) remedy = "; make one: openssl genpkey -algorithm ed25519 -out " + Printable(path);
    if (file.denied) remedy = "; give it to the daemon's user, with the package: chown tegodrop " + Printable(path);
    return Fail(ErrorKind::kLocalDisk, what + ": " + file.error + remedy);
  }
  std::string source = what + " " + Printable(path);
  if ((file.attributes.st_mode & forbidden) != 0) {
    return Fail(ErrorKind::kRejected,
                source + " may be read or written by its group or others; run: chmod 600 " + Printable(path));
  }
  return std::optional(ProvenanceKeyText{std::move(pem), std::move(source)});
}

}  // namespace

bool SignsProvenance(const Settings& settings) {
  return std::any_of(settings.folders.begin(), settings.folders.end(),
                     [](const FolderSettings& folder) { return folder.provenance == ProvenanceForm::kSigned; });
}

Result<std::optional<ProvenanceKeyText>> LoadProvenanceKey(const Settings& settings,
                                                           const char* credentials_directory) {
  if (settings.provenance_key_file) return FromFile(*settings.provenance_key_file, "the provenance key", 077);
  if (credentials_directory != nullptr && *credentials_directory != '\0') {
    const std::string path = std::string(credentials_directory) + "/provenance-key";
    struct stat attributes = {};
    // Anything but "not there" must be said.
    if (stat(path.c_str(), &attributes) == 0 || errno != ENOENT) return FromFile(path, "the systemd credential", 027);
  }
  if (!SignsProvenance(settings)) return std::nullopt;
  return Fail(ErrorKind::kRejected,
              "no provenance key, and 'provenance: signed' needs one: set provenance_key_file to a PEM file with an "
              "Ed25519 or ECDSA private key, or give the service the systemd credential provenance-key "
              "(LoadCredential=provenance-key:FILE)");
}

}  // namespace tegodrop
