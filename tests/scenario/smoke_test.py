"""The main path in short, for builds with a sanitizer: in, out, refused, stopped and started again."""

from tests import runner
from tests.scenario.harness.case import ScenarioCase


class SmokeTest(ScenarioCase):
    folders = ("first", "second")

    def test_deliveries_a_refusal_a_restart_and_the_commands(self):
        first, second = self.site.folders
        self.assertEqual(self.site.run("check").returncode, 0)
        self.portal.set(hold_builds=True)
        daemon = self.site.start()
        first.drop(self.artifacts.apk(size=1 << 20), "app.apk", commit="a" * 40)
        self.site.wait_for_state("building")
        self.stop(daemon)
        self.portal.set(hold_builds=False)
        daemon = self.site.start()
        second.drop(self.artifacts.ipa(), "app.ipa")
        second.drop(self.artifacts.ipa(), "wrong.aab")
        first.wait_for_receipt(seconds=60)
        second.wait_for_receipt(2, seconds=60)
        self.assertEqual(sorted(one["state"] for one in second.receipts().values()), ["delivered", "failed"])
        self.assertEqual(first.wait_for_trace()["commit_sha"], "a" * 40)
        self.assertEqual(len(self.site.jobs()), 3)
        self.stop(daemon)
        self.assert_counts(objects_received=2, builds_queued=2)

    def test_run_once(self):
        self.folder.drop(self.artifacts.aab(), "app.aab")
        done = self.site.run("run", "--once", seconds=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_one_delivery()


if __name__ == "__main__":
    runner.main()
