"""A portal that is silent for two minutes: `run --once` ends with 69, and the work is kept. Takes those two minutes."""

import time

from tests import runner
from tests.scenario.harness.case import ScenarioCase


class SilentPortalTest(ScenarioCase):
    def test_69_when_the_portal_is_silent_for_two_minutes(self):
        self.portal.set(portal_down=True)
        self.folder.drop(self.artifacts.apk(), "app.apk")
        begun = time.monotonic()
        done = self.site.run("run", "--once", seconds=240)
        waited = time.monotonic() - begun
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertGreater(waited, 100)
        self.portal.set(portal_down=False)
        done = self.site.run("run", "--once")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_one_delivery()


if __name__ == "__main__":
    runner.main()
