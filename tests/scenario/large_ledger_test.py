"""A ledger of more jobs than can be looked over before the start: damage is found while the daemon works, and ends it."""

import os

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
        self.assertGreater(os.path.getsize(self.ledger), 32 << 20)

    def damage(self):
        """A page in the middle, among the rows of jobs that were delivered."""
        with open(self.ledger, "r+b") as file:
            file.seek(os.path.getsize(self.ledger) // PAGE // 2 * PAGE)
            file.write(b"\xee" * PAGE)

    def test_a_whole_one_is_worked_with_as_any_other(self):
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(), "another.apk")
        self.folder.wait_for_receipt(2)
        self.stop(daemon)
        self.assertEqual([one for one in self.site.log_events(daemon) if one["event"].startswith("ledger.")], [])

    def test_a_damaged_one_ends_the_daemon_with_78_and_the_way_back(self):
        self.damage()
        manager = ServiceManager(self.site.root)
        self.addCleanup(manager.close)
        daemon = self.site.start(extra_environment=manager.environment)
        self.assertEqual(daemon.wait(seconds=30), 78)
        self.assertIn("READY=1", manager.read(), "it did not wait for the whole of it to be read")
        said = [one["message"] for one in self.site.log_events(daemon) if one["event"] == "ledger.unusable"]
        self.assertEqual(len(said), 1)
        self.assertIn("put a backup in their place", said[0])

    def test_after_a_death_it_is_looked_over_before_anything_is_done(self):
        daemon = self.site.start_and_watch()
        self.portal.set(hold_builds=True)
        self.folder.drop(self.artifacts.apk(), "another.apk")
        until(lambda: self.portal.counters()["builds_queued"] == 2, "it is sent")
        daemon.kill()
        self.damage()
        manager = ServiceManager(self.site.root)
        self.addCleanup(manager.close)
        daemon = self.site.start(extra_environment=manager.environment)
        self.assertEqual(daemon.wait(seconds=30), 78)
        self.assertNotIn("READY=1", manager.read())


if __name__ == "__main__":
    runner.main()
