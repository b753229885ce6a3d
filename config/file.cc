#include "config/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/base/error.h"
#include "daemon/base/text.h"
#include "daemon/base/units.h"

namespace tegodrop {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

OpenedFile OpenSmallFile(const std::string& path, std::size_t most) {
  OpenedFile file;
  const auto fail = [&](std::string error) {
    file.error = std::move(error);
    return std::move(file);
  };
  const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (fd.get() < 0) {
    file.missing = errno == ENOENT;
    file.denied = errno == EACCES;
    return fail(PosixError("cannot open", path, errno).message);
  }
  if (fstat(fd.get(), &file.attributes) != 0) return fail(PosixError("cannot look at", path, errno).message);
  if (!S_ISREG(file.attributes.st_mode)) return fail(Printable(path) + " is no regular file");
  // One byte more than allowed shows that there is more; the buffer never grows, so that no copy of a secret is left.
  file.content.resize(most + 1);
  std::size_t length = 0;
  while (length < file.content.size()) {
    const ssize_t got = read(fd.get(), file.content.data() + length, file.content.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int error = errno;
      explicit_bzero(file.content.data(), length);
      return fail(PosixError("cannot read", path, error).message);
    }
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
  }
  if (length > most) {
    explicit_bzero(file.content.data(), length);
    return fail(Printable(path) + " is larger than " + HumanSize(most));
  }
  file.content.resize(length);
  return file;
}

}  // namespace tegodrop
