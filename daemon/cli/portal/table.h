// Rows in columns for people. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tegodrop {

// Where the table is too wide, a cell's text goes on in further lines of its row. Nothing is cut: a name that is to be
// given to the next command must be there whole.
enum class Wraps : std::uint8_t {
  kNever,
  kLast,  // where it does not fit even so: ids, which are copied
  kFirst,
};

struct TableColumn {
  std::string name;
  Wraps wraps = Wraps::kNever;
  std::size_t from = 0;  // left out on a terminal that is narrower; the document has it
};

// Lines of a terminal `width` columns wide, or as long as they are (nullopt: what is no terminal). Every row has a cell
// for each column; cells are made printable, and wide characters count as two. A table that is too wide even so keeps
// its columns.
std::string TableText(const std::vector<TableColumn>& columns, const std::vector<std::vector<std::string>>& rows,
                      std::optional<std::size_t> width);

// How many columns a terminal needs for the text.
std::size_t DisplayWidth(std::string_view text);

}  // namespace tegodrop
