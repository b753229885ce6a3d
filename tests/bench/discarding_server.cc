// discarding_server: an object store that keeps nothing, to measure those who send to it. See --help.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/discarding_server_connection.h"
#include "tests/bench/discarding_server_store.h"
#include "tests/bench/discarding_server_stream.h"

namespace tegodrop::bench {
namespace {

struct Arguments {
  int port = 0;
  int tls_port = 0;
  std::string cert;
  std::string key;
  std::vector<std::string> blobs;
  bool md5 = false;
  bool die_with_parent = false;
};

void Declare(CLI::App* app, Arguments* out) {
  app->add_option("--port", out->port, "Port for http on 127.0.0.1; 0: one that is free")->check(CLI::Range(0, 65535));
  app->add_option("--tls-port", out->tls_port, "Port for https, likewise")->check(CLI::Range(0, 65535));
  auto* cert = app->add_option("--cert", out->cert, "Serve https too, with this certificate (PEM)");
  app->add_option("--key", out->key, "Its key (PEM)")->needs(cert);
  app->add_option("--blob", out->blobs, "A file to give at /blob/<its size>; may be given several times");
  app->add_flag("--md5", out->md5,
                "The ETag of a single object is the MD5 of its bytes, as at S3; else nothing is hashed");
  app->add_flag("--die-with-parent", out->die_with_parent, "End when the program that started this one ends");
  app->footer("Prints 'http PORT' and 'https PORT' once it listens. SIGTERM ends it.");
}

// A socket that listens on loopback, or -1; sets `port` to the one it got.
int ListenOn(int* port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  sockaddr_in address{};
  socklen_t length = sizeof address;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(*port));
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 || bind(fd, generic, length) != 0 ||
      listen(fd, SOMAXCONN) != 0 || getsockname(fd, generic, &length) != 0) {
    return -1;
  }
  *port = ntohs(address.sin_port);
  return fd;
}

[[noreturn]] void AcceptForever(int listener, SSL_CTX* tls, Store* store, bool md5) {
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    std::thread([fd, tls, store, md5] {
      auto stream = tls == nullptr ? PlainStream(fd) : TlsStream(fd, tls);
      if (stream) ServeConnection(std::move(stream), store, md5);
    }).detach();
  }
}

int Fail(const std::string& error) {
  std::fprintf(stderr, "discarding_server: %s\n", error.c_str());
  return EXIT_FAILURE;
}

// False, with what is wrong, where the port cannot be had.
bool Listen(const char* scheme, int port, SSL_CTX* tls, Store* store, bool md5, std::string* error) {
  const int listener = ListenOn(&port);
  if (listener < 0) {
    *error = "127.0.0.1:" + std::to_string(port) + ": " + std::strerror(errno);
    return false;
  }
  std::thread(AcceptForever, listener, tls, store, md5).detach();
  std::printf("%s %d\n", scheme, port);
  return true;
}

int Main(int argc, char** argv) {
  const pid_t parent = getppid();
  Arguments arguments;
  CLI::App app("An object store that keeps nothing.", "discarding_server");
  Declare(&app, &arguments);
  CLI11_PARSE(app, argc, argv);

  // Before any thread: all of them leave these to sigwait.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  signal(SIGPIPE, SIG_IGN);
  if (arguments.die_with_parent && (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)) return EXIT_SUCCESS;

  // The threads use it until the process is gone.
  auto* store = new Store;
  std::string error;
  for (const std::string& path : arguments.blobs) {
    if (!store->AddBlob(path, &error)) return Fail(error);
  }
  if (!Listen("http", arguments.port, nullptr, store, arguments.md5, &error)) return Fail(error);
  if (!arguments.cert.empty()) {
    SSL_CTX* tls = MakeTlsContext(arguments.cert, arguments.key, &error);
    if (tls == nullptr || !Listen("https", arguments.tls_port, tls, store, arguments.md5, &error)) return Fail(error);
  }
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  _exit(EXIT_SUCCESS);
}

}  // namespace
}  // namespace tegodrop::bench

int main(int argc, char** argv) { return tegodrop::bench::Main(argc, argv); }
