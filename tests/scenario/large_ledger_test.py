"""A ledger of more jobs than can be looked over before each start: damage is found while the daemon works, and ends it."""

import os
import sqlite3

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.full_ledger import multiply
from tests.scenario.harness.service_manager import ServiceManager
from tests.scenario.harness.wait import until

PAGE = 4096


class LargeLedgerTest(ScenarioCase):
    def setUp(self):
        super().setUp()
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_receipt()
        until(lambda: self.site.jobs()[0]["state"] == "delivered", "the job is at its end")
        self.stop(daemon)
        multiply(self.site.state_dir, 15_000)
        self.ledger = os.path.join(self.site.state_dir, "ledger.sqlite")
        self.mark = os.path.join(self.site.state_dir, "ledger.looked")
        self.assertGreater(os.path.getsize(self.ledger), 32 << 20)
        self.manager = ServiceManager(self.site.root)
        self.addCleanup(self.manager.close)

    def damage(self, page=None):
        """One of the pages; without a number one in the middle, among the rows of jobs that were delivered."""
        at = os.path.getsize(self.ledger) // PAGE // 2 if page is None else page - 1
        with open(self.ledger, "r+b") as file:
            file.seek(at * PAGE)
            file.write(b"\xee" * PAGE)

    def decay(self, page=None):
        """As a disk does it: no stamp of the file tells."""
        self.damage(page)
        stat = os.stat(self.ledger)
        with open(self.mark, "w", encoding="utf-8") as file:
            file.write(f"{stat.st_ino} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}\n")

    def said_of_the_ledger(self, daemon):
        return [one["event"] for one in self.site.log_events(daemon) if one["event"].startswith("ledger.")]

    def wait_until_said_of_the_ledger(self, daemon, events):
        until(lambda: self.said_of_the_ledger(daemon) == events, "it is looked over beside the work")

    def start_under_a_manager(self):
        self.manager.forget()
        return self.site.start(extra_environment=self.manager.environment)

    def assert_refused(self, daemon, words):
        self.assertEqual(daemon.wait(seconds=30), 78)
        said = [one["message"] for one in self.site.log_events(daemon) if one["event"] == "ledger.unusable"]
        self.assertEqual(len(said), 1)
        self.assertIn("put a backup in their place", said[0])
        self.assertIn(words, said[0])

    def test_a_whole_one_is_worked_with_as_any_other_and_marked_at_the_end(self):
        # The first finds one that others have written into, the second one with a mark.
        for count, said in ((2, []), (3, ["ledger.looked_over"])):
            daemon = self.site.start_and_watch()
            self.assertFalse(os.path.exists(self.mark), "gone before the first write")
            self.folder.drop(self.artifacts.apk(), f"another{count}.apk")
            self.folder.wait_for_receipt(count)
            self.wait_until_said_of_the_ledger(daemon, said)
            self.stop(daemon)
            self.assertEqual(self.said_of_the_ledger(daemon), said)
            self.assertTrue(os.path.exists(self.mark))

    def test_damage_that_is_found_beside_the_work_ends_it_with_78_and_is_refused_from_then_on(self):
        self.decay()
        daemon = self.start_under_a_manager()
        self.assert_refused(daemon, "compare the build history in the portal")
        self.assertIn("READY=1", self.manager.read(), "it did not wait for the whole of it to be read")
        again = self.start_under_a_manager()
        self.assert_refused(again, "nothing was changed")
        self.assertNotIn("READY=1", self.manager.read())

    def test_damage_among_what_a_start_reads_is_refused_and_no_disk_waited_for(self):
        ledger = sqlite3.connect(self.ledger)
        page, = ledger.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'folders'").fetchone()
        ledger.close()
        self.decay(page)
        daemon = self.start_under_a_manager()
        self.assert_refused(daemon, "nothing was changed")
        self.assertNotIn("READY=1", self.manager.read())

    def test_a_damaged_file_that_somebody_has_written_is_refused_before_anything_is_done(self):
        self.stop(self.site.start_and_watch())
        self.assertTrue(os.path.exists(self.mark))
        self.damage()
        daemon = self.start_under_a_manager()
        self.assert_refused(daemon, "nothing was changed")
        self.assertNotIn("READY=1", self.manager.read())

    def test_after_a_death_it_is_looked_over_before_anything_is_done(self):
        daemon = self.site.start_and_watch()
        self.portal.set(hold_builds=True)
        self.folder.drop(self.artifacts.apk(), "another.apk")
        until(lambda: self.portal.counters()["builds_queued"] == 2, "it is sent")
        daemon.kill()
        self.damage()
        daemon = self.start_under_a_manager()
        self.assert_refused(daemon, "nothing was changed")
        self.assertNotIn("READY=1", self.manager.read())


if __name__ == "__main__":
    runner.main()
