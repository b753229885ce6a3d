"""What one process costs: told of it alone, not of the one that measures."""

import json
import os
import subprocess
import tempfile
import unittest

from tests import runner
from tests.bench.artifact import Artifacts

MEASURE = "MEASURE"


class MeasureTest(unittest.TestCase):
    def measure(self, *command):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "run.json")
            done = subprocess.run([os.path.abspath(os.environ[MEASURE]), path, *command], check=False, capture_output=True)
            with open(path, encoding="ascii") as file:
                run = json.load(file)
            self.assertEqual(run["code"], done.returncode)
            return run

    def test_the_end_is_the_program_s_own(self):
        self.assertEqual(self.measure("sh", "-c", "exit 7")["code"], 7)
        self.assertEqual(self.measure("sh", "-c", "kill -9 $$")["code"], 137)
        self.assertEqual(self.measure("/no/such/program")["code"], 125)

    def test_peak_memory_is_not_that_of_python(self):
        ballast = b"x" * (64 << 20)
        self.assertLess(self.measure("true")["rss_kib"], 8 << 10)
        del ballast
        self.assertGreater(self.measure("/usr/bin/python3", "-c", "b'x' * (40 << 20)")["rss_kib"], 40 << 10)

    def test_time_is_of_the_process(self):
        run = self.measure("/usr/bin/python3", "-c", "import time\nwhile time.process_time() < 0.3: pass")
        self.assertGreaterEqual(run["user"] + run["system"], 0.3)
        self.assertGreaterEqual(run["wall"], 0.2)


class ArtifactTest(unittest.TestCase):
    def test_an_apk_has_exactly_the_size_and_the_entries(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Artifacts(folder).make(1_000_003)
            self.assertEqual(os.path.getsize(path), 1_000_003)
            listed = subprocess.run(["unzip", "-t", path], check=True, capture_output=True, text=True).stdout
            self.assertIn("AndroidManifest.xml", listed)
            subprocess.run(["aapt2", "dump", "packagename", path], check=True, capture_output=True)

    def test_another_number_is_another_artifact_of_the_same_size(self):
        with tempfile.TemporaryDirectory() as folder:
            artifacts = Artifacts(folder)
            made = []
            for number in (0, 1, 2):
                with open(artifacts.make(1_000_003, number), "rb") as file:
                    made.append(file.read())
            self.assertEqual([len(one) for one in made], [1_000_003] * 3)
            self.assertEqual(len(set(made)), 3)


if __name__ == "__main__":
    runner.main()
