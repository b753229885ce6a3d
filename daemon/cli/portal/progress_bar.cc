#include "daemon/cli/portal/progress_bar.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include "daemon/base/text.h"
#include "daemon/base/units.h"
#include "daemon/cli/portal/table.h"

namespace tegodrop {
namespace {

constexpr std::size_t kBar = 20;
constexpr std::size_t kLeastName = 12;
constexpr MonoMs kSteady = 1000;  // before that a rate is only noise

std::string Cut(std::string text, std::size_t width) {
  if (DisplayWidth(text) <= width) return text;
  while (!text.empty() && DisplayWidth(text) >= width) {
    do {
      text.pop_back();
    } while (!text.empty() && !IsUtf8(text));
  }
  return text + "…";
}

std::size_t TerminalWidth() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

std::string ProgressLine(const std::string& name, std::uint64_t first, std::uint64_t received, std::uint64_t total,
                         MonoMs took, std::size_t width) {
  std::string about = HumanSize(received);
  if (total > 0) {
    const std::size_t done = std::min<std::size_t>(kBar, static_cast<std::size_t>(kBar * received / total));
    about = "[" + std::string(done, '#') + std::string(kBar - done, ' ') + "]  " +
            std::to_string(std::min<std::uint64_t>(100, 100 * received / total)) + " %  " + about + " of " +
            HumanSize(total);
  }
  if (took >= kSteady && received > first) {
    const std::uint64_t rate = (received - first) * 1000 / static_cast<std::uint64_t>(took);
    about += "  " + HumanSize(rate) + "/s";
    if (total > received && rate > 0) {
      about += "  " + HumanDuration(std::chrono::seconds((total - received) / rate)) + " left";
    }
  }
  const std::size_t used = DisplayWidth(about) + 2;
  const std::size_t room = width > used + kLeastName ? width - used : kLeastName;
  return Cut(Cut(Printable(name), room) + "  " + about, width);
}

ProgressBar::ProgressBar(std::string name, const Clock& clock)
    : name_(std::move(name)), clock_(clock), shown_(isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (begun_) std::fputc('\n', stderr);
}

void ProgressBar::Show(std::uint64_t received, std::uint64_t total) {
  if (!shown_) return;
  if (!std::exchange(begun_, true)) {
    since_ = clock_.Mono();
    first_ = received;
  }
  // One column less: a terminal that is full wraps.
  const std::string line = ProgressLine(name_, first_, received, total, clock_.Mono() - since_, TerminalWidth() - 1);
  std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
  std::fflush(stderr);
}

}  // namespace tegodrop
