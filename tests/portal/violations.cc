#include "tests/portal/violations.h"

#include <fcntl.h>
#include <unistd.h>

namespace tegodrop::sim {

Violations::~Violations() {
  if (fd_ >= 0) close(fd_);
}

bool Violations::OpenFile(const std::string& path) {
  fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
  return fd_ >= 0;
}

void Violations::Add(int64_t milliseconds, std::string_view rule, std::string_view text) {
  all_.push_back({milliseconds, std::string(rule), std::string(text)});
  if (fd_ < 0) return;
  std::string line = std::string(rule) + ": " + std::string(text) + "\n";
  // A file that cannot be written does not hide the violation: the control API has it.
  [[maybe_unused]] ssize_t written = write(fd_, line.data(), line.size());
}

void Violations::Write(JsonWriter* out) const {
  out->BeginArray();
  for (const Violation& one : all_) {
    out->BeginObject().Key("ms").Integer(one.milliseconds).Key("rule").Text(one.rule);
    out->Key("text").Text(one.text).EndObject();
  }
  out->EndArray();
}

std::string Shown(std::string_view text) {
  constexpr size_t kLongest = 80;
  std::string out;
  for (char c : text.substr(0, kLongest)) out += c >= 0x20 && c < 0x7f ? c : '?';
  if (text.size() > kLongest) out += "...";
  return out;
}

}  // namespace tegodrop::sim
