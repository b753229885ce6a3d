"""`tegodrop submit` as a build agent runs it: with the drop folder and nothing else."""

import os
import re
import subprocess

from tests.scenario.harness import wait
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.programs import Program, path_of

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class SubmitCase(ScenarioCase):
    def setUp(self):
        super().setUp()
        self.checkout = os.path.join(self.site.root, "checkout")
        os.mkdir(self.checkout)

    def build(self, source, name="app.apk"):
        """A file of a build, beside nothing else."""
        path = os.path.join(self.checkout, name)
        with open(source, "rb") as made, open(path, "wb") as file:
            file.write(made.read())
        return path

    def scratch(self, name, content):
        path = os.path.join(self.checkout, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def large(self, name="app.apk", size=1 << 30):
        """A file that takes a while to copy, and no room itself."""
        path = self.scratch(name, b"")
        os.truncate(path, size)
        return path

    def submit(self, *arguments, folder=None, seconds=60, environment=None):
        """Runs it to its end, without a config and in an environment that is empty but for what is given: none of the CI
        that runs the tests; the CompletedProcess with text output."""
        command = [path_of("TEGODROP"), "submit", *arguments, "--folder", folder or self.folder.path]
        return subprocess.run(command, cwd=self.checkout, env=environment or {}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=seconds * wait.PATIENCE, check=False)

    def start_submit(self, *arguments):
        """The same beside the test."""
        program = Program("submit", [path_of("TEGODROP"), "submit", *arguments, "--folder", self.folder.path], self.site.logs, {})
        self.site.programs.append(program)
        return program

    def id_of(self, text):
        """The submit_id that it told."""
        return re.search(r"submit_id ([0-9a-z]{16})\b", text)[1]

    def everything_in_the_folder(self):
        return sorted(name for name in os.listdir(self.folder.path) if name != self.folder.rooms)

    def assert_one_line(self, text, *parts):
        self.assertEqual(text.count("\n"), 1, text)
        for part in parts:
            self.assertIn(part, text)
