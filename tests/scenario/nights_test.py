"""`report_dir` on the built binary: each night has its report, once, and a webhook is told its verdict."""

import datetime
import json
import os
import socket

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.html_check import Checked
from tests.scenario.harness.receiver import Receiver
from tests.scenario.harness.wait import until

UTC = datetime.timezone.utc


def clock(hours):
    return (datetime.datetime.now(UTC) + datetime.timedelta(hours=hours)).strftime("%H:%M")


class NightsTest(ScenarioCase):
    def setUp(self):
        super().setUp()
        self.reports = os.path.join(self.site.root, "reports")
        os.mkdir(self.reports)
        self.site.settings["report_dir"] = self.reports
        self.site.write_config()

    def names(self):
        return sorted(os.listdir(self.reports))

    def report(self, seconds=30):
        """The one that is there: its document, once the page is there too."""
        until(lambda: any(name.endswith(".html") for name in self.names()), "the report is there", seconds)
        json_name, = [name for name in self.names() if name.endswith(".json")]
        page_name, = [name for name in self.names() if name.endswith(".html")]
        self.assertEqual(os.path.splitext(json_name)[0], os.path.splitext(page_name)[0])
        self.assertRegex(json_name, rf"^tegodrop-{socket.gethostname()}-\d{{4}}-\d\d-\d\d-\d{{4}}(\d\d)?\.json$")
        with open(os.path.join(self.reports, page_name), encoding="utf-8") as file:
            page = Checked(file.read())
        self.assertEqual(page.faults, [])
        with open(os.path.join(self.reports, json_name), encoding="utf-8") as file:
            document = json.load(file)
        self.assertIn(document["verdict"], page.text)
        return document

    def test_when_the_window_has_closed_the_night_is_reported_once_and_told(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        webhook = os.path.join(self.site.root, "webhook")
        self.site.write_private(webhook, receiver.url + "\n")
        self.site.settings["notify"] = {"webhook_file": webhook, "on": []}
        # The window closes at the next full minute that leaves time for the delivery.
        ends = datetime.datetime.now(UTC) + datetime.timedelta(seconds=75)
        self.site.settings["schedule"] = {"window": [f"{clock(-2)}-{ends:%H:%M}"], "timezone": "UTC"}
        self.site.write_config()
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(), "good.apk")
        self.folder.wait_for_receipt()
        until(lambda: self.site.jobs()[0]["state"] == "delivered", "the job is at its end")
        if datetime.datetime.now(UTC) < ends.replace(second=0, microsecond=0):
            self.assertEqual(self.names(), [], "the night goes on")
        self.assertEqual(self.report(90)["verdict"], "1 delivered: nothing to do")
        until(lambda: receiver.events, "the webhook is told")
        told, = receiver.events
        self.assertEqual(told["event"], "report")
        self.assertEqual((told["state"], told["folder"]), ("happened", None))
        self.assertIn("1 delivered: nothing to do", told["text"])
        self.assertIn(os.path.join(self.reports, [one for one in self.names() if one.endswith(".html")][0]), told["message"])
        self.assertEqual([one["event"] for one in self.site.log_events(daemon)].count("report.written"), 1)
        self.stop(daemon)
        names = self.names()
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(version_code=2), "later.apk")
        self.site.wait_until_it_waits_for("the upload window")
        self.stop(daemon)
        self.assertEqual(self.names(), names, "a restart writes no second one")

    def test_run_once_reports_itself_also_where_its_time_is_over(self):
        self.folder.drop(self.artifacts.apk(), "good.apk")
        self.assertEqual(self.site.run("run", "--once").returncode, 0)
        document = self.report()
        self.assertEqual(document["counts"]["delivered"], 1)
        self.assertTrue(document["daemon"]["running"])
        for name in self.names():
            os.unlink(os.path.join(self.reports, name))
        self.portal.set(hold_builds=True)
        self.folder.drop(self.artifacts.apk(version_code=2), "later.apk")
        done = self.site.run("run", "--once", "--timeout", "5s")
        self.assertEqual(done.returncode, 75, done.stderr)
        document = self.report()
        self.assertEqual((document["counts"]["delivered"], document["counts"]["wait"]), (0, 1), "of this run alone")
        self.portal.set(hold_builds=False)

    def test_a_folder_that_is_not_there_is_named_and_holds_nothing_up(self):
        os.rmdir(self.reports)
        checked = self.site.run("check")
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertIn("warning: report_dir: cannot look at " + self.reports, checked.stderr)
        self.folder.drop(self.artifacts.apk(), "good.apk")
        done = self.site.run("run", "--once")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("report.not_written", done.stderr)
        self.assertIn("'tegodrop report' tells the same", done.stderr)
        self.assert_one_delivery()


if __name__ == "__main__":
    runner.main()
