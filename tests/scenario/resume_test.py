"""A download that breaks off goes on where it was: only what is missing travels, and what cannot be trusted comes again."""

import os
import signal

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.site import sha256_of
from tests.scenario.harness.wait import until

FOREVER = 1_000_000
# Behind the first bytes that are appended at once, and not at their edge.
CUT = 700_001


class ResumeCase(ScenarioCase):
    def setUp(self):
        super().setUp()
        self.source = self.artifacts.apk(size=2 << 20)

    def drop(self):
        daemon = self.site.start()
        self.folder.drop(self.source, "app.apk")
        return daemon

    def wait_until_ended(self, seconds=60):
        """The receipt stands before what was staged is tidied: this is the job's last word."""
        until(lambda: [one for program in self.site.programs for one in self.site.log_events(program)
                       if one["event"] in ("job.delivered", "job.failed")], "the job has ended", seconds)

    def gets(self):
        """Every request for the output, in order."""
        return [one for one in self.portal.requests() if one["endpoint"] == "get"]

    def size_once_built(self):
        return until(lambda: [one["output_size"] for one in self.portal.state()["builds"] if one["output_size"]],
                     "the output is built")[0]

    def size(self):
        return self.portal.state()["builds"][0]["output_size"]

    def expect_delivered(self, gets, seconds=60):
        """One whole delivery; the requests were these: (status, the first byte asked for, bytes sent)."""
        self.wait_until_ended(seconds)
        self.assert_one_delivery(source=sha256_of(self.source))
        seen = [(one["status"], self.first_byte(one), one["bytes_sent"]) for one in self.gets()]
        self.assertEqual(seen, gets)
        self.assertEqual(self.portal.state()["faults_left"], 0, "the trouble has happened")
        self.assertEqual(self.folder.failures(), {})
        self.assertEqual(self.staged(), [], "nothing is left in staging")
        self.assertEqual(self.output_room("quarantine"), [])

    @staticmethod
    def first_byte(request):
        if request["range"] is None:
            return 0
        assert request["range"].startswith("bytes=") and request["range"].endswith("-"), request
        return int(request["range"][len("bytes="):-1])

    def output_room(self, room):
        try:
            return os.listdir(os.path.join(self.folder.output, self.folder.rooms, room))
        except FileNotFoundError:
            return []

    def staged(self):
        return self.output_room("staging")


class CutTest(ResumeCase):
    def test_cut_in_the_middle_only_the_missing_bytes_travel(self):
        self.portal.fault("get", {"close_after_bytes": CUT})
        daemon = self.drop()
        self.expect_delivered([(200, 0, CUT), (206, CUT, self.size_once_built() - CUT)])
        self.stop(daemon)

    def test_cut_again_and_again_each_goes_on_behind_the_last(self):
        self.portal.fault("get", {"close_after_bytes": CUT})
        self.portal.fault("get", {"close_after_bytes": 100_000, "reset": True})
        self.portal.fault("get", {"close_after_bytes": 1})
        daemon = self.drop()
        size = self.size_once_built()
        self.expect_delivered([(200, 0, CUT), (206, CUT, 100_000), (206, CUT + 100_000, 1),
                               (206, CUT + 100_001, size - CUT - 100_001)])
        self.stop(daemon)

    def test_url_that_is_refused_in_between_is_replaced_and_nothing_is_lost(self):
        self.portal.fault("get", {"close_after_bytes": CUT})
        self.portal.fault("get", {"status": 403, "body": "<Error><Code>AccessDenied</Code></Error>"})
        self.portal.fault("get", {"status": 503})
        daemon = self.drop()
        size = self.size_once_built()
        self.wait_until_ended(60)
        self.assertGreaterEqual(self.portal.counters()["download_requests"], 4, "each try has a URL of its own")
        refused = [one for one in self.gets() if one["status"] in (403, 503)]
        self.assertEqual([self.first_byte(one) for one in refused], [CUT, CUT])
        last = self.gets()[-1]
        self.assertEqual((last["status"], self.first_byte(last), last["bytes_sent"]), (206, CUT, size - CUT))
        self.assert_one_delivery(source=sha256_of(self.source))
        self.stop(daemon)


class WholeAgainTest(ResumeCase):
    """What cannot be asked for by its bytes, or is answered otherwise, comes whole."""

    def cut_then_whole(self, **switches):
        self.portal.set(**switches)
        self.portal.fault("get", {"close_after_bytes": CUT})
        daemon = self.drop()
        size = self.size_once_built()
        self.wait_until_ended(60)
        self.stop(daemon)
        return size

    def test_weak_etag_is_not_relied_upon(self):
        size = self.cut_then_whole(download_etag="weak")
        self.expect_delivered([(200, 0, CUT), (200, 0, size)])

    def test_without_an_etag_nothing_is_relied_upon(self):
        size = self.cut_then_whole(download_etag="none")
        self.expect_delivered([(200, 0, CUT), (200, 0, size)])

    def test_etag_that_changes_brings_the_whole_in_the_same_answer(self):
        size = self.cut_then_whole(download_etag="changes")
        self.expect_delivered([(200, 0, CUT), (200, CUT, size)])

    def test_store_that_ignores_ranges_brings_the_whole_in_the_same_answer(self):
        size = self.cut_then_whole(honour_range=False)
        self.expect_delivered([(200, 0, CUT), (200, CUT, size)])

    def wrong_part(self, action):
        self.portal.fault("get", {"close_after_bytes": CUT})
        self.portal.fault("get", action)
        daemon = self.drop()
        size = self.size_once_built()
        self.wait_until_ended(60)
        self.stop(daemon)
        self.assert_one_delivery(source=sha256_of(self.source))
        seen = [(one["status"], self.first_byte(one)) for one in self.gets()]
        self.assertEqual(seen, [(200, 0), (206, CUT), (200, 0)])
        self.assertEqual(self.gets()[-1]["bytes_sent"], size)
        self.assertEqual(self.portal.state()["faults_left"], 0)
        self.assertEqual((self.staged(), self.output_room("quarantine")), ([], []))

    def test_part_of_another_place_is_not_taken(self):
        self.wrong_part({"content_range": f"bytes {CUT - 1}-999999/1000000"})

    def test_part_that_does_not_say_which_is_not_taken(self):
        self.wrong_part({"content_range": ""})

    def test_part_of_other_bytes_by_its_etag_is_not_taken(self):
        self.wrong_part({"etag": '"somebody-elses"'})


class KilledTest(ResumeCase):
    def kill(self, daemon):
        daemon.send(signal.SIGKILL)
        daemon.wait(10)

    def cut_and_killed(self):
        """A cut is on record, and the daemon dies while it waits for its next try."""
        self.portal.fault("get", {"close_after_bytes": CUT})
        daemon = self.drop()
        self.portal.fault("get", {"status": 503}, times=FOREVER)
        until(lambda: len(self.gets()) >= 2, "the cut is on record, and the next try is refused")
        self.kill(daemon)
        self.portal.clear_faults()
        return len(self.gets())

    def test_killed_after_a_cut_the_next_life_goes_on_behind_it(self):
        before = self.cut_and_killed()
        daemon = self.site.start()
        self.wait_until_ended(60)
        self.assert_one_delivery(source=sha256_of(self.source))
        after = self.gets()[before:]
        self.assertEqual([(one["status"], self.first_byte(one), one["bytes_sent"]) for one in after],
                         [(206, CUT, self.size() - CUT)])
        self.assertEqual(self.staged(), [])
        self.stop(daemon)

    def test_killed_again_in_the_middle_of_the_rest_it_goes_on_from_what_is_on_record(self):
        before = self.cut_and_killed()
        self.portal.set(download_bytes_per_second=200_000)
        daemon = self.site.start()
        until(lambda: len(self.gets()) > before and self.gets()[-1]["bytes_sent"] > 100_000, "the rest is under way")
        self.kill(daemon)
        self.portal.set(download_bytes_per_second=0)
        daemon = self.site.start()
        self.wait_until_ended(60)
        self.assert_one_delivery(source=sha256_of(self.source))
        last = self.gets()[-1]
        self.assertEqual((last["status"], self.first_byte(last), last["bytes_sent"]), (206, CUT, self.size() - CUT))
        self.assertEqual(self.staged(), [])
        self.stop(daemon)

    def test_killed_and_its_staged_file_damaged_behind_what_is_on_record(self):
        self.cut_and_killed()
        [name] = self.staged()
        with open(os.path.join(self.folder.output, self.folder.rooms, "staging", name), "r+b") as file:
            file.seek(CUT)
            file.write(b"never synced" * 1000)
        daemon = self.site.start()
        self.wait_until_ended(60)
        self.assert_one_delivery(source=sha256_of(self.source))
        self.stop(daemon)

    def test_killed_and_its_staged_file_taken_away_it_begins_again(self):
        before = self.cut_and_killed()
        [name] = self.staged()
        os.remove(os.path.join(self.folder.output, self.folder.rooms, "staging", name))
        daemon = self.site.start()
        self.wait_until_ended(60)
        self.assert_one_delivery(source=sha256_of(self.source))
        self.assertEqual([(one["status"], self.first_byte(one)) for one in self.gets()[before:]], [(200, 0)])
        self.stop(daemon)

    def test_killed_without_any_cut_it_begins_again_and_leaves_nothing(self):
        self.portal.set(download_bytes_per_second=200_000)
        daemon = self.drop()
        until(lambda: self.gets() and self.gets()[-1]["bytes_sent"] > 100_000, "the download is under way")
        self.kill(daemon)
        self.portal.set(download_bytes_per_second=0)
        daemon = self.site.start()
        self.wait_until_ended(60)
        self.assert_one_delivery(source=sha256_of(self.source))
        self.assertEqual(self.staged(), [])
        self.stop(daemon)


class BadOutputTest(ResumeCase):
    def test_four_bad_outputs_fail_the_job_and_the_last_one_is_kept_for_a_person(self):
        self.portal.fault("get", {"short_by": 100}, times=4)
        daemon = self.drop()
        self.wait_until_ended(90)
        _, failed = self.folder.wait_for_failure()
        self.assertEqual(failed["failure"]["kind"], "validation_failed")
        self.assertEqual([(one["status"], one["range"]) for one in self.gets()], [(200, None)] * 4)
        self.assertEqual(len(self.output_room("quarantine")), 1)
        self.assertEqual(self.staged(), [])
        self.assertEqual(self.folder.traces(), {})
        self.stop(daemon)

    def test_fourth_output_may_be_the_good_one(self):
        self.portal.fault("get", {"corrupt_at": 100}, times=3)
        daemon = self.drop()
        self.wait_until_ended(90)
        self.expect_delivered([(200, 0, self.size())] * 4)
        self.stop(daemon)


if __name__ == "__main__":
    runner.main()
