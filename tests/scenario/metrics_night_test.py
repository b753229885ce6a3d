"""Prometheus' own tool has nothing to object to in the metrics file, at work and stopped."""

import subprocess

from tests import runner
from tests.scenario.harness.wait import until
from tests.scenario.metrics_test import MetricsCase


class PromtoolTest(MetricsCase):
    def check(self):
        with open(self.path, encoding="utf-8") as file:
            done = subprocess.run(["promtool", "check", "metrics"], stdin=file, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_promtool_objects_to_nothing(self):
        self.site.configure(same_bytes="skip")
        daemon = self.site.start()
        self.work()
        until(lambda: self.ends("failed") == 1, "the ends show")
        self.check()
        self.stop(daemon)
        self.check()


if __name__ == "__main__":
    runner.main()
