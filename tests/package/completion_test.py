"""Completion for bash and zsh offers what the program's help names, and jobs and folders that exist."""

import os
import unittest

from tests import runner
from tests.package.package import ENVIRONMENT, commands, every_command, new_folder, options, path_of, run, unpacked

BASH = "usr/share/bash-completion/completions/tegodrop"
ZSH = "usr/share/zsh/vendor-completions/_tegodrop"

ASK_BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_tegodrop
printf '%s\\n' "${COMPREPLY[@]}"
"""

# What zsh's completion system would be handed.
ASK_ZSH = """
file=$1; shift
words=("$@"); CURRENT=$#
_describe() { [[ $1 == -o ]] && shift; print -rl -- ${(P)2:-${(P)1}} }
compadd() { print -rl -- ${(P)2} }
_files() { print -r -- FILES }
source $file
"""

CONFIG = """
portal: {url: "https://portal.example.org", tenant: 9f1c0a4e7b8d4a4db52e6a6d5c5c1f11}
state_dir: %s
folders:
  - {name: alpha, path: /srv/drop/alpha, output: /srv/out/alpha, version: staging}
  - {name: beta, path: /srv/drop/beta, output: /srv/out/beta, version: staging}
"""


class CompletionTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = new_folder()
        os.symlink(path_of("TEGODROP"), os.path.join(cls.folder, "tegodrop"))
        cls.config = os.path.join(cls.folder, "tegodrop.yaml")
        with open(os.open(cls.config, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write(CONFIG % cls.folder)
        cls.environment = {**ENVIRONMENT, "PATH": f"{cls.folder}:{ENVIRONMENT['PATH']}"}

    def bash(self, *words):
        return self.answers("bash", "--norc", "-c", ASK_BASH, "-", os.path.join(unpacked(), BASH), "tegodrop", *words)

    def zsh(self, *words):
        found = self.answers("zsh", "-fc", ASK_ZSH, "-", os.path.join(unpacked(), ZSH), "tegodrop", *words)
        # Descriptions stand behind a colon; what does not begin as it should zsh itself leaves out.
        return sorted({one.partition(":")[0] for one in found if one.startswith(words[-1]) or one == "FILES"})

    def answers(self, *command):
        done = run(*command, env=self.environment, cwd=self.folder)
        self.assertEqual(done.stderr, "")
        return sorted(line for line in done.stdout.splitlines() if line)

    def both(self, *words):
        answers = self.bash(*words)
        self.assertEqual(self.zsh(*words), answers)
        return answers

    def test_every_command(self):
        self.assertGreater(len(commands()), 8)
        self.assertEqual(self.both(""), sorted(commands()))
        self.assertEqual(self.both("s"), sorted(one for one in commands() if one.startswith("s")))

    def test_every_option_of_every_command(self):
        self.assertEqual(self.both("-"), sorted(options()))
        for command in every_command():
            with self.subTest(command=command):
                words = command.split()
                self.assertEqual(self.both(*words, "--"), sorted(options(*words)))
        self.assertEqual(self.both("keys", ""), sorted(commands("keys")))

    def test_the_folders_of_the_config(self):
        for words in (("--config", self.config, "pause", ""), ("-c", self.config, "check", "--accept", ""),
                      ("resume", "--config", self.config, "")):
            with self.subTest(words=words):
                self.assertEqual(self.both(*words), ["alpha", "beta"])
        self.assertEqual(self.both("-c", self.config, "pause", "b"), ["beta"])

    def test_files_where_files_are_meant(self):
        self.assertEqual(self.bash("--config", "tego"), ["tegodrop", "tegodrop.yaml"])
        self.assertEqual(self.zsh("submit", "--folder", ""), ["FILES"])
        self.assertEqual(self.bash("submit", "--commit", ""), [])

    def test_jobs_are_asked_of_the_ledger_that_the_config_names(self):
        self.assertEqual(self.both("-c", self.config, "show", ""), [])
        program = os.path.join(new_folder(), "tegodrop")
        with open(program, "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\n[ "$*" != "--config x status --json" ] || {{ echo \'  "id": "job1",\'; echo \'  "id": "job2",\'; exit; }}\n'
                       f'exec {path_of("TEGODROP")} "$@"\n')
        os.chmod(program, 0o755)
        self.environment = {**self.environment, "PATH": f"{os.path.dirname(program)}:{ENVIRONMENT['PATH']}"}
        self.assertEqual(self.both("--config", "x", "retry", "job1", ""), ["job1", "job2"])


if __name__ == "__main__":
    runner.main()
