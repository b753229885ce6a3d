"""Credentials go to the portal alone, signed URLs to nobody: no file, log line, argument list, environment or ledger has them."""

import base64
import os
import signal

from tests import runner
from tests.scenario.harness.secrets_case import SecretsCase
from tests.scenario.harness.wait import until


class SecretsTest(SecretsCase):
    def work(self, daemon, needles):
        """A day with a delivery, refusals and every kind of trouble that carries a URL; each leaves its traces in the logs."""
        self.folder.drop(self.artifacts.apk(size=300_000), "app.apk")
        self.folder.wait_for_receipt()
        # Once refused by the store, once lost, once broken in the middle, in both directions.
        self.portal.fault("put", {"status": 403})
        self.portal.fault("put", {"close_after_bytes": 1000})
        self.portal.fault("get", {"status": 403})
        self.portal.fault("get", {"close_after_bytes": 1000})
        self.portal.fault("upload_request", {"status": 500, "body": "a failure"})
        # Larger than what a socket takes in one go: that it broke in the middle must be certain.
        self.folder.drop(self.artifacts.ipa(size=16 << 20), "troubled.ipa")
        self.folder.drop(self.artifacts.apk(), "bad.apk", sha256="0" * 64)
        self.assert_no_process_shows_them(daemon, needles)
        self.folder.wait_for_receipt(3, seconds=90)
        self.portal.set(fail_build="no luck")
        self.folder.drop(self.artifacts.aab(), "unlucky.aab")
        self.folder.wait_for_receipt(4)
        self.portal.set(fail_build="", hold_builds=True)
        self.folder.drop(self.artifacts.aab(), "awaited.aab")
        until(lambda: [one for one in self.site.jobs() if one["state"] == "building"], "one build is awaited")
        # The ledger in the middle of work, with its journal beside it.
        self.assert_no_file_has_them(needles)
        self.assert_no_process_shows_them(daemon, needles)
        self.site.run("status")
        self.site.run("status", "--json")

    def test_nowhere_with_a_token_file(self):
        needles = self.needles()
        daemon = self.site.start()
        self.work(daemon, needles)
        self.stop(daemon)
        self.assert_no_file_has_them(needles)

    def test_nowhere_with_a_token_from_the_environment(self):
        needles = self.needles()
        del self.site.settings["portal"]["token_file"]
        self.site.write_config()
        daemon = self.site.start(extra_environment={"APPTEGO_TOKEN": self.portal.token})
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_receipt()
        self.assert_no_process_shows_them(daemon, needles)
        self.stop(daemon)
        self.assert_no_file_has_them(needles)

    def test_a_systemd_credential_is_used_before_the_environment(self):
        del self.site.settings["portal"]["token_file"]
        self.site.write_config()
        credentials = os.path.join(self.site.root, "credentials")
        os.mkdir(credentials, 0o700)
        self.site.write_private(os.path.join(credentials, "apptego-token"), self.portal.token + "\n")
        self.folder.drop(self.artifacts.apk(), "app.apk")
        done = self.site.run("run", "--once", extra_environment={"CREDENTIALS_DIRECTORY": credentials,
                                                                 "APPTEGO_TOKEN": "other:token"})
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_refused_credentials_are_not_shown(self):
        needles = self.needles()
        self.site.write_private(self.site.token_file, f"{self.portal.key}:{self.portal.secret}x\n")
        needles["the token as a header has it"] = base64.b64encode(f"{self.portal.token}x".encode())
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.site.wait_until_it_waits_for("credentials|token")
        self.assertIsNone(daemon.code)
        self.stop(daemon)
        self.assert_no_file_has_them(needles)

    def test_another_token_is_taken_on_sighup_and_the_work_goes_on(self):
        self.site.write_private(self.site.token_file, f"{self.portal.key}:{self.portal.secret}x\n")
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.site.wait_until_it_waits_for("credentials|token")
        notices = self.site.status()["notices"]
        self.assertEqual([one["about"] for one in notices], ["credentials"])
        asked = self.portal.state()["counters"]["upload_requests"]

        # One that others may read is refused, and the old one stays.
        os.chmod(self.site.token_file, 0o644)
        daemon.send(signal.SIGHUP)
        until(lambda: [one for one in self.site.log_events(daemon)
                       if one["event"] == "daemon.reload" and one["level"] == "error"], "the refusal of the token file")
        self.assertEqual(self.portal.state()["counters"]["upload_requests"], asked, "nothing is asked meanwhile")

        self.site.write_private(self.site.token_file, self.portal.token + "\n")
        os.chmod(self.site.token_file, 0o600)
        daemon.send(signal.SIGHUP)
        self.folder.wait_for_trace()
        self.assertEqual(self.site.status()["notices"], [])
        self.assertEqual(self.portal.state()["counters"]["builds_queued"], 1)

    def test_the_environment_neither_logs_tls_keys_nor_names_a_proxy(self):
        keys = os.path.join(self.site.root, "tls-keys")
        self.folder.drop(self.artifacts.apk(), "app.apk")
        done = self.site.run("run", "--once", extra_environment={
            "SSLKEYLOGFILE": keys, "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9",
            "all_proxy": "http://127.0.0.1:9"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(os.path.exists(keys))


class PartsSecretsTest(SecretsCase):
    """Part URLs do stand in the ledger, so that an upload can go on after a restart: but nobody can read them there."""

    switches = {"build_seconds": 0.2, "multipart_threshold": 256 << 10, "chunk_size": 256 << 10}

    def test_nowhere_in_the_middle_of_an_upload_in_parts(self):
        needles = self.needles()
        # What is kept is copied to the spool.
        self.site.configure(after="keep")
        self.portal.set(upload_bytes_per_second=256 << 10)
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(size=3 << 20), "app.apk")
        until(lambda: self.portal.counters()["parts_received"] >= 4, "the upload is under way")
        self.assert_no_process_shows_them(daemon, needles)
        self.stop(daemon)
        with open(os.path.join(self.site.state_dir, "ledger.sqlite"), "rb") as file:
            self.assertIn(b"parts", file.read())
        self.assert_no_file_has_them(needles)
        self.portal.fault("part", {"status": 403}, skip=2)
        self.portal.fault("complete", {"lost_answer": True})
        self.portal.set(upload_bytes_per_second=0)
        self.site.settings["polling"]["confirm_after"] = "1s"
        self.site.write_config()
        daemon = self.site.start()
        self.folder.wait_for_trace(seconds=60)
        self.assert_no_process_shows_them(daemon, needles)
        self.stop(daemon)
        self.assert_no_file_has_them(needles)


class TlsSecretsTest(SecretsCase):
    https = True

    def test_no_tls_keys_are_logged(self):
        self.site.settings["portal"]["ca_file"] = self.portal.ca_file
        self.site.write_config()
        keys = os.path.join(self.site.root, "tls-keys")
        self.folder.drop(self.artifacts.apk(), "app.apk")
        done = self.site.run("run", "--once", extra_environment={"SSLKEYLOGFILE": keys})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(os.path.exists(keys))


if __name__ == "__main__":
    runner.main()
