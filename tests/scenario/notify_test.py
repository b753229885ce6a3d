"""What the built daemon tells a webhook: once, over trouble on the way and over deaths, and nowhere a word of the URL."""

import os
import signal

from tests import runner
from tests.scenario.harness.receiver import Receiver
from tests.scenario.harness.secrets_case import SecretsCase
from tests.scenario.harness.wait import until


class NotifyTest(SecretsCase):
    def setUp(self):
        super().setUp()
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)
        self.webhook_file = os.path.join(self.site.root, "webhook")
        self.site.write_private(self.webhook_file, self.receiver.url + "\n")
        self.site.settings["notify"] = {"webhook_file": self.webhook_file}
        self.site.settings["metrics_file"] = os.path.join(self.site.root, "tegodrop.prom")
        self.site.write_config()

    def tearDown(self):
        super().tearDown()
        self.assertEqual(self.receiver.violations, [])
        self.assert_url_is_nowhere()

    def assert_url_is_nowhere(self):
        """But in its own file."""
        needles = {"the URL's path": self.receiver.secret.encode(), "the URL's query": self.receiver.key.encode()}
        os.unlink(self.webhook_file)
        self.assert_no_file_has_them(needles)

    def fail_one(self, name="bad.apk"):
        self.folder.drop(self.artifacts.apk(), name, sha256="0" * 64)

    def told(self, event):
        return [one for one in self.receiver.events if one["event"] == event]

    def events_of(self, daemon, event):
        return [one for one in self.site.log_events(daemon) if one["event"] == event]

    def test_a_failure_is_told_once_over_a_restart(self):
        daemon = self.site.start()
        self.fail_one()
        event = until(lambda: self.told("failed"), "the failure is told")[0]
        job = self.site.jobs()[0]["id"]
        self.assertEqual((event["state"], event["count"], event["folder"], event["job"], event["file_name"], event["kind"]),
                         ("happened", 1, "first", job, "bad.apk", "checksum"))
        self.assertIn("bad.apk (folder first) failed: ", event["text"])
        self.assert_no_process_shows_them(daemon, {"the URL's path": self.receiver.secret.encode()})
        self.folder.wait_for_receipt()
        self.stop(daemon)
        daemon = self.site.start()
        self.fail_one("other.apk")
        until(lambda: len(self.told("failed")) == 2, "the next one is told")
        self.stop(daemon)
        self.assertEqual([one["file_name"] for one in self.receiver.events], ["bad.apk", "other.apk"])

    def test_a_receiver_that_is_away_holds_nothing_up_and_is_told_after_a_death(self):
        self.receiver.go_away()
        daemon = self.site.start()
        self.fail_one()
        until(lambda: self.events_of(daemon, "notify.waiting"), "that it is away is said")
        self.folder.drop(self.artifacts.apk(), "good.apk")
        self.folder.wait_for_receipt(2)
        daemon.kill()
        self.receiver.come_back()
        daemon = self.site.start()
        until(lambda: self.told("failed"), "it is told in the next life")
        self.stop(daemon)
        self.assertEqual([one["file_name"] for one in self.receiver.events], ["bad.apk"])

    def test_a_receiver_that_stalls_keeps_no_stop_waiting(self):
        self.receiver.stall()
        daemon = self.site.start()
        self.fail_one()
        until(lambda: self.receiver.asked, "it is asked")
        self.folder.drop(self.artifacts.apk(), "good.apk")
        self.folder.wait_for_receipt(2)
        self.stop(daemon)

    def test_trouble_is_tried_again_and_a_refusal_is_not(self):
        self.receiver.answer(503, 429, 200)
        daemon = self.site.start()
        self.fail_one()
        until(lambda: self.told("failed"), "it is told at the third try")
        self.assertEqual(self.receiver.asked, 3)
        for status in (404, 301):
            with self.subTest(status=status):
                asked = self.receiver.asked
                self.receiver.answer(status)
                self.fail_one(f"refused{status}.apk")
                until(lambda: [one for one in self.events_of(daemon, "notify.refused") if f"HTTP {status}" in one["message"]],
                      "the refusal is logged")
                self.assertEqual(self.receiver.asked, asked + 1)
        self.fail_one("last.apk")
        until(lambda: len(self.told("failed")) == 2, "the next one is told all the same")
        self.stop(daemon)

    def test_many_failures_at_once_are_one_message(self):
        for number in range(30):
            self.fail_one(f"bad{number}.apk")
        daemon = self.site.start()
        self.folder.wait_for_receipt(30, seconds=60)
        until(lambda: sum(one["count"] for one in self.told("failed")) == 30, "all are told", 90)
        self.assertLess(len(self.receiver.events), 30)
        self.stop(daemon)

    def test_refused_credentials_and_their_end_are_told(self):
        self.site.write_private(self.site.token_file, f"{self.portal.key}:{self.portal.secret}x\n")
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        event = until(lambda: self.told("credentials"), "it is told")[0]
        self.assertEqual((event["state"], event["job"]), ("begun", None))
        self.stop(daemon)
        # Put right while nothing runs: the next life tells that it is over.
        self.site.write_private(self.site.token_file, self.portal.token + "\n")
        daemon = self.site.start()
        until(lambda: [one["state"] for one in self.told("credentials")] == ["begun", "over"], "its end is told")
        self.stop(daemon)

    def test_a_folder_in_trouble_is_told_and_only_what_was_asked_for(self):
        self.site.settings["notify"]["on"] = ["folder"]
        self.site.write_config()
        daemon = self.site.start_and_watch()
        self.fail_one()
        self.folder.wait_for_receipt()
        os.rename(self.folder.path, self.folder.path + ".away")
        event = until(lambda: self.told("folder"), "it is told", 60)[0]
        self.assertEqual((event["state"], event["folder"]), ("begun", "first"))
        os.rename(self.folder.path + ".away", self.folder.path)
        until(lambda: [one["state"] for one in self.told("folder")] == ["begun", "over"], "its end is told", 150)
        self.assertEqual(len(self.receiver.events), 2)
        self.stop(daemon)

    def test_run_once_tells_before_it_ends(self):
        self.fail_one()
        self.assertEqual(self.site.run("run", "--once").returncode, 1)
        self.assertEqual(len(self.told("failed")), 1)
        self.receiver.go_away()
        self.fail_one("other.apk")
        self.assertEqual(self.site.run("run", "--once").returncode, 1)
        self.receiver.come_back()
        self.assertEqual(self.site.run("run", "--once").returncode, 0)
        self.assertEqual([one["file_name"] for one in self.told("failed")], ["bad.apk", "other.apk"])

    def test_another_url_is_taken_on_sighup_and_a_bad_one_is_refused(self):
        self.receiver.answer(503)
        daemon = self.site.start()
        self.fail_one()
        until(lambda: self.events_of(daemon, "notify.waiting"), "the receiver has trouble")
        os.chmod(self.webhook_file, 0o644)
        daemon.send(signal.SIGHUP)
        until(lambda: [one for one in self.events_of(daemon, "daemon.reload") if "webhook" in one["message"]], "the refusal")
        os.chmod(self.webhook_file, 0o600)
        other = Receiver()
        self.addCleanup(other.close)
        self.site.write_private(self.webhook_file, other.url + "\n")
        daemon.send(signal.SIGHUP)
        self.fail_one("other.apk")
        until(lambda: "other.apk" in [one["file_name"] for one in other.events], "the other one is told")
        self.assertEqual(other.violations, [])
        self.stop(daemon)

    def test_a_url_that_would_travel_readable_or_that_others_may_read_is_refused(self):
        for text, mode, said in (("http://hooks.example.org/s3cret-path\n", 0o600, "plain http"),
                                 ("ftp://hooks.example.org/s3cret-path\n", 0o600, "scheme other than https"),
                                 ("https://user:s3cret@hooks.example.org/\n", 0o600, "user or password"),
                                 (self.receiver.url + "\n", 0o640, "chmod 600")):
            with self.subTest(said=said):
                self.site.write_private(self.webhook_file, text)
                os.chmod(self.webhook_file, mode)
                for command in (("check",), ("run", "--once")):
                    done = self.site.run(*command)
                    self.assertEqual(done.returncode, 78)
                    self.assertIn(said, done.stderr)
                    self.assertNotIn("s3cret", done.stdout + done.stderr)
                os.chmod(self.webhook_file, 0o600)
        # And mended it is taken.
        self.site.write_private(self.webhook_file, self.receiver.url + "\n")
        self.fail_one()
        self.assertEqual(self.site.run("run", "--once").returncode, 1)
        self.assertEqual(len(self.told("failed")), 1)


if __name__ == "__main__":
    runner.main()
