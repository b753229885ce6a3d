#include "daemon/cli/verify_line.h"

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

constexpr std::size_t kFewestDigits = 4;

// Empty where it is the beginning of such a digest.
std::string DigitsFault(std::string& digits, const char* option, std::size_t most) {
  digits = ToLowerAscii(digits);
  if (digits.size() >= kFewestDigits && digits.size() <= most && IsHex(digits)) return "";
  return std::string(option) + " wants hex digits, 4 of them or more, at most " + std::to_string(most);
}

}  // namespace

VerifyCommands AddVerifyCommands(CLI::App& app, VerifyOptions& verify, FindOptions& find,
                                 const std::function<void(CLI::App&)>& common) {
  VerifyCommands commands;
  commands.verify = app.add_subcommand("verify", "check deliveries against their records, offline");
  common(*commands.verify);
  commands.verify->add_option("PATH", verify.paths, "a .trace.json, a protected file, or a folder of them")->required();
  commands.verify
      ->add_option("--key", verify.keys,
                   "public keys in PEM, may be given several times: the provenance of every delivery must be signed "
                   "with one of their private keys")
      ->allow_extra_args(false)
      ->type_name("FILE");
  commands.verify->add_flag("--no-apksigner", verify.no_apksigner, "do not ask apksigner, even where it is installed");
  commands.verify->add_flag("--json", verify.json, "one JSON document on standard output");
  commands.verify->footer(
      "Compares size, SHA-256, .sha256 file, app, version and signatures with the trace, reads the whole file again,\n"
      "asks 'apksigner verify' whether an APK's signature is valid, and compares the provenance. Of a folder all that\n"
      "stands in it and below, several at once; an artifact without a trace is a difference. Needs neither config nor\n"
      "token nor network, and writes nothing. Exit codes: 0 every delivery is what its records say, 1 one is not (its\n"
      "first difference is named), or there is nothing to verify, 64 usage.");

  CLI::App* trace = app.add_subcommand("trace", "look through the traces in the output folders");
  trace->require_subcommand(1);
  commands.find = trace->add_subcommand("find", "find deliveries by their commit, their bytes or their build");
  common(*commands.find);
  auto* commit = commands.find
                     ->add_option("--commit", find.commit,
                                  "of this commit, also where something else counted; its beginning is enough")
                     ->type_name("SHA");
  auto* digest = commands.find
                     ->add_option("--sha256", find.sha256,
                                  "whose source or protected file has this digest; its beginning is enough")
                     ->type_name("HEX");
  auto* build = commands.find->add_option("--build", find.start_time, "that came of the build with this start_time")
                    ->type_name("START_TIME");
  commit->excludes(digest)->excludes(build);
  digest->excludes(build);
  commands.find->add_option("PATH", find.paths, "output folders, or traces; without one those of the config");
  commands.find->add_flag("--json", find.json, "one JSON document on standard output");
  commands.find->footer(
      "Reads the traces alone: whether a delivery is still what its trace says, 'tegodrop verify' tells. Needs the\n"
      "config only where no PATH is given. Exit codes: 0 found, 1 none fits, or a trace could not be read, 64 usage,\n"
      "78 config unusable.");
  return commands;
}

std::string FindFault(FindOptions& find) {
  if (find.commit.empty() && find.sha256.empty() && !find.start_time) {
    return "trace find wants --commit, --sha256 or --build";
  }
  if (!find.commit.empty()) return DigitsFault(find.commit, "--commit", 64);
  return find.sha256.empty() ? "" : DigitsFault(find.sha256, "--sha256", 64);
}

}  // namespace tegodrop
