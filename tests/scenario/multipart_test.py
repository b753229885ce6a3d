"""Uploads in parts: what the portal asks for in parts arrives whole and once, whatever dies on the way."""

import os
import signal
import time

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.site import sha256_of
from tests.scenario.harness.wait import until

FOREVER = 1_000_000
CHUNK = 256 << 10
PARTS = 13


class MultipartCase(ScenarioCase):
    # The smallest sizes at which everything that happens at 2 GB happens too.
    switches = {"build_seconds": 0.2, "multipart_threshold": CHUNK, "chunk_size": CHUNK}

    def setUp(self):
        super().setUp()
        self.source = self.artifacts.apk(size=(PARTS - 1) * CHUNK + 1000)
        self.assertEqual(-(-os.path.getsize(self.source) // CHUNK), PARTS)
        self.site.settings["polling"].update(confirm_after="1s")
        self.site.write_config()

    def drop(self):
        daemon = self.site.start()
        self.folder.drop(self.source, "app.apk")
        return daemon

    def finish(self, daemon=None):
        daemon = daemon or self.site.start()
        self.folder.wait_for_receipt(seconds=60)
        self.assert_one_delivery(source=sha256_of(self.source))
        until(lambda: self.site.jobs()[0]["state"] == "delivered", "the job is at its end")
        self.assertEqual(self.folder.room_names("processed"), ["app.apk"])
        self.stop(daemon)

    def parts_received(self):
        return self.portal.counters()["parts_received"]

    def count_of(self, program, event):
        return len([one for one in self.site.log_events(program) if one["event"] == event])


class MainPathTest(MultipartCase):
    def test_arrives_in_parts_and_comes_back(self):
        self.finish(self.drop())
        self.assert_counts(upload_requests=1, complete_requests=1, abort_requests=0,
                           parts_received=PARTS)


    def test_parts_share_the_line_that_the_config_allows(self):
        self.site.settings["limits"] = {"upload_rate": "2MiB"}
        self.site.write_config()
        begun = time.monotonic()
        self.finish(self.drop())
        # 3 MiB, of which a quarter of a second's worth leaves at once.
        self.assertGreater(time.monotonic() - begun, 1.2)

    def test_no_more_parts_at_once_than_the_config_allows(self):
        self.site.settings["limits"] = {"concurrent_parts": 1}
        self.site.write_config()
        self.portal.set(upload_bytes_per_second=2 * CHUNK)
        begun = time.monotonic()
        self.finish(self.drop())
        # One after the other, each half a second.
        self.assertGreater(time.monotonic() - begun, (PARTS - 1) * 0.5)


class RestartTest(MultipartCase):
    def stop_in_the_middle(self, number=signal.SIGTERM):
        self.portal.set(upload_bytes_per_second=CHUNK)
        daemon = self.drop()
        until(lambda: self.parts_received() >= 4, "some parts have arrived")
        until(lambda: self.site.jobs()[0]["state"] == "uploading", "the upload is under way")
        daemon.send(number)
        daemon.wait(5)
        self.portal.set(upload_bytes_per_second=0)
        return self.parts_received()

    def test_goes_on_with_the_parts_that_are_missing(self):
        there = self.stop_in_the_middle()
        daemon = self.site.start()
        self.finish(daemon)
        self.assertEqual(self.count_of(daemon, "upload.resumed"), 1)
        # What was on its way at the stop is sent again at most.
        self.assertLessEqual(self.parts_received(), PARTS + 4)
        self.assertGreaterEqual(there, 4)
        self.assert_counts(upload_requests=1, complete_requests=1, abort_requests=0)

    def test_goes_on_after_a_kill(self):
        self.stop_in_the_middle(signal.SIGKILL)
        self.finish()
        self.assertLessEqual(self.parts_received(), PARTS + 8)
        self.assert_counts(upload_requests=1, complete_requests=1, abort_requests=0)

    def test_starts_over_when_the_urls_no_longer_live_long_enough(self):
        self.portal.set(expires_in=122)
        self.stop_in_the_middle()
        # Three seconds after they were given they live for less than two minutes.
        until(lambda: self.portal.state()["ms"] > 3000, "the time has passed")
        daemon = self.site.start()
        self.finish(daemon)
        self.assertEqual(self.count_of(daemon, "upload.started_over"), 1)
        self.assert_counts(upload_requests=2, complete_requests=1, abort_requests=1)


class TroubleTest(MultipartCase):
    def test_parts_that_fail_are_sent_again(self):
        self.portal.fault("part", {"status": 503}, times=2)
        self.portal.fault("part", {"close_after_bytes": 1000}, times=2)
        self.portal.fault("part", {"lost_answer": True}, times=1)
        self.finish(self.drop())
        self.assert_counts(upload_requests=1, complete_requests=1, abort_requests=0)

    def test_urls_that_expire_are_replaced_by_a_new_upload(self):
        self.portal.fault("part", {"status": 403}, times=1, skip=5)
        self.finish(self.drop())
        self.assert_counts(upload_requests=2, complete_requests=1, abort_requests=1)

    def test_an_abort_is_tried_until_the_portal_takes_it(self):
        self.portal.fault("part", {"status": 403}, times=1, skip=5)
        self.portal.fault("abort", {"status": 503}, times=2)
        daemon = self.drop()
        self.folder.wait_for_receipt(seconds=60)
        until(lambda: self.portal.counters()["abort_requests"] == 3, "the abort is tried a third time")
        self.finish(daemon)

    def test_an_abort_that_is_left_is_done_by_the_next_run(self):
        self.portal.fault("part", {"status": 403}, times=1, skip=5)
        self.portal.fault("abort", {"status": 503}, times=FOREVER)
        daemon = self.drop()
        self.folder.wait_for_receipt(seconds=60)
        until(lambda: self.site.jobs()[0]["state"] == "delivered", "the job is at its end")
        self.stop(daemon)
        self.portal.clear_faults()
        before = self.portal.counters()["abort_requests"]
        daemon = self.site.start()
        until(lambda: self.portal.counters()["abort_requests"] == before + 1, "the upload is aborted")
        self.stop(daemon)
        self.assert_one_delivery(source=sha256_of(self.source))

    def test_a_complete_whose_answer_is_lost_is_not_sent_again(self):
        self.portal.fault("complete", {"lost_answer": True})
        self.finish(self.drop())
        self.assert_counts(upload_requests=1, complete_requests=1, abort_requests=0)

    def test_a_complete_that_never_arrived_is_found_out_and_the_artifact_sent_once_more(self):
        self.portal.fault("complete", {"status": 504})
        self.finish(self.drop())
        # Whether it had arrived was unknown: what may be whole is never aborted.
        self.assert_counts(upload_requests=2, complete_requests=2, abort_requests=0)

    def test_a_complete_that_is_refused_for_now_is_asked_again(self):
        self.portal.fault("complete", {"status": 429, "headers": {"Retry-After": "1"}})
        self.finish(self.drop())
        self.assert_counts(upload_requests=1, complete_requests=2, abort_requests=0, parts_received=PARTS)

    def test_a_complete_that_is_refused_starts_the_upload_over_and_aborts_the_old_one(self):
        self.portal.fault("complete", {"status": 400, "body": '{"message": "invalid part"}'})
        daemon = self.drop()
        self.folder.wait_for_receipt(seconds=60)
        until(lambda: self.portal.counters()["uploads_aborted"] == 1, "the first upload is aborted")
        self.assertIsNone(self.site.jobs()[0]["failure"])
        self.assert_counts(upload_requests=2, objects_received=1, builds_queued=1)
        self.stop(daemon)

    def test_a_complete_that_is_refused_again_fails_the_job_and_aborts_both_uploads(self):
        self.portal.fault("complete", {"status": 400, "body": '{"message": "invalid part"}'}, times=2)
        daemon = self.drop()
        self.folder.wait_for_receipt(seconds=60)
        until(lambda: self.portal.counters()["uploads_aborted"] == 2, "both uploads are aborted")
        failure = self.site.jobs()[0]["failure"]
        self.assertEqual(failure["kind"], "portal_refused")
        self.assertIn("invalid part", failure["message"])
        self.assert_counts(objects_received=0, builds_queued=0)
        self.stop(daemon)


if __name__ == "__main__":
    runner.main()
