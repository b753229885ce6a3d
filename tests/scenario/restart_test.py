"""Stopped by SIGTERM at each state and started again: one build, one delivery."""

import os
import signal

from tests import runner
from tests.scenario.harness.case import ScenarioCase, is_root
from tests.scenario.harness.site import sha256_of
from tests.scenario.harness.wait import until

FOREVER = 1_000_000


class RestartCase(ScenarioCase):
    def setUp(self):
        super().setUp()
        # So large that transfers can be caught in the middle.
        self.source = self.artifacts.apk(size=1 << 20)
        self.site.settings["polling"].update(confirm_after="1s")
        self.site.write_config()

    def drop(self):
        daemon = self.site.start()
        self.folder.drop(self.source, "app.apk")
        return daemon

    def stop_in(self, daemon, *states):
        """Stops the daemon while the job is in one of `states`, and sees that the ledger says the same afterwards."""
        self.site.wait_for_state(*states)
        self.stop(daemon)
        jobs = self.site.jobs()
        self.assertEqual(len(jobs), 1)
        self.assertIn(jobs[0]["state"], states)
        self.assertEqual(self.folder.traces() if "published" not in states else {}, {})

    def finish(self):
        """Starts again; the job is carried to its end: one build, one delivery."""
        daemon = self.site.start()
        self.folder.wait_for_receipt(seconds=60)
        self.assert_one_delivery(source=sha256_of(self.source))
        until(lambda: self.site.jobs()[0]["state"] == "delivered", "the job is at its end")
        self.assertEqual(self.folder.room_names("processed"), ["app.apk"])
        self.stop(daemon)


class StateTest(RestartCase):
    def test_claimed_while_the_upload_url_is_asked_for(self):
        self.portal.fault("upload_request", {"stall": True})
        daemon = self.drop()
        until(lambda: self.portal.counters()["upload_requests"], "the request has arrived")
        self.stop_in(daemon, "claimed")
        self.finish()

    def test_claimed_while_the_portal_is_away(self):
        self.portal.set(portal_down=True)
        self.stop_in(self.drop(), "claimed")
        self.portal.set(portal_down=False)
        self.finish()

    def test_uploading_in_the_middle_of_the_bytes(self):
        self.portal.set(upload_bytes_per_second=100_000)
        daemon = self.drop()
        until(lambda: self.portal.counters()["puts_started"], "the upload has begun")
        self.stop_in(daemon, "requested", "uploading")
        self.assert_counts(objects_received=0)
        self.portal.set(upload_bytes_per_second=0)
        self.finish()

    def test_confirming_when_the_portal_has_not_received_it(self):
        # All was sent; the portal closes with one byte unread, and tells nobody what it has.
        self.portal.fault("put", {"close_after_bytes": os.path.getsize(self.source) - 1})
        self.portal.fault("list", {"status": 503}, times=FOREVER)
        self.stop_in(self.drop(), "confirming")
        self.assert_counts(objects_received=0)
        self.portal.clear_faults()
        self.finish()

    def test_confirming_when_the_portal_has_received_it(self):
        self.portal.set(history_lag=FOREVER)
        self.site.settings["polling"].update(confirm_after="30m")
        self.site.write_config()
        self.portal.fault("put", {"lost_answer": True})
        self.stop_in(self.drop(), "confirming")
        self.portal.set(history_lag=0)
        self.finish()

    def test_submitted_before_the_history_shows_it(self):
        self.portal.set(history_lag=FOREVER)
        self.stop_in(self.drop(), "submitted")
        self.portal.set(history_lag=0)
        self.finish()

    def test_building(self):
        self.portal.set(hold_builds=True)
        self.stop_in(self.drop(), "building")
        self.portal.set(hold_builds=False)
        self.finish()

    def test_building_which_ends_while_nobody_looks(self):
        self.portal.set(hold_builds=True)
        self.stop_in(self.drop(), "building")
        self.portal.set(hold_builds=False)
        until(lambda: self.portal.counters()["builds_finished"] == 1, "the build has ended")
        self.finish()

    def test_built_while_no_download_url_is_to_be_had(self):
        self.portal.fault("download_request", {"status": 503}, times=FOREVER)
        self.stop_in(self.drop(), "built")
        self.portal.clear_faults()
        self.finish()

    def test_built_in_the_middle_of_the_download(self):
        self.portal.set(download_bytes_per_second=100_000)
        daemon = self.drop()
        until(lambda: self.portal.counters()["downloads_started"], "the download has begun")
        self.stop_in(daemon, "built")
        self.assertEqual(self.folder.delivered_names(), [])
        self.portal.set(download_bytes_per_second=0)
        self.finish()

    def test_fetched_while_the_output_folder_takes_nothing(self):
        self.need_an_ordinary_user()
        self.portal.set(download_bytes_per_second=1_000_000)
        daemon = self.drop()
        until(lambda: self.portal.counters()["downloads_started"], "the download has begun")
        os.chmod(self.folder.output, 0o555)
        self.stop_in(daemon, "fetched")
        os.chmod(self.folder.output, 0o755)
        self.finish()

    def test_published_while_the_source_cannot_be_put_away(self):
        self.need_an_ordinary_user()
        self.portal.set(hold_builds=True)
        daemon = self.drop()
        job = self.site.wait_for_state("building")["id"]
        os.chmod(self.folder.room("claimed", job), 0o555)
        self.portal.set(hold_builds=False)
        self.stop_in(daemon, "published")
        os.chmod(self.folder.room("claimed", job), 0o755)
        self.finish()

    def test_delivered_starts_nothing_anew(self):
        daemon = self.drop()
        self.folder.wait_for_receipt()
        self.stop(daemon)
        self.finish()

    def test_failed_starts_nothing_anew(self):
        daemon = self.site.start()
        self.folder.drop(self.artifacts.ipa(), "app.apk")
        # Its last word: before that a restart would only end what was begun.
        until(lambda: [one for one in self.site.log_events(daemon) if one["event"] == "job.failed"], "the job has failed")
        self.stop(daemon)
        before = self.folder.delivered_names()
        done = self.site.run("run", "--once")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.folder.delivered_names(), before)
        self.assert_counts(upload_requests=0)

    def need_an_ordinary_user(self):
        if is_root():
            self.fail("root passes every permission check; run the tests as an ordinary user, as tests/run does")


class StopTest(RestartCase):
    def test_sigint_stops_as_cleanly(self):
        self.portal.set(hold_builds=True)
        daemon = self.drop()
        self.site.wait_for_state("building")
        daemon.send(signal.SIGINT)
        self.assertEqual(daemon.wait(5), 0)
        self.portal.set(hold_builds=False)
        self.finish()

    def test_idle_it_stops_at_once(self):
        daemon = self.site.start_and_watch()
        self.stop(daemon)

    def test_run_once_carries_on_what_the_daemon_left(self):
        self.portal.set(hold_builds=True)
        self.stop_in(self.drop(), "building")
        self.portal.set(hold_builds=False)
        done = self.site.run("run", "--once")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_one_delivery()

    def test_an_artifact_that_came_while_it_was_down_is_taken(self):
        daemon = self.site.start_and_watch()
        self.stop(daemon)
        self.folder.drop(self.source, "app.apk")
        self.finish()


class EveryLineTest(RestartCase):
    """Stopped the moment that it has logged its first line, its second, and so on: the states that pass too quickly to be
    held are met too."""

    def test_stopped_after_each_line_of_its_log(self):
        daemon = self.drop()
        self.folder.wait_for_receipt()
        self.stop(daemon)
        lines = len(daemon.stderr().splitlines())
        self.assertGreater(lines, 3)
        for line in range(1, min(lines, 60) + 1):
            with self.subTest(line=line):
                self.stopped_after(line)

    def stopped_after(self, line):
        before = self.portal.counters()
        receipts = len(self.folder.receipts())
        daemon = self.drop()
        # No pause between two looks: the line after the one that is waited for must not be there before.
        until(lambda: len(daemon.stderr().splitlines()) >= line or len(self.folder.receipts()) > receipts,
              f"line {line}", every=0)
        self.stop(daemon)
        # Not so early that it could not yet know what a signal is.
        again = self.site.start_and_watch()
        self.folder.wait_for_receipt(receipts + 1)
        self.stop(again)
        after = self.portal.counters()
        for name in ("objects_received", "builds_queued"):
            self.assertEqual(after[name] - before[name], 1, f"{name} after line {line}")
        self.assertEqual(len(self.folder.traces()), receipts + 1)
        self.assertEqual(len({one["protected_output"] for one in self.folder.traces().values()}), receipts + 1)


if __name__ == "__main__":
    runner.main()
