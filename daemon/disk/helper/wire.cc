#include "daemon/disk/helper/wire.h"

#include <cstring>

namespace tegodrop {

FrameWriter& FrameWriter::Number(std::uint64_t value) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  bytes_.append(raw, sizeof raw);
  return *this;
}

FrameWriter& FrameWriter::Text(std::string_view text) {
  Number(text.size());
  bytes_.append(text);
  return *this;
}

std::uint64_t FrameReader::Number() {
  std::uint64_t value = 0;
  if (bytes_.size() - at_ < sizeof value) {
    ok_ = false;
    at_ = bytes_.size();
    return 0;
  }
  std::memcpy(&value, bytes_.data() + at_, sizeof value);
  at_ += sizeof value;
  return value;
}

std::string_view FrameReader::Text() {
  const std::uint64_t size = Number();
  if (size > bytes_.size() - at_) {
    ok_ = false;
    at_ = bytes_.size();
    return {};
  }
  const std::string_view text(bytes_.data() + at_, static_cast<std::size_t>(size));
  at_ += static_cast<std::size_t>(size);
  return text;
}

void WriteStat(FrameWriter& to, const FileStat& stat) {
  to.Number(stat.dev).Number(stat.ino).Number(stat.size);
  to.Number(static_cast<std::uint64_t>(stat.mtime_ns)).Number(static_cast<std::uint64_t>(stat.ctime_ns));
  to.Number(stat.mode).Number(stat.uid).Number(stat.gid).Number(stat.links);
}

FileStat ReadStat(FrameReader& from) {
  FileStat stat;
  stat.dev = from.Number();
  stat.ino = from.Number();
  stat.size = from.Number();
  stat.mtime_ns = static_cast<std::int64_t>(from.Number());
  stat.ctime_ns = static_cast<std::int64_t>(from.Number());
  stat.mode = static_cast<mode_t>(from.Number());
  stat.uid = static_cast<uid_t>(from.Number());
  stat.gid = static_cast<gid_t>(from.Number());
  stat.links = from.Number();
  return stat;
}

FrameWriter Worked() {
  FrameWriter answer;
  answer.Number(1);
  return answer;
}

std::string Failed(const Error& error) {
  FrameWriter answer;
  answer.Number(0).Number(static_cast<std::uint64_t>(error.kind)).Number(static_cast<std::uint64_t>(error.sys));
  answer.Text(std::string_view(error.message).substr(0, kFrameContent));
  return answer.Take();
}

Result<FrameReader> ReadAnswer(std::string frame) {
  FrameReader answer(std::move(frame));
  const bool worked = answer.Number() == 1;
  if (worked && answer.ok()) return answer;
  Error error;
  const std::uint64_t kind = answer.Number();
  error.kind = kind <= static_cast<std::uint64_t>(ErrorKind::kBug) ? static_cast<ErrorKind>(kind) : ErrorKind::kBug;
  error.sys = answer.Int();
  error.message = answer.String();
  if (!answer.ok()) return Fail(ErrorKind::kBug, "the helper process gave an answer that is none");
  return Fail(std::move(error));
}

}  // namespace tegodrop
