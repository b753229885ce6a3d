"""Every example of the README, run as it stands there; only paths, portal and tenant are this test's own."""

import os
import re
import subprocess

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.programs import path_of
from tests.scenario.harness.wait import until


def examples():
    """The fenced blocks of the README that a comment above them names."""
    with open("README.md", encoding="utf-8") as file:
        text = file.read()
    return dict(re.findall(r"<!-- example: (\w+) -->\n```\w+\n(.*?)```", text, re.DOTALL)), text


class ReadmeTest(ScenarioCase):
    def setUp(self):
        super().setUp()
        self.examples, self.text = examples()
        programs = os.path.join(self.site.root, "bin")
        os.mkdir(programs)
        os.symlink(path_of("TEGODROP"), os.path.join(programs, "tegodrop"))
        self.environment = {**self.site.environment, "PATH": f"{programs}:/usr/bin:/bin",
                            "TEGODROP_CONFIG": self.site.config_file, "GIT_CONFIG_GLOBAL": "/dev/null"}
        config = self.here(self.examples["config"]).replace("https://app.apptego.com/frontend", self.portal.url)
        config = config.replace("9f1c0a4e7b8d4a4db52e6a6d5c5c1f11", self.portal.tenant)
        # What an administrator adds for a rehearsal: a state folder of its own, and no waiting.
        self.site.write_private(self.site.config_file,
                                f"{config}{self.examples['limits']}state_dir: {self.site.state_dir}\n"
                                "polling: {interval: 100ms}\n")

    def here(self, text):
        for there, ours in (("/srv/drop/production", self.folder.path), ("/srv/protected/production", self.folder.output),
                            ("/etc/tegodrop/token", self.site.token_file)):
            text = text.replace(there, ours)
        return text

    def shell(self, name, folder=None):
        done = subprocess.run(["sh", "-euc", self.here(self.examples[name])], cwd=folder or self.site.root,
                              env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 0, f"example {name}: {done.stdout}{done.stderr}")
        return done.stdout

    def checkout(self):
        """A folder as a build agent has it: an app beside its history; (the folder, its commit)."""
        folder = os.path.join(self.site.root, "checkout")
        os.mkdir(folder)
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
        for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
            subprocess.run(git + command, cwd=folder, env=self.environment, check=True, capture_output=True)
        with open(self.artifacts.apk(), "rb") as source, open(os.path.join(folder, "app.apk"), "wb") as app:
            app.write(source.read())
        commit = subprocess.run(git + ["rev-parse", "HEAD"], cwd=folder, env=self.environment, check=True,
                                capture_output=True, text=True).stdout.strip()
        return folder, commit

    def test_the_examples_in_their_order(self):
        check, run = self.examples["commands"].splitlines()
        self.assertEqual((check, run), ("tegodrop check", "tegodrop run"))
        done = self.site.run("check")
        self.assertEqual(done.returncode, 0, done.stderr)
        daemon = self.site.start("run")
        folder, commit = self.checkout()
        until(lambda: os.path.isdir(self.folder.room("receipts")), "the daemon has opened the folder")
        self.shell("drop", folder)
        self.folder.wait_for_receipt()
        trace = self.folder.wait_for_trace()
        self.assertEqual(self.shell("trace").splitlines(),
                         ["production", str(trace["start_time"]), trace["file_path"], commit, trace["protected_output"]])
        self.assertIn("app.apk", self.shell("status"))
        until(lambda: self.site.jobs()[0]["state"] == "delivered", "the job is at its end")
        self.assertIn("delivered", self.shell("show"))
        until(lambda: os.path.exists(os.path.join(self.site.state_dir, "control.sock")), "the daemon takes commands")
        self.assertIn("published again", self.shell("operate"))
        self.folder.wait_for_trace(2)
        self.shell("online")
        self.assertIn("nothing to accept", self.shell("accept"))
        until(lambda: self.site.jobs()[0]["state"] == "delivered", "the job is at its end again")
        self.stop(daemon)
        self.shell("once")

    def test_every_marked_example_is_run_here(self):
        self.assertEqual(set(self.examples), {"config", "commands", "drop", "trace", "status", "show", "operate", "online", "accept",
                                              "limits", "once"})
        self.assertEqual(len(re.findall("<!-- example:", self.text)), len(self.examples), "one that is not a whole block")

    def test_the_exit_codes_are_those_of_the_help(self):
        table = set(re.findall(r"^\| (\d+) \|", self.text, re.MULTILINE))
        told = self.site.run("--help", config=False).stdout
        self.assertEqual(table, set(re.findall(r"\b(\d+) [a-z]", told[told.index("Exit codes"):])))


if __name__ == "__main__":
    runner.main()
