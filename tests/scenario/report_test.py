"""`tegodrop report` on the built binary: what it tells of real deliveries and failures, beside the daemon and without it."""

import json
import os
import re
import resource
import stat

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.full_ledger import multiply
from tests.scenario.harness.html_check import Checked
from tests.scenario.harness.wait import PATIENCE, until

HOSTILE = "a<script>alert(1)</script>&\"'.apk"


def children_cpu():
    """What the commands so far have had of the processor, in seconds."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class ReportTest(ScenarioCase):
    folders = ("first", "second")

    def report(self, *arguments, code=0):
        done = self.site.run("report", *arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout

    def document(self, *arguments):
        document = json.loads(self.report("--json", *arguments))
        self.assertEqual(document["schema"], "tegodrop-report/1")
        return document

    def page(self, *arguments):
        """The page, which is sound."""
        page = self.report("--html", "-", *arguments)
        checked = Checked(page)
        self.assertEqual(checked.faults, [])
        return checked

    def finished(self, count):
        return [one for one in self.site.jobs() if one["state"] in ("delivered", "failed", "cancelled")][count - 1:]

    def deliver_and_fail(self):
        """One delivered, one whose build fails, one refused; the daemon, which goes on."""
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(), "good.apk", commit="c" * 40)
        self.folder.wait_for_receipt()
        self.portal.set(fail_build="Unsupported native library")
        self.folder.drop(self.artifacts.apk(version_code=2), "bad.apk")
        self.folder.wait_for_receipt(2)
        self.portal.set(fail_build="")
        self.folder.drop(self.artifacts.apk(version_code=3), HOSTILE.replace("/", "|"), sha256="0" * 64 + "\n")
        self.folder.wait_for_receipt(3)
        until(lambda: len([one for one in self.document()["jobs"] if one["record"]]) == 2, "what failed is put away")
        return daemon

    def test_it_tells_what_was_delivered_what_failed_and_why(self):
        daemon = self.deliver_and_fail()
        document = self.document()
        self.assertEqual(document["verdict"], "1 delivered, 1 failed, 1 refused: 2 things to do")
        self.assertEqual(document["counts"], {"delivered": 1, "failed": 1, "refused": 1, "cancelled": 0, "duplicates": 0,
                                              "wait": 0, "at_work": 0})
        self.assertEqual([(one["name"], one["state"]) for one in document["folders"]], [("first", "ok"), ("second", "ok")])
        self.assertTrue(document["daemon"]["running"])
        self.assertEqual(document["daemon"]["process"], str(daemon.pid))
        jobs = {one["file_name"]: one for one in document["jobs"]}
        good, bad, refused = jobs["good.apk"], jobs["bad.apk"], jobs[HOSTILE.replace("/", "|")]
        trace = next(iter(self.folder.traces()))
        self.assertEqual(good["trace"], os.path.join(self.folder.output, trace))
        self.assertEqual((good["outcome"], good["commit_sha"]), ("delivered", "c" * 40))
        self.assertGreater(good["took_ms"], good["build_ms"])
        self.assertGreaterEqual(good["build_ms"], 0)
        self.assertEqual([one["phase"] for one in good["phases"]], ["waiting", "uploading", "building", "delivering"])
        self.assertEqual((bad["outcome"], bad["failure"]["kind"]), ("failed", "build_failed"))
        self.assertIn("Unsupported native library", json.dumps(bad["failure"]))
        self.assertTrue(os.path.isfile(bad["record"]))
        self.assertEqual((refused["outcome"], refused["failure"]["kind"]), ("refused", "checksum"))
        for one in (bad, refused):
            self.assertTrue(one["failure"]["remedy"])
            self.assertIn(one["file_name"], os.listdir(one["artifact_in"]))
        self.assertEqual((document["builds"][0]["version"], document["builds"][0]["platform"]), ("production", "android"))
        self.check_text(good, bad)
        self.check_page()
        self.stop(daemon)

    def check_text(self, good, bad):
        text = self.report()
        self.assertEqual(text.splitlines()[0], "1 delivered, 1 failed, 1 refused: 2 things to do")
        for part in ("the daemon runs since", good["trace"], bad["failure"]["message"], bad["artifact_in"], "folder second  ok"):
            self.assertIn(part, text)

    def check_page(self):
        page = self.page()
        self.assertIn("1 delivered, 1 failed, 1 refused: 2 things to do", page.text)
        self.assertIn("Unsupported native library", page.text)
        self.assertIn("a<script>alert(1)<|script>", page.text, "as words")
        self.assertEqual(page.tags.count("table"), page.tags.count("caption"))

    def test_what_waits_is_told_with_what_for_and_an_absent_daemon_is_something_to_do(self):
        self.portal.set(hold_builds=True)
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.site.wait_for_state("building")
        document = self.document()
        self.assertEqual(document["verdict"], "0 delivered, 1 waits: nothing to do")
        self.assertIn("the build", document["jobs"][0]["waiting_for"])
        self.assertEqual(self.site.run("pause", "second").returncode, 0)
        self.assertEqual([one["state"] for one in self.document()["folders"]], ["ok", "paused"])
        self.assertEqual(self.site.run("resume").returncode, 0)
        self.stop(daemon)
        before = self.site.snapshot()
        document = self.document()
        self.assertEqual(document["verdict"], "0 delivered, 1 waits: 1 thing to do")
        self.assertIs(document["daemon"]["running"], False)
        self.assertIn("no daemon runs", document["to_do"][0])
        self.page()
        self.assertEqual(self.site.snapshot(), before, "it writes nothing")

    def test_where_nothing_happened_it_says_so(self):
        text = self.report()
        self.assertEqual(text.splitlines()[0], "nothing was dropped, delivered or failed: 2 things to do")
        self.assertIn("no daemon runs, and none has run yet", text)
        daemon = self.site.start_and_watch()
        text = self.report("--since", "1h")
        self.assertEqual(text.splitlines()[0], "nothing was dropped, delivered or failed: nothing to do")
        self.assertRegex(text, r"the daemon runs since \w{3} [ 0-9]\d \w{3} \d\d:\d\d \(process \d+\)")
        self.assertNotIn("svg", self.page().tags)
        self.stop(daemon)

    def test_since_says_how_far_back(self):
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_receipt()
        until(lambda: self.finished(1), "it has come to its end")
        self.assertEqual(self.document("--since", "1h")["counts"]["delivered"], 1)
        until(lambda: self.document("--since", "1ms")["counts"]["delivered"] == 0, "a millisecond has passed")
        for wrong in ("yesterday", "0s", "12", "99999d"):
            self.report("--since", wrong, code=64)
        self.report("--json", "--html", "-", code=64)
        self.stop(daemon)

    def test_the_page_appears_whole_in_its_file(self):
        daemon = self.deliver_and_fail()
        self.stop(daemon)
        folder = os.path.join(self.site.root, "pages")
        os.mkdir(folder)
        path = os.path.join(folder, "report.html")
        self.assertEqual(self.report("--html", path), "1 delivered, 1 failed, 1 refused: 2 things to do\n")
        with open(path, encoding="utf-8") as file:
            first = file.read()
        self.assertEqual(Checked(first).faults, [])
        os.chmod(path, 0o600)
        json.loads(self.report("--html", path, "--json"))
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600, "who may read it stays as it was")
        self.assertEqual(os.listdir(folder), ["report.html"])

    def test_a_page_that_cannot_be_written_is_73_and_nothing_is_left(self):
        folder = os.path.join(self.site.root, "pages")
        os.mkdir(folder)
        os.mkfifo(os.path.join(folder, "fifo"))
        for path in (folder, os.path.join(folder, "fifo"), os.path.join(folder, "nowhere", "report.html"), folder + "/"):
            with self.subTest(path=path):
                self.assertEqual(self.report("--html", path, code=73), "")
        self.assertEqual(os.listdir(folder), ["fifo"])

    def test_a_ledger_that_cannot_be_read_is_78(self):
        with open(os.path.join(self.site.state_dir, "ledger.sqlite"), "wb") as file:
            file.write(b"x" * 8192)
        self.report(code=78)

    def test_ten_thousand_jobs_are_told_in_a_second_and_the_text_fits_a_mail(self):
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_receipt()
        until(lambda: self.finished(1), "it has come to its end")
        self.stop(daemon)
        multiply(self.site.state_dir, 10_000)
        for arguments in ((), ("--json",), ("--html", "-")):
            with self.subTest(arguments=arguments):
                before = children_cpu()
                told = self.report(*arguments)
                took = children_cpu() - before
                print(f"10,001 jobs, report {' '.join(arguments)}: {took:.2f} s of the processor, {len(told)} characters")
                # The processor's time, since other tests run beside it.
                self.assertLess(took, 1 * PATIENCE)
        self.assertLess(len(self.report().splitlines()), 100)
        self.assertEqual(len(self.document()["jobs"]), 10_001)
        self.assertEqual(len(re.findall('scope="row"', self.report("--html", "-"))), 10_001 + 1)


if __name__ == "__main__":
    runner.main()
