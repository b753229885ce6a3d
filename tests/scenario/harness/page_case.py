"""What the tests of the page's commands share: builds at the portal, keys in files, commands on terminals."""

import json
import os

from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.programs import path_of
from tests.scenario.harness.terminal import Terminal

PASSWORD = "pass word \u00e4 \"1\""


class PageCase(ScenarioCase):
    def setUp(self):
        super().setUp()
        self.place = os.path.join(self.site.root, "place")
        os.mkdir(self.place)

    def deliver(self, *names):
        """Drops and delivers artifacts of these names, one after the other; the rows of their builds."""
        for name in names:
            make = {".apk": self.artifacts.apk, ".aab": self.artifacts.aab, ".ipa": self.artifacts.ipa}[os.path.splitext(name)[1]]
            self.folder.drop(make(), name)
            done = self.site.run("run", "--once")
            self.assertEqual(done.returncode, 0, done.stderr)
        rows = {row["name"]: row for row in self.portal.history()}
        return [rows[name] for name in names]

    def say(self, *arguments, code=0):
        """A command's standard output; where it is to fail, its standard error."""
        done = self.site.run(*arguments)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        if code == 0:
            return done.stdout
        self.assertEqual(done.stdout, "")
        return done.stderr

    def tell(self, *arguments):
        """Its document."""
        return json.loads(self.say(*arguments, "--json"))

    def terminal(self, *arguments, columns=80):
        return Terminal([path_of("TEGODROP"), "--config", self.site.config_file, *arguments], self.site.environment, columns)

    def build_arguments(self, row, version=True):
        which = ["--version", row["version"]] if version else []
        return [*which, "--platform", row["platform"], "--start-time", str(row["start_time"]), "--name", row["name"]]

    def write(self, name, content, mode=0o600):
        path = os.path.join(self.place, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def password_file(self, password=PASSWORD):
        return self.write("password", password + "\n")

    def key_file(self, name="release.jks", size=4096):
        return self.write(name, os.urandom(size))
