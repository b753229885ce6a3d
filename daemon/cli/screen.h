// A terminal that shows one text again and again, in place.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace tegodrop {

// What is printed into `file()` stands in `text` once this is gone; `text` must outlive it.
class Screen {
 public:
  explicit Screen(std::string& text);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  std::FILE* file() const { return file_; }

 private:
  std::string& text_;
  char* memory_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

// As much of the text as fits: whole lines, each cut at `columns`; where some are left out the last one says how many.
// A character of several bytes counts as one column.
std::string CutToScreen(std::string_view text, std::size_t rows, std::size_t columns);

// Clears the terminal on standard output and shows the text there, cut to its size, with the time and how to end below.
void ShowScreen(const std::string& text);

}  // namespace tegodrop
