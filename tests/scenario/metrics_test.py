"""The metrics file of the built daemon: what it says of a day's work, over restarts and stops, and in a folder that cannot be written."""

import os
import re
import stat
import time
import unittest

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.exposition import read_metrics
from tests.scenario.harness.wait import until


class MetricsCase(ScenarioCase):
    folders = ("first", "second")

    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.site.root, "textfile", "tegodrop.prom")
        os.mkdir(os.path.dirname(self.path))
        self.site.settings["metrics_file"] = self.path
        self.site.write_config()

    def samples(self):
        with open(self.path, encoding="utf-8") as file:
            return read_metrics(file.read())[0]

    def value(self, name, **labels):
        """LookupError while there is no such sample."""
        return self.samples()[(name, frozenset(labels.items()))]

    def ends(self, result, folder="first"):
        return self.value("tegodrop_artifacts_total", folder=folder, result=result)

    def work(self):
        """A delivery, a failure and a duplicate in the first folder."""
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_receipt()
        self.folder.drop(self.artifacts.apk(), "app-again.apk")
        self.folder.drop(self.artifacts.ipa(), "bad.ipa", sha256="0" * 64)
        self.folder.wait_for_receipt(3)


class MetricsTest(MetricsCase):
    def setUp(self):
        super().setUp()
        self.site.configure(same_bytes="skip")

    def test_a_day_of_work_over_a_restart(self):
        begun = time.time()
        daemon = self.site.start()
        until(lambda: self.value("tegodrop_up") == 1, "the first metrics")
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o644)
        self.assertEqual(self.ends("delivered"), 0, "said from the beginning, so that a rate can be taken")
        self.work()
        ended = time.monotonic()
        until(lambda: (self.ends("delivered"), self.ends("failed"), self.ends("duplicate")) == (1, 1, 1), "the ends show", 3)
        self.assertLess(time.monotonic() - ended, 2)
        samples = self.samples()
        self.assertEqual({value for (name, labels), value in samples.items() if ("folder", "second") in labels
                          and name == "tegodrop_artifacts_total"}, {0})
        self.assertGreaterEqual(self.value("tegodrop_last_success_timestamp_seconds", folder="first"), int(begun))
        self.assertNotIn(("tegodrop_last_success_timestamp_seconds", frozenset({("folder", "second")})), samples)
        self.assertGreaterEqual(self.value("tegodrop_upload_bytes_total"), os.path.getsize(self.artifacts.apk()))
        self.assertGreater(self.value("tegodrop_download_bytes_total"), 0)
        self.assertEqual(self.value("tegodrop_oldest_pending_seconds"), 0)
        with open("README.md", encoding="utf-8") as file:
            self.assertEqual({name for name, _ in samples}, set(re.findall(r"`(tegodrop_\w+)", file.read())))
        self.assertLess(abs(self.value("tegodrop_clock_ahead_seconds")), 60)
        self.stop(daemon)

        # Nothing in it that looks like a daemon at work, and no counter has gone back.
        self.assertEqual(self.value("tegodrop_up"), 0)
        self.assertEqual(self.ends("delivered"), 1)
        self.assertEqual({name for name, _ in self.samples()},
                         {"tegodrop_up", "tegodrop_build_info", "tegodrop_artifacts_total", "tegodrop_last_success_timestamp_seconds"})
        daemon = self.site.start()
        until(lambda: self.value("tegodrop_up") == 1, "metrics again")
        self.assertEqual((self.ends("delivered"), self.ends("failed"), self.ends("duplicate")), (1, 1, 1))
        job = next(one["id"] for one in self.site.jobs() if one["state"] == "delivered")
        self.assertEqual(self.site.run("redeliver", job).returncode, 0)
        until(lambda: self.ends("delivered") == 2, "the second end counts too")
        self.stop(daemon)

    def test_what_is_under_way_and_what_is_wrong(self):
        self.portal.set(hold_builds=True)
        second = self.site.folders[1]
        os.rename(second.path, second.path + ".away")
        daemon = self.site.start()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.site.wait_for_state("building")
        # As by a copy that stops: what is renamed in is refused at once.
        with open(self.artifacts.apk(), "rb") as whole, open(os.path.join(self.folder.path, "half.apk"), "wb") as half:
            half.write(whole.read()[:-100])
        # Every 15 s, and nothing ends here.
        until(lambda: self.value("tegodrop_jobs", state="building") == 1, "the job shows", 20)
        until(lambda: self.value("tegodrop_files_waiting", folder="first") == 1, "the half file shows", 20)
        self.assertEqual(self.value("tegodrop_folder_up", folder="first"), 1)
        self.assertEqual(self.value("tegodrop_folder_up", folder="second"), 0)
        self.assertGreater(self.value("tegodrop_oldest_pending_seconds"), 0)
        self.assertEqual(os.listdir(os.path.dirname(self.path)), ["tegodrop.prom"])
        with open(self.path, encoding="utf-8") as file:
            self.assertNotRegex(file.read(), r"\.apk|/tmp/")
        daemon.kill()
        self.assertEqual(self.value("tegodrop_up"), 1, "what was killed says nothing more: its age tells")

    def test_a_folder_that_cannot_be_written_is_named_and_the_work_goes_on(self):
        os.rmdir(os.path.dirname(self.path))
        done = self.site.run("check")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("warning: metrics_file: cannot look at " + os.path.dirname(self.path), done.stderr)
        daemon = self.site.start()
        until(lambda: [one for one in self.site.log_events(daemon) if one["event"] == "metrics.not_written"], "it is said")
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_trace()
        self.folder.wait_for_receipt()
        os.mkdir(os.path.dirname(self.path))
        until(lambda: self.ends("delivered") == 1, "the metrics are there once the folder is", 20)
        events = [one["event"] for one in self.site.log_events(daemon) if one["event"].startswith("metrics.")]
        self.assertEqual(events, ["metrics.not_written", "metrics.back"])
        self.stop(daemon)

    def test_run_once_counts_too(self):
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.assertEqual(self.site.run("run", "--once").returncode, 0)
        self.assertEqual((self.ends("delivered"), self.value("tegodrop_up")), (1, 0))


class StrictnessTest(unittest.TestCase):
    """The reader itself: what it must not let through."""

    def test_what_a_scrape_would_object_to(self):
        good = '# HELP a_total b\n# TYPE a_total counter\na_total{c="d\\"\\\\\\n",e=""} 1\n'
        self.assertEqual(read_metrics(good), ({("a_total", frozenset({("c", 'd"\\\n'), ("e", "")})): 1.0}, {"a_total": "counter"}))
        for bad in (good[:-1], good + good, good + "a_total 2\nb 1\n", good.replace("# TYPE a_total counter\n", ""),
                    good.replace("# HELP a_total b\n", ""), good.replace("counter", "histogram"), good.replace("1\n", "one\n"),
                    good.replace("a_total", "a"), good.replace("1\n", "-1\n"), good + good.splitlines()[2] + "\n",
                    good.replace('c="d', 'c="\n"'), good.replace('e=""', 'c=""'),
                    good.replace("{", "{,"), good.replace("} 1", ",} 1")):
            with self.subTest(bad=bad), self.assertRaises(ValueError):
                read_metrics(bad)


if __name__ == "__main__":
    runner.main()
