// Runs a program and kills it at one of the moments at which it changes the world:
//
//   kill_at [--at N] [--after] [--log FILE] -- PROGRAM ARGUMENTS…
//
// The moments are the system calls listed below, counted over all threads in the order in which they are entered. At
// the N-th one the program is killed (SIGKILL) before the call is done or, with --after, when it has been done and the
// program does not know it yet. Without --at nobody is killed: FILE says what there is, a line a call: its number, name
// and what it is done to.
//
// strace's own fault injection counts each thread's calls by themselves, so that it cannot reach each call of a pool of
// workers. The program is traced from its first instruction, because it lets nobody attach later. SIGTERM and SIGINT
// are handed on. Ends as the program ends, with 137 when it was killed.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>
#include <vector>

namespace {

struct Call {
  unsigned number;
  const char* name;
  int path;         // which argument is a path, or -1
  bool only_makes;  // openat: it counts only when it may make a file
};

// What lasts: bytes, lengths, names, and that they are on the disk. And what is told to others: bytes that go out.
constexpr Call kCalls[] = {
    {SYS_pwrite64, "pwrite64", -1, false},
    {SYS_fsync, "fsync", -1, false},
    {SYS_fdatasync, "fdatasync", -1, false},
    {SYS_ftruncate, "ftruncate", -1, false},
    {SYS_fallocate, "fallocate", -1, false},
    {SYS_renameat2, "renameat2", 1, false},
    {SYS_renameat, "renameat", 1, false},
    {SYS_linkat, "linkat", 1, false},
    {SYS_unlinkat, "unlinkat", 1, false},
    {SYS_mkdirat, "mkdirat", 1, false},
    {SYS_openat, "openat", 1, true},
    {SYS_openat2, "openat2", 1, true},
    {SYS_connect, "connect", -1, false},
    {SYS_sendto, "sendto", -1, false},
    {SYS_fchmod, "fchmod", -1, false},
    {SYS_copy_file_range, "copy_file_range", -1, false},
#ifdef SYS_rename
    {SYS_rename, "rename", 0, false},
    {SYS_unlink, "unlink", 0, false},
    {SYS_link, "link", 0, false},
    {SYS_mkdir, "mkdir", 0, false},
#endif
};

struct Options {
  long at = 0;
  bool after = false;
  const char* log = nullptr;
  char** command = nullptr;
};

volatile sig_atomic_t handed_on = 0;
pid_t program = 0;

void HandOn(int number) {
  handed_on = number;
  if (program > 0) kill(program, number);
}

[[noreturn]] void Die(const char* what) {
  std::fprintf(stderr, "kill_at: %s: %s\n", what, std::strerror(errno));
  if (program > 0) kill(program, SIGKILL);
  _exit(125);
}

// Stops at the listed calls, and nowhere else: the rest runs at its full speed.
void FilterCalls() {
  std::vector<sock_filter> code;
  code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  const size_t count = sizeof(kCalls) / sizeof(kCalls[0]);
  for (size_t i = 0; i < count; ++i) {
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kCalls[i].number, static_cast<uint8_t>(count - i), 0));
  }
  code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
  // A program that forbids its dump forbids an ordinary user to read the paths and addresses that its calls are given.
  // It is told that it does, and does not: everybody sees the same calls.
  const sock_filter kNoDumpable[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_DUMPABLE, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
  };
  code.insert(code.begin(), std::begin(kNoDumpable), std::end(kNoDumpable));
  sock_fprog filter{static_cast<unsigned short>(code.size()), code.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) Die("no new privileges");
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) Die("seccomp");
}

void StartProgram(const Options& options) {
  int go[2];
  if (pipe2(go, O_CLOEXEC) != 0) Die("pipe");
  program = fork();
  if (program < 0) Die("fork");
  if (program == 0) {
    close(go[1]);
    char byte = 0;
    if (read(go[0], &byte, 1) != 1) _exit(125);
    FilterCalls();
    execv(options.command[0], options.command);
    Die(options.command[0]);
  }
  const long how = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                   PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
  if (ptrace(PTRACE_SEIZE, program, nullptr, how) != 0) Die("ptrace");
  if (write(go[1], "g", 1) != 1) Die("write");
  close(go[0]);
  close(go[1]);
}

std::string TextAt(pid_t thread, uint64_t address) {
  constexpr size_t kPage = 4096;
  constexpr size_t kEnough = 256;
  std::string text;
  // A page at a time, so that the end of the mapping is no trouble, and what goes on behind a page's end is read too.
  while (text.size() < kEnough) {
    char piece[kPage];
    const uint64_t from = address + text.size();
    iovec here{piece, std::min<size_t>(kEnough - text.size(), kPage - from % kPage)};
    iovec there{reinterpret_cast<void*>(from), here.iov_len};
    const ssize_t got = process_vm_readv(thread, &here, 1, &there, 1, 0);
    if (got <= 0) return text.empty() ? "?" : text;
    const size_t length = strnlen(piece, static_cast<size_t>(got));
    text.append(piece, length);
    if (length < static_cast<size_t>(got)) break;
  }
  return text;
}

uint64_t FlagsOf(pid_t thread, const Call& call, const uint64_t* args) {
  if (call.number == SYS_openat) return args[2];
  uint64_t flags = 0;
  iovec here{&flags, sizeof(flags)};
  iovec there{reinterpret_cast<void*>(args[2]), sizeof(flags)};
  process_vm_readv(thread, &here, 1, &there, 1, 0);
  return flags;
}

void GoOn(__ptrace_request how, pid_t thread, long number = 0) { ptrace(how, thread, nullptr, number); }

// The port that is connected to, or -1 where it is no network's address.
int PortAt(pid_t thread, uint64_t address) {
  sockaddr_in to{};
  iovec here{&to, sizeof(to)};
  iovec there{reinterpret_cast<void*>(address), sizeof(to)};
  if (process_vm_readv(thread, &here, 1, &there, 1, 0) < static_cast<ssize_t>(sizeof(to.sin_family))) return -1;
  return to.sin_family == AF_INET || to.sin_family == AF_INET6 ? ntohs(to.sin_port) : -1;
}

class Tracer {
 public:
  explicit Tracer(const Options& options) : options_(options) {
    if (options.log != nullptr && (log_ = std::fopen(options.log, "w")) == nullptr) Die(options.log);
  }

  // The program's exit code.
  int Run() {
    for (;;) {
      int status = 0;
      const pid_t thread = waitpid(-1, &status, __WALL);
      if (thread < 0 && errno == EINTR) continue;
      if (thread < 0) Die("wait");
      if (WIFSTOPPED(status)) {
        Stopped(thread, status);
      } else if (thread == program) {
        if (log_ != nullptr) std::fclose(log_);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      }
    }
  }

 private:
  void Stopped(pid_t thread, int status) {
    const int event = status >> 16;
    const int number = WSTOPSIG(status);
    if (event == PTRACE_EVENT_SECCOMP) {
      Entered(thread);
    } else if (number == (SIGTRAP | 0x80)) {
      Left(thread);
    } else if (event != 0) {
      GoOn(PTRACE_CONT, thread);
    } else {
      GoOn(PTRACE_CONT, thread, number);
    }
  }

  void Entered(pid_t thread) {
    __ptrace_syscall_info info{};
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) <= 0) return;  // it is being killed
    const Call* call = Counted(thread, info);
    if (call != nullptr) {
      ++count_;
      Note(thread, *call, info);
      if (count_ == options_.at && !options_.after) return Kill();
      if (count_ == options_.at) {
        GoOn(PTRACE_SYSCALL, thread);
        return;
      }
    }
    GoOn(PTRACE_CONT, thread);
  }

  // The call at which it is to die has been done.
  void Left(pid_t thread) {
    __ptrace_syscall_info info{};
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) <= 0) return;
    if (info.op == PTRACE_SYSCALL_INFO_EXIT) return Kill();
    GoOn(PTRACE_SYSCALL, thread);
  }

  static void Kill() { kill(program, SIGKILL); }

  static const Call* Counted(pid_t thread, const __ptrace_syscall_info& info) {
    for (const Call& one : kCalls) {
      if (one.number != info.seccomp.nr) continue;
      const uint64_t* args = reinterpret_cast<const uint64_t*>(info.seccomp.args);
      if (one.only_makes && (FlagsOf(thread, one, args) & O_CREAT) == 0) return nullptr;
      // A wake-up or a word to the log is no word to the portal.
      if (one.number == SYS_sendto && args[4] != 0) return nullptr;
      if (one.number == SYS_connect && PortAt(thread, args[1]) < 0) return nullptr;
      return &one;
    }
    return nullptr;
  }

  void Note(pid_t thread, const Call& call, const __ptrace_syscall_info& info) {
    if (log_ == nullptr) return;
    std::string what;
    if (call.path >= 0) {
      what = TextAt(thread, info.seccomp.args[call.path]);
    } else if (call.number == SYS_connect) {
      timespec now{};
      clock_gettime(CLOCK_REALTIME, &now);
      char when[32];
      std::snprintf(when, sizeof(when), "%.3f",
                    static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9);
      what = "port " + std::to_string(PortAt(thread, info.seccomp.args[1])) + " at " + when;
    } else {
      what = std::to_string(info.seccomp.args[0]);
      if (call.number == SYS_pwrite64) {
        what += ' ' + std::to_string(info.seccomp.args[2]) + " at " + std::to_string(info.seccomp.args[3]);
      }
    }
    for (char& c : what) {
      if (static_cast<unsigned char>(c) < ' ') c = '?';
    }
    std::fprintf(log_, "%ld %s %d %s\n", count_, call.name, thread, what.c_str());
    std::fflush(log_);
  }

  const Options& options_;
  std::FILE* log_ = nullptr;
  long count_ = 0;
};

bool ReadOptions(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    const std::string one = argv[i];
    if (one == "--" && i + 1 < argc) {
      options->command = argv + i + 1;
      return true;
    }
    if (one == "--after") {
      options->after = true;
    } else if (one == "--at" && i + 1 < argc) {
      options->at = std::atol(argv[++i]);
    } else if (one == "--log" && i + 1 < argc) {
      options->log = argv[++i];
    } else {
      return false;
    }
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!ReadOptions(argc, argv, &options)) {
    std::fprintf(stderr, "usage: kill_at [--at N] [--after] [--log FILE] -- PROGRAM ARGUMENTS...\n");
    return 64;
  }
  struct sigaction action {};
  action.sa_handler = HandOn;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  // When the test dies, so does all of this.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  StartProgram(options);
  if (handed_on != 0) kill(program, handed_on);
  return Tracer(options).Run();
}
