// Prints the man page tegodrop.yaml(5), made from the key table: help, defaults and what is allowed stand there alone.
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>

#include "config/keys.h"
#include "daemon/base/version.h"

namespace tegodrop {
namespace {

constexpr std::string_view kBegin = R"(.SH NAME
tegodrop.yaml \- the config file of tegodrop
.SH SYNOPSIS
.I /etc/tegodrop/tegodrop.yaml
.SH DESCRIPTION
The config of
.BR tegodrop (8),
in YAML.
Another file is named by
.B \-\-config
or
.BR $TEGODROP_CONFIG .
.PP
Durations are 500ms, 15s, 10m, 4h, 1d; sizes 64KiB, 10MiB, 2GiB.
Flags are true or false; yes, no, on and off are not read as such.
A relative path is taken from the folder of the config file.
The file must not be writable by its group or by others.
.PP
Unknown keys, keys twice, wrong types and impossible combinations are errors.
All of them are named at once, each on a line of its own as
.IR FILE : LINE : COLUMN ,
with what is allowed; the exit code is 78, and nothing has been touched.
.B tegodrop check
does only this, and looks at the folders and the token too.
.PP
.I /usr/share/tegodrop/schema.json
is a JSON Schema of this file for editors,
.I /usr/share/doc/tegodrop/examples/tegodrop.example.yaml
an example with every key.
.SH EXAMPLE
.EX
portal:
  url: https://app.apptego.com/frontend
  tenant: 9f1c0a4e7b8d4a4db52e6a6d5c5c1f11
folders:
  \- name: production
    path: /srv/drop/production
    output: /srv/protected/production
    version: production
.EE
)";

constexpr std::string_view kEnd = R"(.SH SEE ALSO
.BR tegodrop (8)
)";

// As running text: roff takes nothing of it for itself.
std::string Roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if ((c == '.' || c == '\'') && out.empty()) {
      out += std::string("\\&") + c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string UpperCase(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c; });
  return out;
}

std::string Entry(const KeySpec& spec) {
  std::string text = ".TP\n.B " + Roff(spec.name()) + "\n" + Roff(spec.help) + "\n.br\n";
  const std::string standard = Roff(FormatKeyValue(spec, DefaultOf(spec)));
  text += "Allowed: " + Roff(AllowedFor(spec)) + ".\n";
  return text + (spec.required ? "Required." : "Default: \\fI" + standard + "\\fR") + "\n";
}

std::string Entries(std::string_view parent) {
  std::string text;
  for (const KeySpec& spec : ConfigKeys()) {
    if (spec.parent() == parent) text += Entry(spec);
  }
  return text;
}

std::string Page() {
  std::string text = std::string(".TH TEGODROP.YAML 5 \"\" \"") + kToolName + " " + kVersion + "\"\n";
  text += kBegin;
  text += ".SH TOP LEVEL\n" + Entries("");
  for (const SectionSpec& section : ConfigSections()) {
    text += ".SH " + UpperCase(section.path.substr(0, section.path.find('['))) + "\n" + Roff(section.help) + "\n";
    text += Entries(std::string(section.path) + ".");
  }
  text += kEnd;
  return text;
}

}  // namespace
}  // namespace tegodrop

int main() { return std::fputs(tegodrop::Page().c_str(), stdout) < 0 ? 1 : 0; }
