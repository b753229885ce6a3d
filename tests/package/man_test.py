"""The man pages: sound, and saying what the program says."""

import json
import os
import re
import unittest

from tests import runner
from tests.package.package import ENVIRONMENT, every_command, help_of, new_folder, options, path_of, read, run, unpacked

PAGES = ("usr/share/man/man8/tegodrop.8.gz", "usr/share/man/man5/tegodrop.yaml.5.gz")
# Said once, in OPTIONS, for all commands.
COMMON = {"--config", "--json", "--help", "--version"}


def plain(text):
    """A page without roff's escapes."""
    return re.sub(r"\\f[BIR]", "", text).replace("\\-", "-").replace("\\&", "").replace("\\e", "\\")


def section(page, name):
    return re.search(rf'(?ms)^\.SH "?{name}"?$(.*?)(?=^\.SH |\Z)', page)[1]


def keys_of(schema, found):
    for name, about in schema.get("properties", {}).items():
        inner = about.get("items", {}) if about.get("type") == "array" else about
        if "properties" in inner:
            keys_of(inner, found)
        else:
            found.append(name)
    return found


class ManTest(unittest.TestCase):
    def test_man_has_no_complaint(self):
        for page in PAGES:
            with self.subTest(page=page):
                path = os.path.join(new_folder(), "page")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(read(page))
                done = run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", path, env={**ENVIRONMENT, "MANROFFSEQ": "", "MANWIDTH": "80"})
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_page_of_the_program_has_its_commands_with_their_options_and_no_others(self):
        page = plain(read(PAGES[0]))
        said = dict(re.findall(r"(?ms)^\.SS ([a-z-]+(?: [a-z][a-z-]*)?)[^\n]*\n(.*?)(?=^\.S[SH] )", section(page, "COMMANDS") + ".SH "))
        self.assertEqual(set(said), set(every_command()))
        for command, text in said.items():
            with self.subTest(command=command):
                self.assertEqual(set(re.findall(r"^\.T[PQ]\n\.BR? (--[a-z-]+)", text, re.MULTILINE)) - COMMON,
                                 options(*command.split()) - COMMON)
        common = re.findall(r"--[a-z]+", section(page, "OPTIONS"))
        self.assertEqual(set(common), COMMON)

    def test_its_exit_codes_are_those_of_the_help(self):
        told = help_of()
        codes = set(re.findall(r"\b(\d+) [a-z]", told[told.index("Exit codes"):]))
        page = section(read(PAGES[0]), "EXIT STATUS")
        self.assertEqual(set(re.findall(r"^\.B (\d+)$", page, re.MULTILINE)), codes)

    def test_the_page_of_the_config_has_every_key(self):
        page = plain(read(PAGES[1]))
        with open("config/schema.json", encoding="utf-8") as file:
            keys = keys_of(json.load(file), [])
        self.assertGreater(len(keys), 40)
        self.assertEqual(sorted(re.findall(r"^\.TP\n\.B (\w+)$", page, re.MULTILINE)), sorted(keys))

    def test_the_example_of_the_config_is_accepted(self):
        page = plain(read(PAGES[1]))
        config = os.path.join(new_folder(), "tegodrop.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(re.search(r"(?s)^\.EX\n(.*?)^\.EE", page, re.MULTILINE)[1])
        os.chmod(config, 0o644)
        done = run(path_of("TEGODROP"), "--config", config, "status")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_files_that_they_name_are_in_the_package(self):
        for page in PAGES:
            for path in re.findall(r"/usr/share/[\w./-]+[\w]", plain(read(page))):
                with self.subTest(path=path):
                    self.assertTrue(os.path.exists(os.path.join(unpacked(), path.lstrip("/"))), path)


if __name__ == "__main__":
    runner.main()
