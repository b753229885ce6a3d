#include "daemon/cli/portal/person.h"

#include <openssl/crypto.h>
#include <openssl/ui.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr char kTerminal[] = "/dev/tty";
constexpr std::size_t kLongestPassword = 1024;

struct Closes {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Closes>;

File OpenTerminal() { return File(std::fopen(kTerminal, "r+e")); }

}  // namespace

bool TerminalPerson::there() const { return OpenTerminal() != nullptr; }

bool TerminalPerson::Agrees(const std::string& question) {
  const File terminal = OpenTerminal();
  if (!terminal) return false;
  std::fprintf(terminal.get(), "%s [yes/no] ", Printable(question).c_str());
  std::fflush(terminal.get());
  std::array<char, 64> answer{};
  if (std::fgets(answer.data(), answer.size(), terminal.get()) == nullptr) return false;
  return ToLowerAscii(Trim(answer.data())) == "yes";
}

// OpenSSL's: it takes care of the terminal's echo over signals.
Result<Secret> TerminalPerson::Password(const std::string& prompt) {
  std::string typed(kLongestPassword, '\0');
  std::string spare(kLongestPassword, '\0');
  const int failed = UI_UTIL_read_pw(typed.data(), spare.data(), static_cast<int>(typed.size()) - 1,
                                     Printable(prompt).c_str(), /*verify=*/0);
  Secret password(failed == 0 ? std::string(typed.c_str()) : std::string());
  OPENSSL_cleanse(typed.data(), typed.size());
  OPENSSL_cleanse(spare.data(), spare.size());
  if (password.empty()) return Fail(ErrorKind::kCancelled, "no password was given");
  return password;
}

std::optional<std::size_t> OutputWidth() {
  winsize size{};
  if (isatty(STDOUT_FILENO) != 1 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return std::nullopt;
  if (size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

}  // namespace tegodrop
