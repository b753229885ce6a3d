#include "config/token.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>

#include "config/checks.h"
#include "config/file.h"
#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr std::size_t kLargestToken = 4095;
constexpr char kVariable[] = "APPTEGO_TOKEN";

struct Form {
  std::string_view what;  // "KEY:SECRET"
  bool spaces;            // spaces and UTF-8 too
  // What is wrong with the line, without any of it.
  std::string (*fault)(std::string_view line);
  std::string_view reader = "the daemon's user, with the package: chown tegodrop";  // whose file it is to be
};

std::string PairFault(std::string_view line, const char* first, const char* second) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return "holds no ':'";
  if (colon == 0) return std::string("has an empty ") + first;
  if (colon + 1 == line.size()) return std::string("has an empty ") + second;
  return "";
}

constexpr Form kToken{"KEY:SECRET", false, [](std::string_view line) { return PairFault(line, "key", "secret"); }};
constexpr Form kProxyToken{"USER:PASSWORD", true,
                           [](std::string_view line) { return PairFault(line, "user", "password"); }};
constexpr Form kWebhook{"https://HOST/PATH", false, [](std::string_view line) {
                          std::string url(line);
                          std::string fault = CheckWebhookUrl(url);
                          explicit_bzero(url.data(), url.size());
                          return fault;
                        }};
constexpr Form kPassword{"PASSWORD", true, [](std::string_view) { return std::string(); },
                         "who runs this command: chown $USER"};

// Wipes a string when it goes.
struct Wiper {
  std::string& text;
  ~Wiper() { explicit_bzero(text.data(), text.size()); }
};

// What is wrong with the value, without any of it; `value` loses its BOM and line ends.
std::string FormFault(std::string_view& value, const Form& form) {
  if (value.size() > kLargestToken) return "is longer than 4 KiB";
  if (value.starts_with("\xEF\xBB\xBF")) value.remove_prefix(3);
  while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) value.remove_suffix(1);
  while (!value.empty() && (value.front() == '\n' || value.front() == '\r')) value.remove_prefix(1);
  if (value.empty()) return "is empty";
  if (value.find_first_of("\r\n") != std::string_view::npos) return "has a second line";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == ' ' && !form.spaces) return "holds a space";
    if (byte < 0x20 || byte == 0x7F || (byte > 0x7F && !form.spaces)) {
      return "holds a character that is not printable ASCII";
    }
  }
  return form.fault(value);
}

// `source`: how an error calls the place, e.g. "the token file /etc/tegodrop/token".
Result<Secret> Accept(std::string_view value, const std::string& source, const Form& form) {
  const std::string wrong = FormFault(value, form);
  if (!wrong.empty()) {
    return Fail(ErrorKind::kCorrupt,
                source + " " + wrong + "; it must hold exactly one line " + std::string(form.what));
  }
  return Secret(std::string(value));
}

// `forbidden`: permission bits that refuse the file.
Result<Secret> FromFile(const std::string& path, const std::string& what, mode_t forbidden, const Form& form) {
  OpenedFile file = OpenSmallFile(path, kLargestToken);
  const Wiper wiper{file.content};
  if (!file.error.empty()) {
    std::string remedy;
    if (file.missing)
      remedy = "; put one line " + std::string(form.what) + " into it and run: chmod 600 " + Printable(path);
    if (file.denied) remedy = "; give it to " + std::string(form.reader) + " " + Printable(path);
    return Fail(ErrorKind::kLocalDisk, what + ": " + file.error + remedy);
  }
  const std::string source = what + " " + Printable(path);
  if ((file.attributes.st_mode & forbidden) != 0) {
    return Fail(ErrorKind::kRejected,
                source + " may be read or written by its group or others; run: chmod 600 " + Printable(path));
  }
  return Accept(file.content, source, form);
}

}  // namespace

Result<Secret> LoadToken(const PortalSettings& portal, const char* credentials_directory, Secret environment_token) {
  if (portal.token_file) return FromFile(*portal.token_file, "the token file", 077, kToken);
  if (credentials_directory != nullptr && *credentials_directory != '\0') {
    const std::string path = std::string(credentials_directory) + "/apptego-token";
    struct stat attributes = {};
    // Anything but "not there" must be said: falling back would use another token than the administrator meant.
    if (stat(path.c_str(), &attributes) == 0 || errno != ENOENT) {
      auto token = FromFile(path, "the systemd credential", 027, kToken);
      if (token) return token;
      return Fail(token.error().kind, token.error().message +
                                          "; systemd took it from the file that LoadCredential= of the unit names, as "
                                          "packaged /etc/tegodrop/token, and takes it anew at the next start");
    }
  }
  if (!environment_token.empty()) return Accept(environment_token.Reveal(), "$APPTEGO_TOKEN", kToken);
  return Fail(ErrorKind::kRejected,
              "no token: set portal.token_file to a file with one line KEY:SECRET, or give the service the systemd "
              "credential apptego-token (LoadCredential=apptego-token:FILE), or set $APPTEGO_TOKEN to KEY:SECRET");
}

Result<Secret> LoadProxyToken(const PortalSettings& portal) {
  if (!portal.proxy_token_file) return Secret();
  return FromFile(*portal.proxy_token_file, "the proxy's token file", 077, kProxyToken);
}

Result<Secret> LoadPassword(const std::string& path) { return FromFile(path, "the password file", 077, kPassword); }

Result<Secret> LoadWebhook(const NotifySettings& notify) {
  if (!notify.webhook_file) return Secret();
  return FromFile(*notify.webhook_file, "the webhook's file", 077, kWebhook);
}

Secret TakeEnvironmentToken() {
  char* value = std::getenv(kVariable);
  if (value == nullptr) return {};
  Secret token{std::string(value)};
  explicit_bzero(value, std::strlen(value));
  unsetenv(kVariable);
  return token;
}

}  // namespace tegodrop
