#include "daemon/cli/portal/table.h"

#include <utf8proc.h>

#include <algorithm>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 8;  // of a column that wraps

struct Character {
  std::string_view bytes;
  std::size_t width = 1;
};

// The first of a text that is not empty.
Character FirstOf(std::string_view text) {
  utf8proc_int32_t code = 0;
  const utf8proc_ssize_t length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                                   static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (length <= 0) return {text.substr(0, 1), 1};
  return {text.substr(0, static_cast<std::size_t>(length)), static_cast<std::size_t>(utf8proc_charwidth(code))};
}

// As much of the text as fits, at least one character; marks stay with what they stand on.
std::string_view Fitting(std::string_view text, std::size_t width) {
  std::size_t used = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const Character next = FirstOf(text.substr(at));
    if (used + next.width > width && at > 0) break;
    used += next.width;
    at += next.bytes.size();
  }
  return text.substr(0, at);
}

// At spaces where there are some in the second half of a line.
std::vector<std::string_view> Wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string_view> lines;
  do {
    std::string_view line = Fitting(text, width);
    std::size_t skip = line.size();
    if (line.size() < text.size()) {
      const std::size_t space = line.rfind(' ');
      if (space != std::string_view::npos && space > line.size() / 2) {
        line = line.substr(0, space);
        skip = space + 1;
      }
    }
    lines.push_back(line);
    text.remove_prefix(skip);
  } while (!text.empty());
  return lines;
}

std::size_t Sum(const std::vector<std::size_t>& widths) {
  std::size_t all = widths.empty() ? 0 : kGap * (widths.size() - 1);
  for (const std::size_t one : widths) all += one;
  return all;
}

// Takes columns from those that wrap so, always from the widest, until all fits.
void Narrow(const std::vector<TableColumn>& columns, Wraps which, std::vector<std::size_t>& widths, std::size_t width) {
  while (Sum(widths) > width) {
    std::size_t widest = columns.size();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const bool may = columns[i].wraps == which && widths[i] > std::max(kNarrowest, DisplayWidth(columns[i].name));
      if (may && (widest == columns.size() || widths[i] > widths[widest])) widest = i;
    }
    if (widest == columns.size()) return;
    --widths[widest];
  }
}

void AddLine(std::string& text, const std::vector<std::string_view>& cells, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    line += cells[i];
    const std::size_t used = DisplayWidth(cells[i]);
    if (i + 1 < cells.size()) line.append((widths[i] > used ? widths[i] - used : 0) + kGap, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  text += line + "\n";
}

void AddRow(std::string& text, const std::vector<std::string>& row, const std::vector<std::size_t>& widths) {
  std::vector<std::vector<std::string_view>> wrapped;
  std::size_t height = 1;
  for (std::size_t i = 0; i < row.size(); ++i) {
    wrapped.push_back(Wrapped(row[i], widths[i]));
    height = std::max(height, wrapped.back().size());
  }
  for (std::size_t line = 0; line < height; ++line) {
    std::vector<std::string_view> cells;
    for (const auto& cell : wrapped) cells.push_back(line < cell.size() ? cell[line] : std::string_view());
    AddLine(text, cells, widths);
  }
}

}  // namespace

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Character next = FirstOf(text);
    width += next.width;
    text.remove_prefix(next.bytes.size());
  }
  return width;
}

std::string TableText(const std::vector<TableColumn>& all, const std::vector<std::vector<std::string>>& rows,
                      std::optional<std::size_t> width) {
  const auto left_out = [&](std::size_t i) { return width && all[i].from > *width; };
  std::vector<TableColumn> columns;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!left_out(i)) columns.push_back(all[i]);
  }
  std::vector<std::string> names;
  std::vector<std::size_t> widths;
  for (const TableColumn& column : columns) {
    names.push_back(column.name);
    widths.push_back(DisplayWidth(column.name));
  }
  std::vector<std::vector<std::string>> shown;
  for (const std::vector<std::string>& row : rows) {
    std::vector<std::string>& cells = shown.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (left_out(i)) continue;
      cells.push_back(Printable(row[i]));
      widths[cells.size() - 1] = std::max(widths[cells.size() - 1], DisplayWidth(cells.back()));
    }
  }
  for (const Wraps which : {Wraps::kFirst, Wraps::kLast}) {
    if (width) Narrow(columns, which, widths, *width);
  }
  std::string text;
  AddRow(text, names, widths);
  for (const std::vector<std::string>& row : shown) AddRow(text, row, widths);
  return text;
}

}  // namespace tegodrop
