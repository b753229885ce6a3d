"""The count at the end of tests/run: no failure may get lost in it."""

import json
import os
import tempfile
import unittest

from tests import count_results, runner


class CountTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.events = []

    def target(self, label, status, report=None, run=1):
        outputs = [{"name": "test.log", "uri": "file:///nowhere"}]
        if report is not None:
            path = os.path.join(self.folder, f"a report {len(self.events)}.xml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(report)
            outputs.append({"name": "test.xml", "uri": "file://" + path.replace(" ", "%20")})
        self.events.append({"id": {"testResult": {"label": label, "run": run}},
                            "testResult": {"status": status, "testActionOutput": outputs}})

    def count(self):
        path = os.path.join(self.folder, "events")
        with open(path, "w", encoding="utf-8") as file:
            file.write('{"id": {"started": {}}, "started": {}}\n')
            file.writelines(json.dumps(event) + "\n" for event in self.events)
        return count_results.count(path)

    @staticmethod
    def report(*cases):
        return "<testsuites><testsuite>" + "".join(cases) + "</testsuite></testsuites>"

    GOOD = '<testcase classname="A" name="good"/>'
    BAD = '<testcase classname="A" name="bad"><failure message="x"/></testcase>'
    CRASH = '<testcase name="//a:test" status="run"><error message="exited with 139"></error></testcase>'

    def test_cases_are_counted_over_all_targets(self):
        self.target("//a:test", "PASSED", self.report(self.GOOD, self.GOOD))
        self.target("//b:test", "FAILED", self.report(self.GOOD, self.BAD))
        self.assertEqual(self.count(), (3, 1, ["//b:test: A.bad"]))

    def test_each_run_of_a_target_counts(self):
        self.target("//a:test", "PASSED", self.report(self.GOOD), run=1)
        self.target("//a:test", "FAILED", self.report(self.BAD), run=2)
        self.assertEqual(self.count()[:2], (1, 1))

    def test_a_second_attempt_replaces_the_first(self):
        self.target("//a:test", "FAILED", self.report(self.BAD))
        self.target("//a:test", "PASSED", self.report(self.GOOD))
        self.assertEqual(self.count()[:2], (1, 0))

    def test_a_crash_is_one_failure(self):
        self.target("//a:test", "FAILED", self.report(self.CRASH))
        self.assertEqual(self.count()[:2], (0, 1))

    def test_a_crash_without_a_report_is_one_failure(self):
        self.target("//a:test", "FAILED")
        self.target("//b:test", "TIMEOUT", "not XML")
        self.assertEqual(self.count()[:2], (0, 2))

    def test_good_cases_with_a_bad_end_are_a_failure(self):
        self.target("//a:test", "FAILED", self.report(self.GOOD))
        passed, failed, lines = self.count()
        self.assertEqual((passed, failed), (1, 1))
        self.assertIn("failed outside of its cases", lines[0])

    def test_a_target_that_ran_nothing_is_a_failure(self):
        self.target("//a:test", "PASSED", self.report())
        self.assertEqual(self.count()[:2], (0, 1))

    def test_nothing_at_all_is_nothing(self):
        self.assertEqual(self.count(), (0, 0, []))


if __name__ == "__main__":
    runner.main()
