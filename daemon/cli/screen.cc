#include "daemon/cli/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "daemon/base/clock.h"

namespace tegodrop {
namespace {

// Where the terminal does not tell its size.
constexpr std::size_t kRows = 24;
constexpr std::size_t kColumns = 80;
// To the upper left corner, and away with all below it: without the flicker of clearing first.
constexpr char kHome[] = "\033[H";
constexpr char kRestOfLine[] = "\033[K";
constexpr char kRestOfScreen[] = "\033[J";

bool BeginsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

std::string_view CutLine(std::string_view line, std::size_t columns) {
  std::size_t used = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (BeginsCharacter(line[at]) && used++ == columns) return line.substr(0, at);
  }
  return line;
}

}  // namespace

Screen::Screen(std::string& text) : text_(text), file_(open_memstream(&memory_, &size_)) {}

Screen::~Screen() {
  std::fclose(file_);
  text_.assign(memory_, size_);
  std::free(memory_);
}

std::string CutToScreen(std::string_view text, std::size_t rows, std::size_t columns) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const std::size_t shown = lines.size() <= rows ? lines.size() : std::max<std::size_t>(rows, 1) - 1;
  std::string cut;
  for (std::size_t i = 0; i < shown; ++i) cut += std::string(CutLine(lines[i], columns)) + "\n";
  if (shown < lines.size()) cut += "(" + std::to_string(lines.size() - shown) + " more lines: tegodrop status)\n";
  return cut;
}

void ShowScreen(const std::string& text) {
  winsize size{};
  const bool told = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0;
  const std::size_t rows = told ? size.ws_row : kRows;
  const std::size_t columns = told ? size.ws_col : kColumns;
  std::string shown = kHome;
  for (const char c : CutToScreen(text, rows - 1, columns)) {
    if (c == '\n') shown += kRestOfLine;
    shown += c;
  }
  shown += LocalTimeOfDay(SystemClock().Wall()) + "  Ctrl-C ends" + kRestOfScreen;
  std::fputs(shown.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace tegodrop
