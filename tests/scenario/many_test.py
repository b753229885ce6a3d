"""Many artifacts: build slots, turns of the folders, the same bytes again, what lay there before, spool and line."""

import os
import time

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.site import sha256_of
from tests.scenario.harness.wait import until


class SlotsTest(ScenarioCase):
    folders = ("big", "small")
    counts = {"big": 48, "small": 12}
    switches = {"build_seconds": 0.1, "concurrent_builds": 2}

    def drop_all(self):
        source = self.artifacts.apk(size=100_000)
        for folder in self.site.folders:
            for number in range(self.counts[folder.name]):
                folder.drop(source, f"{folder.name}-{number:02}.apk")

    def test_two_slots_are_shared_in_turns_with_few_refusals(self):
        self.drop_all()
        daemon = self.site.start()
        for folder in self.site.folders:
            folder.wait_for_receipt(self.counts[folder.name], seconds=240)
        total = sum(self.counts.values())
        self.assert_counts(objects_received=total, builds_queued=total)
        counters = self.portal.counters()
        refused = counters["upload_requests"] - counters["uploads_granted"]
        self.assertLessEqual(refused, 10, "429 is learned from")
        requests = counters["upload_requests"] + counters["download_requests"] + counters["complete_requests"]
        self.assertLessEqual(requests, 4 * total)
        # Admission goes on beside the first uploads: from then on the small folder has every second turn.
        order = [one["name"].split("-")[0] for one in self.portal.state()["builds"]]
        self.assertIn("small", order[:8], order)
        last_small = max(at for at, name in enumerate(order) if name == "small")
        self.assertLess(last_small, 40, f"48 drops of one folder keep 12 of another waiting: {order}")
        self.stop(daemon)

    def test_a_configured_number_is_never_exceeded_and_never_refused(self):
        self.counts = {"big": 10, "small": 2}
        self.site.settings["limits"] = {"concurrent_builds": 2}
        self.site.write_config()
        self.drop_all()
        daemon = self.site.start()
        for folder in self.site.folders:
            folder.wait_for_receipt(self.counts[folder.name], seconds=120)
        counters = self.portal.counters()
        self.assertEqual(counters["upload_requests"], 12)
        self.assertEqual(counters["uploads_granted"], 12)
        self.stop(daemon)

    def test_what_waits_for_a_slot_says_so(self):
        self.counts = {"big": 4, "small": 0}
        self.portal.set(hold_builds=True)
        self.drop_all()
        daemon = self.site.start()
        self.site.wait_until_it_waits_for("a free build slot or quota at the portal: .*concurrent")
        # A third may have been granted while the second one's bytes were still on their way.
        until(lambda: self.portal.counters()["builds_queued"] >= 2, "two build")
        self.portal.set(hold_builds=False)
        self.site.folders[0].wait_for_receipt(4, seconds=60)
        self.stop(daemon)


class QuotaTest(ScenarioCase):
    switches = {"build_seconds": 0.1}

    def test_somebody_elses_builds_are_waited_for_with_seldom_questions(self):
        self.portal.fault("upload_request", {"status": 429, "headers": {"Retry-After": "1"}, "body": "{}"}, times=2)
        source = self.artifacts.apk(size=100_000)
        for number in range(6):
            self.folder.drop(source, f"app-{number}.apk")
        daemon = self.site.start()
        self.folder.wait_for_receipt(6, seconds=60)
        self.assert_counts(builds_queued=6, upload_requests=8)
        self.stop(daemon)


class SameBytesTest(ScenarioCase):
    def setUp(self):
        super().setUp()
        self.site.configure(same_bytes="skip")

    def test_a_drop_of_delivered_bytes_gives_a_receipt_and_no_build(self):
        source = self.artifacts.apk()
        daemon = self.site.start()
        self.folder.drop(source, "first.apk")
        first = self.folder.wait_for_receipt()
        self.folder.drop(source, "second.apk")
        receipts = {one["file_name"]: one for one in self.folder.wait_for_receipt(2)}
        second = receipts["second.apk"]
        self.assertEqual(second["state"], "duplicate")
        self.assertEqual(second["trace"], first["trace"])
        self.assertTrue(os.path.exists(second["trace"]))
        self.assertIsNone(second["failure"])
        self.assert_counts(builds_queued=1, upload_requests=1)
        self.assertEqual(self.folder.room_names("processed"), ["first.apk", "second.apk"])
        self.assertEqual(len(self.folder.traces()), 1)
        until(lambda: {one["state"] for one in self.site.jobs()} == {"delivered"}, "both are at their end")
        jobs = {one["file_name"]: one for one in self.site.jobs()}
        self.assertEqual(jobs["second.apk"]["duplicate_of"], jobs["first.apk"]["id"])
        self.assertIsNone(jobs["first.apk"]["duplicate_of"])
        events = [one for one in self.site.log_events(daemon) if one["event"] == "job.duplicate"]
        self.assertEqual([one["duplicate_of"] for one in events], [jobs["first.apk"]["id"]])
        self.stop(daemon)

    def test_those_in_flight_wait_for_the_first_also_over_a_death(self):
        self.portal.set(hold_builds=True)
        source = self.artifacts.apk()
        daemon = self.site.start()
        self.folder.drop(source, "first.apk")
        until(lambda: self.portal.counters()["builds_queued"] == 1, "it builds")
        self.folder.drop(source, "second.apk")
        self.site.wait_until_it_waits_for("same bytes")
        daemon.kill()
        daemon = self.site.start()
        self.site.wait_until_it_waits_for("same bytes")
        self.portal.set(hold_builds=False)
        receipts = self.folder.wait_for_receipt(2)
        self.assertEqual(sorted(one["state"] for one in receipts), ["delivered", "duplicate"])
        self.assert_counts(builds_queued=1)
        self.stop(daemon)

    def test_after_a_failure_the_same_bytes_are_built(self):
        self.portal.set(fail_build="out of luck")
        source = self.artifacts.apk()
        daemon = self.site.start()
        self.folder.drop(source, "first.apk")
        self.assertEqual(self.folder.wait_for_receipt()["state"], "failed")
        self.portal.set(fail_build="")
        self.folder.drop(source, "second.apk")
        self.folder.wait_for_receipt(2)
        self.assert_counts(builds_queued=2)
        self.assertEqual(len(self.folder.traces()), 1)
        self.stop(daemon)

    def test_once_counts_a_duplicate_as_done(self):
        source = self.artifacts.apk()
        for name in ("first.apk", "second.apk"):
            self.folder.drop(source, name)
        done = self.site.run("run", "--once")
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        self.assert_counts(builds_queued=1)


class ExistingTest(ScenarioCase):
    def test_what_lay_there_first_is_left_alone_for_good_until_it_is_replaced(self):
        self.site.configure(existing="ignore")
        old = self.artifacts.apk(version_code=1)
        self.folder.drop(old, "old.apk")
        self.folder.drop(old, "other.apk")
        daemon = self.site.start_and_watch()
        until(lambda: "2 files that were there first" in (self.site.status()["folders"][0]["reason"] or ""),
              "the status says how many are ignored")
        self.folder.drop(self.artifacts.apk(version_code=2), "new.apk")
        self.folder.wait_for_receipt()
        self.stop(daemon)
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(version_code=3), "old.apk")
        receipts = self.folder.wait_for_receipt(2)
        self.assertEqual(sorted(one["file_name"] for one in receipts), ["new.apk", "old.apk"])
        self.assertEqual(self.folder.waiting_names(), ["other.apk"])
        self.assert_counts(builds_queued=2)
        self.stop(daemon)


class SpoolTest(ScenarioCase):
    def test_what_does_not_fit_waits_and_goes_on_and_what_never_fits_is_refused(self):
        self.site.settings["limits"] = {"spool": "2MiB"}
        self.site.configure(after="keep")
        self.portal.set(hold_builds=True)
        first, second = (self.artifacts.apk(size=1_500_000, version_code=code) for code in (1, 2))
        daemon = self.site.start_and_watch()
        self.folder.drop(first, "first.apk")
        until(lambda: self.portal.counters()["builds_queued"] == 1, "the first builds")
        self.folder.drop(second, "second.apk")
        until(lambda: "second.apk waits for room in the spool" in (self.site.status()["folders"][0]["reason"] or ""),
              "the status says what the second waits for")
        self.assertEqual(self.site.status()["folders"][0]["state"], "degraded")
        self.assertEqual(len(self.site.jobs()), 1)
        self.portal.set(hold_builds=False)
        until(lambda: len(self.folder.traces()) == 2, "both are delivered")
        until(lambda: self.site.status()["folders"][0]["state"] == "ok", "nothing waits any more")
        self.folder.drop(self.artifacts.apk(size=3 << 20), "huge.apk")
        _, failed = self.folder.wait_for_failure()
        self.assertEqual(failed["failure"]["kind"], "too_large")
        self.assertIn("limits.spool", failed["failure"]["message"])
        self.stop(daemon)

    def test_once_takes_all_however_small_the_spool_is(self):
        self.site.settings["limits"] = {"spool": "2MiB"}
        self.site.configure(after="keep")
        for code in range(1, 5):
            self.folder.drop(self.artifacts.apk(size=1_500_000, version_code=code), f"app-{code}.apk")
        done = self.site.run("run", "--once")
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        self.assert_counts(builds_queued=4)


class RateTest(ScenarioCase):
    def sending(self, count):
        """Seconds from the first byte asked for to the last object that is there, for `count` artifacts of 8 MiB."""
        self.site.settings["limits"] = {"upload_rate": "4MiB"}
        self.site.write_config()
        sources = [self.artifacts.apk(size=8 << 20, version_code=code + 1) for code in range(count)]
        for number, source in enumerate(sources):
            self.folder.drop(source, f"app-{number}.apk")
        daemon = self.site.start()
        until(lambda: self.portal.counters()["puts_started"] == 1 or self.portal.counters()["puts_started"] == count,
              "the upload begins", every=0.005)
        begun = time.monotonic()
        until(lambda: self.portal.counters()["objects_received"] == count, "it is there", seconds=60, every=0.005)
        seconds = time.monotonic() - begun
        self.folder.wait_for_receipt(count)
        self.assertEqual({one["source"]["sha256"] for one in self.folder.traces().values()},
                         {sha256_of(source) for source in sources})
        self.stop(daemon)
        return seconds

    def test_eight_mebibytes_at_four_a_second_take_their_time(self):
        self.assertGreaterEqual(self.sending(1), 1.5)

    def test_two_at_once_share_the_line(self):
        self.assertGreaterEqual(self.sending(2), 3.2)


if __name__ == "__main__":
    runner.main()
