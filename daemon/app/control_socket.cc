#include "daemon/app/control_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr int kBacklog = 16;

std::string PathIn(const std::string& folder) { return folder + "/" + kControlSocket; }

// A socket's address holds 107 bytes of path: a longer one is reached through its folder's descriptor.
struct Address {
  Fd folder;
  sockaddr_un name{};
};

Result<Address> AddressIn(const std::string& folder) {
  Address address;
  address.name.sun_family = AF_UNIX;
  std::string path = PathIn(folder);
  if (path.size() >= sizeof address.name.sun_path) {
    address.folder = Fd(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!address.folder.valid()) return FailPosix("cannot open", folder, errno);
    path = PathIn("/proc/self/fd/" + std::to_string(address.folder.get()));
  }
  std::memcpy(address.name.sun_path, path.c_str(), path.size() + 1);
  return address;
}

Fd NewSocket() { return Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

// Only a socket or a link is ever taken away: anything else under the name is somebody's.
Status RemoveOld(const std::string& path) {
  struct stat there {};
  if (lstat(path.c_str(), &there) != 0) {
    if (errno == ENOENT) return {};
    return FailPosix("cannot look at", path, errno);
  }
  if (!S_ISSOCK(there.st_mode) && !S_ISLNK(there.st_mode)) {
    return Fail(ErrorKind::kLocalDisk, Printable(path) + " is no socket: move it away");
  }
  if (unlink(path.c_str()) != 0) return FailPosix("cannot remove", path, errno);
  return {};
}

CallResult Trouble(CallOutcome outcome, std::string words) { return {outcome, {}, std::move(words)}; }

// Waits for the descriptor; false when the time is over.
bool Ready(int fd, short events, SteadyClock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - SteadyClock::now()).count();
    if (left <= 0) return false;
    pollfd one{fd, events, 0};
    const int ready = poll(&one, 1, static_cast<int>(std::min<long long>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool SendAll(int fd, std::string_view text, SteadyClock::time_point deadline) {
  while (!text.empty()) {
    const ssize_t sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (!Ready(fd, POLLOUT, deadline)) return false;
    } else if (errno != EINTR) {
      // It may have answered already, with a refusal, and closed.
      return errno == EPIPE || errno == ECONNRESET;
    }
  }
  return true;
}

// One line, without its end; empty where none came whole.
std::string ReadLine(int fd, SteadyClock::time_point deadline) {
  std::string line;
  char block[4096];
  while (line.size() < kLargestAnswer) {
    const ssize_t count = recv(fd, block, sizeof block, 0);
    if (count > 0) {
      line.append(block, static_cast<std::size_t>(count));
      const std::size_t end = line.find('\n');
      if (end != std::string::npos) return line.substr(0, end);
    } else if (count < 0 && errno == EAGAIN) {
      if (!Ready(fd, POLLIN, deadline)) return "";
    } else if (count == 0 || errno != EINTR) {
      return "";
    }
  }
  return "";
}

}  // namespace

Result<Fd> ListenForCommands(const std::string& state_dir, const std::string& runtime_dir) {
  const std::string& folder = runtime_dir.empty() ? state_dir : runtime_dir;
  for (const std::string& old : {PathIn(state_dir), PathIn(folder)}) {
    if (Status removed = RemoveOld(old); !removed) return Fail(removed.error());
  }
  Result<Address> address = AddressIn(folder);
  if (!address) return Fail(address.error());
  Fd fd = NewSocket();
  if (!fd.valid()) return FailPosix("cannot make a socket for", PathIn(folder), errno);
  // The name gets the socket's own mode, as far as the umask allows it: there is no moment in which others may enter.
  if (fchmod(fd.get(), 0600) != 0) return FailPosix("cannot set the mode of", PathIn(folder), errno);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address->name), sizeof address->name) != 0) {
    return FailPosix("cannot make", PathIn(folder), errno);
  }
  if (chmod(PathIn(folder).c_str(), 0600) != 0) return FailPosix("cannot set the mode of", PathIn(folder), errno);
  if (listen(fd.get(), kBacklog) != 0) return FailPosix("cannot listen at", PathIn(folder), errno);
  if (folder != state_dir && symlink(PathIn(folder).c_str(), PathIn(state_dir).c_str()) != 0) {
    return FailPosix("cannot make the link", PathIn(state_dir), errno);
  }
  return fd;
}

void RemoveControlSocket(const std::string& state_dir, const std::string& runtime_dir) {
  (void)RemoveOld(PathIn(state_dir));
  if (!runtime_dir.empty()) (void)RemoveOld(PathIn(runtime_dir));
}

CallResult CallDaemon(const std::string& state_dir, const OperatorRequest& request, milliseconds patience) {
  const auto deadline = SteadyClock::now() + patience;
  Result<Address> address = AddressIn(state_dir);
  if (!address) {
    const bool permitted = address.error().sys != EACCES;
    return Trouble(permitted ? CallOutcome::kNobody : CallOutcome::kNotPermitted, address.error().message);
  }
  const Fd fd = NewSocket();
  if (!fd.valid()) return Trouble(CallOutcome::kSilent, "the system gives no socket");
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address->name), sizeof address->name) != 0) {
    const std::string words = PosixError("cannot reach the daemon at", PathIn(state_dir), errno).message;
    if (errno == EACCES || errno == EPERM) return Trouble(CallOutcome::kNotPermitted, words);
    return Trouble(errno == EAGAIN ? CallOutcome::kSilent : CallOutcome::kNobody, words);
  }
  if (!SendAll(fd.get(), WriteRequest(request), deadline)) {
    return Trouble(CallOutcome::kSilent, "the daemon takes no command");
  }
  const std::string line = ReadLine(fd.get(), deadline);
  if (line.empty()) return Trouble(CallOutcome::kSilent, "the daemon does not answer");
  Result<OperatorAnswer> answer = ReadAnswer(line);
  if (!answer) return Trouble(CallOutcome::kSilent, "the daemon's answer cannot be read: " + answer.error().message);
  return {CallOutcome::kAnswered, std::move(*answer), ""};
}

}  // namespace tegodrop
