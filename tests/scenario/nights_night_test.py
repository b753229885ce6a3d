"""A whole night by the clock: 300 artifacts wait for the upload window, two builds run at a time, the portal is away for ten
minutes, the window closes, and the report tells it. Half an hour. With $SHOTS, a folder, the page is looked at there."""

import datetime
import json
import os
import time

from tests import runner
from tests.scenario.harness.browser import Browser, Page
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.mint import Mint
from tests.scenario.harness.wait import until

COUNT = 300
BROKEN = 3
AWAY = 600
OPEN = 1500


class NightTest(ScenarioCase):
    folders = ("production", "staging")
    switches = {"build_seconds": 3, "concurrent_builds": 2}

    def test_three_hundred_artifacts_and_a_portal_that_is_away(self):
        reports = os.path.join(self.site.root, "reports")
        os.mkdir(reports)
        opens = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=3)
        closes = opens + datetime.timedelta(seconds=OPEN)
        self.site.settings.update({"report_dir": reports, "polling": {"interval": "2s"},
                                   "schedule": {"window": [f"{opens:%H:%M}-{closes:%H:%M}"], "timezone": "UTC"}})
        self.site.write_config()
        daemon = self.site.start_and_watch()
        mint = Mint(self.artifacts.apk())
        for number in range(COUNT):
            staged = os.path.join(self.site.root, "outside", "staged")
            with open(staged, "wb") as file:
                file.write(mint.make(number, 100_000))
            self.site.folders[number % 2].rename_in(staged, f"app-{number:03}.apk")
        for number in range(BROKEN):
            self.folder.drop(self.artifacts.apk(version_code=number + 2), f"broken-{number}.apk", sha256="0" * 64 + "\n")
        until(lambda: len(self.site.jobs()) == COUNT + BROKEN, "all are taken in", 120, every=1)
        self.assert_counts(upload_requests=0)
        begun = until(lambda: self.portal.counters()["builds_finished"] > 20 and time.monotonic(), "the night has begun", 400, every=1)
        self.portal.set(portal_down=True)
        until(lambda: time.monotonic() - begun > AWAY, "the portal is away for ten minutes", AWAY + 30, every=5)
        self.portal.set(portal_down=False)
        until(lambda: [one for one in os.listdir(reports) if one.endswith(".html")], "the report is there", OPEN + 300, every=2)
        document_name, = [one for one in os.listdir(reports) if one.endswith(".json")]
        with open(os.path.join(reports, document_name), encoding="utf-8") as file:
            document = json.load(file)
        print(document_name, document["verdict"])
        self.assertEqual(document["counts"], {"delivered": COUNT, "failed": 0, "refused": BROKEN, "cancelled": 0, "duplicates": 0,
                                              "wait": 0, "at_work": 0})
        self.assert_counts(builds_queued=COUNT, objects_received=COUNT)
        self.stop(daemon)
        if os.environ.get("SHOTS"):
            self.look(os.path.join(reports, os.path.splitext(document_name)[0] + ".html"))

    def look(self, page):
        browser = Browser()
        self.addCleanup(browser.close)
        for width, scheme in ((1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")):
            Page(browser, page, width, scheme).screenshot(os.path.join(os.environ["SHOTS"], f"night-{width}-{scheme}.png"), whole=True)


if __name__ == "__main__":
    runner.main()
