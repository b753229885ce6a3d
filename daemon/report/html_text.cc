#include "daemon/report/html_text.h"

#include <vector>

#include "daemon/base/text.h"

namespace tegodrop {

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : Printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string Shortened(std::string_view text, std::size_t most) {
  const std::string safe = Printable(text);
  std::vector<std::size_t> begins;  // of each character
  for (std::size_t i = 0; i < safe.size(); ++i) {
    if ((static_cast<unsigned char>(safe[i]) & 0xC0U) != 0x80U) begins.push_back(i);
  }
  if (begins.size() <= most) return safe;
  // The end of a name tells more than its middle.
  const std::size_t tail = most / 2;
  return safe.substr(0, begins[most - tail - 1]) + "…" + safe.substr(begins[begins.size() - tail]);
}

}  // namespace tegodrop
