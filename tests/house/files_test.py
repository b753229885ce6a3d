"""What every file keeps to: its length, the format of C++, and whole words about what is left to do."""

import os
import re
import subprocess
import unittest

from tests import runner
from tests.house import tree

LONGEST = 500
CODE = (".cc", ".h", ".py", ".bzl", ".bazel", ".sh")
# Scripts without an ending.
SCRIPTS = ("third_party/install", "tests/run", "tests/night", "tests/run_python", "tests/bench/run", "tests/bench/scale/run", "daemon/demo", ".ci/run",
           "systemd/package/make_deb", "tests/service/boot_tree", "tests/service/make_tree")


class FilesTest(unittest.TestCase):
    def code(self):
        return tree.files(*CODE) + [path for path in SCRIPTS if os.path.exists(os.path.join(tree.top(), path))]

    def test_no_file_is_longer_than_500_lines(self):
        long = {path: tree.read(path).count("\n") for path in self.code()}
        self.assertGreater(len(long), 100)
        self.assertEqual({path: lines for path, lines in long.items() if lines > LONGEST}, {})

    def test_clang_format_changes_nothing(self):
        files = tree.files(".cc", ".h")
        done = subprocess.run(["clang-format", "--dry-run", "-Werror", "--style=file", *files], cwd=tree.top(),
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr[-4000:])

    def test_no_test_is_switched_off_or_skips(self):
        # Written apart, so that this file is not found.
        switched_off = re.compile("DISABLED" + "_|GTEST" + "_SKIP|unittest" + r"\.skip|skip" + "Test")
        found = [path for path in self.code() if path.startswith("tests/") and switched_off.search(tree.read(path))]
        self.assertEqual(found, [])

    def test_no_test_sleeps(self):
        sleeps = re.compile(r"sleep_for|usleep\(|\btime\.sleep|^\s*sleep ", re.MULTILINE)
        found = [path for path in self.code() if path.startswith(("tests/unit/", "tests/scenario/")) and sleeps.search(tree.read(path))]
        self.assertEqual(found, [])

    def test_shell_scripts_parse_and_can_be_run(self):
        for path in (*SCRIPTS, *tree.files(".sh")):
            with self.subTest(path=path):
                if path in SCRIPTS:
                    self.assertTrue(os.access(os.path.join(tree.top(), path), os.X_OK))
                done = subprocess.run(["bash", "-n", path], cwd=tree.top(), capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    runner.main()
