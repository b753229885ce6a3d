// portal: a rehearsal of the AppTego portal on this machine. See --help.
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/portal/control.h"
#include "tests/portal/json.h"
#include "tests/portal/server.h"

namespace tegodrop::sim {
namespace {

struct Arguments {
  ServerOptions server;
  std::vector<std::string> switches;
  std::string ready_file;
  bool die_with_parent = false;
};

std::string SwitchesHelp() {
  return "Switches of --set and /control/set, with their defaults:\n" + Settings().Help() + "\n";
}

void Declare(CLI::App* app, Arguments* out) {
  app->add_option("--port", out->server.port, "Port for http on 127.0.0.1; 0: one that is free")
      ->check(CLI::Range(0, 65535));
  app->add_option("--tls-port", out->server.tls_port, "Port for https, likewise")->check(CLI::Range(0, 65535));
  app->add_option("--tls-dir", out->server.tls_dir, "Serve https too; the CA's certificate is written to DIR/ca.pem");
  app->add_option("--token", out->server.token, "The one API token that is accepted, KEY:SECRET");
  app->add_option("--tenant", out->server.tenant, "The one tenant, 32 lower-case hexadecimal digits");
  app->add_option("--set", out->switches, "A switch, name=value; may be given several times");
  app->add_option("--ready-file", out->ready_file, "Written, as JSON, once everything listens");
  app->add_option("--violations-file", out->server.violations_file, "A line for each thing that the page forbids");
  app->add_option("--log-file", out->server.log_file, "A line for each request");
  app->add_option("--storage-dir", out->server.storage_parent,
                  "Where received files are kept (they vanish at the end)");
  app->add_flag("--die-with-parent", out->die_with_parent, "End when the program that started this one ends");
  app->footer(SwitchesHelp() + kControlHelp);
}

bool Check(Arguments* arguments, std::string* error) {
  const ServerOptions& server = arguments->server;
  const size_t colon = server.token.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == server.token.size()) {
    *error = "--token wants KEY:SECRET";
    return false;
  }
  if (server.tenant.size() != 32 || server.tenant.find_first_not_of("0123456789abcdef") != std::string::npos) {
    *error = "--tenant wants 32 lower-case hexadecimal digits";
    return false;
  }
  for (const std::string& one : arguments->switches) {
    const size_t equals = one.find('=');
    const std::string value = equals == std::string::npos ? "" : one.substr(equals + 1);
    if (!arguments->server.settings.SetFromText(one.substr(0, equals), value, error)) return false;
  }
  return true;
}

std::string ReadyDocument(const Server& server, const ServerOptions& options) {
  auto text_or_null = [](const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); };
  JsonWriter out;
  out.BeginObject().Key("http").Text(server.http_url());
  out.Key("https").TextOrNull(text_or_null(server.https_url()));
  out.Key("ca_file").TextOrNull(text_or_null(server.ca_file()));
  out.Key("control").Text(server.control_url());
  out.Key("token").Text(options.token).Key("tenant").Text(options.tenant).EndObject();
  return out.Take() + "\n";
}

// False when the parent has gone already.
bool TieToParent(pid_t parent) { return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent; }

int Fail(const std::string& error) {
  std::fprintf(stderr, "portal: %s\n", error.c_str());
  return EXIT_FAILURE;
}

int Serve(const Arguments& arguments, const sigset_t& ends) {
  std::string error;
  std::unique_ptr<Server> server = Server::Start(arguments.server, &error);
  if (!server) return Fail(error);
  std::printf("portal: %s\n", server->http_url().c_str());
  if (!server->https_url().empty()) std::printf("portal: %s\n", server->https_url().c_str());
  std::fflush(stdout);
  // The token in it is nobody else's business.
  if (!arguments.ready_file.empty() &&
      !WriteByRename(arguments.ready_file, ReadyDocument(*server, arguments.server), 0600, &error)) {
    return Fail(error);
  }
  int signal = 0;
  sigwait(&ends, &signal);
  return EXIT_SUCCESS;
}

int Main(int argc, char** argv) {
  const pid_t parent = getppid();
  Arguments arguments;
  if (const char* folder = std::getenv("TMPDIR"); folder != nullptr && *folder != '\0') {
    arguments.server.storage_parent = folder;
  }
  CLI::App app("A strict stand-in for the AppTego portal, for tests and rehearsals.", "portal");
  Declare(&app, &arguments);
  CLI11_PARSE(app, argc, argv);
  std::string error;
  if (!Check(&arguments, &error)) return Fail(error);

  // Before any thread: all of them leave these to sigwait.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  signal(SIGPIPE, SIG_IGN);
  if (arguments.die_with_parent && !TieToParent(parent)) return EXIT_SUCCESS;
  return Serve(arguments, ends);
}

}  // namespace
}  // namespace tegodrop::sim

int main(int argc, char** argv) { return tegodrop::sim::Main(argc, argv); }
