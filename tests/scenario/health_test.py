"""What monitors and people at a terminal see: 'status --health' and 'status --watch'."""

import json
import os
import pty
import select
import signal
import subprocess

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.programs import path_of
from tests.scenario.harness.wait import until


class HealthTest(ScenarioCase):
    def health(self, code):
        """The problems."""
        done = self.site.run("status", "--health", "--json")
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        document = json.loads(done.stdout)
        self.assertEqual((document["schema"], document["healthy"]), ("tegodrop-health/1", code == 0))
        return document["problems"]

    def test_it_is_well_while_the_daemon_works_and_says_what_is_not(self):
        self.assertIn("no daemon runs", self.health(1)[0])
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_receipt()
        self.assertEqual(self.health(0), [])
        self.assertEqual(self.site.run("status", "--health").stdout, "ok\n")

        self.portal.set(controls_enabled=False)
        self.folder.drop(self.artifacts.apk(), "refused.apk")
        self.folder.wait_for_failure()
        self.assertEqual(len(self.health(1)), 1)
        self.assertIn("1 artifact(s) failed", self.health(1)[0])
        self.portal.set(controls_enabled=True)

        away = self.folder.path + "-away"
        os.rename(self.folder.path, away)
        until(lambda: [one for one in self.health(1) if "folder first is missing" in one], "the folder is missed")
        os.rename(away, self.folder.path)
        until(lambda: len(self.health(1)) == 1, "it is back")
        self.stop(daemon)
        self.assertIn("no daemon runs", self.health(1)[0])

    def test_refused_credentials_are_a_problem(self):
        self.site.write_private(self.site.token_file, f"{self.portal.key}:{self.portal.secret}x\n")
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        until(lambda: [one for one in self.site.status()["notices"] if one["about"] == "credentials"], "they are refused")
        self.assertTrue([one for one in self.health(1) if one.startswith("credentials: ")])
        self.stop(daemon)


class WatchTest(ScenarioCase):
    def test_on_a_terminal_it_follows_what_happens_until_ctrl_c(self):
        daemon = self.site.start_and_watch()
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        shown = []
        watching = subprocess.Popen([path_of("TEGODROP"), "--config", self.site.config_file, "status", "--watch"],
                                    stdin=theirs, stdout=theirs, stderr=theirs, env=self.site.environment, start_new_session=True)
        self.addCleanup(watching.kill)
        os.close(theirs)

        def said(text):
            while select.select([ours], [], [], 0)[0]:
                shown.append(os.read(ours, 65536).decode(errors="replace"))
            return text in "".join(shown)

        until(lambda: said("no jobs in the last 24 hours"), "the first look")
        self.folder.drop(self.artifacts.apk(), "app.apk")
        until(lambda: said("app.apk"), "a later look")
        self.assertTrue(said("Ctrl-C ends"))
        watching.send_signal(signal.SIGINT)
        self.assertEqual(watching.wait(timeout=10), -signal.SIGINT)
        self.folder.wait_for_trace()
        self.stop(daemon)

    def test_without_a_terminal_it_is_refused(self):
        done = self.site.run("status", "--watch")
        self.assertEqual(done.returncode, 64)
        self.assertIn("needs a terminal", done.stderr)


if __name__ == "__main__":
    runner.main()
