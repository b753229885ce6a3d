"""The upload window: what is dropped outside is taken in and waits, what is dropped inside is delivered; by a right clock."""

import datetime
import email.utils
import http.server
import threading
import urllib.error
import urllib.request

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.wait import until

UTC = datetime.timezone.utc


def window(begins_in, ends_in):
    """A window of every day by hours from now, in UTC."""
    now = datetime.datetime.now(UTC)
    return "-".join((now + datetime.timedelta(hours=hours)).strftime("%H:%M") for hours in (begins_in, ends_in))


SHUT = (2, 3)
OPEN = (-2, 2)


class LateClock:
    """Between the daemon and the portal: its answers name a time that is an hour ahead."""

    def __init__(self, portal_url):
        self.ahead = datetime.timedelta(hours=1)
        late = self

        class Answer(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
                request = urllib.request.Request(portal_url + self.path, data=body, headers=kept, method="POST")
                try:
                    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
                        status, content = answer.status, answer.read()
                except urllib.error.HTTPError as refusal:
                    status, content = refusal.code, refusal.read()
                self.send_response_only(status)
                time = datetime.datetime.now(UTC) + late.ahead
                self.send_header("Date", email.utils.format_datetime(time, usegmt=True))
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class WindowTest(ScenarioCase):
    def schedule(self, *hours):
        self.site.settings["schedule"] = {"window": [window(*hours)], "timezone": "UTC"}
        self.site.write_config()

    def opening(self):
        """What the status must show: the next moment at which the clock shows the window's begin."""
        now = datetime.datetime.now(UTC)
        hour, minute = map(int, self.site.settings["schedule"]["window"][0][:5].split(":"))
        opens = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        return (opens if opens > now else opens + datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def test_outside_it_is_taken_in_and_waits_and_inside_it_is_delivered(self):
        self.schedule(*SHUT)
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.site.wait_until_it_waits_for("the upload window")
        job = self.site.jobs()[0]
        text = self.site.settings["schedule"]["window"][0]
        self.assertEqual(job["waiting_for"], f"the upload window ({text}, UTC)")
        self.assertEqual(job["state"], "claimed")
        self.assertEqual(job["not_before"], self.opening())
        self.assertEqual(self.folder.waiting_names(), [], "it is taken in")
        told = self.site.run("status").stdout
        self.assertRegex(told, rf"waits for the upload window \({text}, UTC\), since [0-9:]+, next try ")
        self.assertIn("the upload window", self.site.run("show", job["id"]).stdout)
        closed = [one for one in self.site.log_events(daemon) if one["event"] == "window.closed"]
        self.assertEqual(len(closed), 1, "said once")
        self.assert_counts(upload_requests=0)
        self.stop(daemon)
        self.schedule(*OPEN)
        daemon = self.site.start()
        self.folder.wait_for_receipt()
        self.assert_one_delivery()
        self.stop(daemon)

    def test_a_pause_is_shown_first_and_then_the_window(self):
        self.schedule(*SHUT)
        daemon = self.site.start_and_watch()
        self.assertEqual(self.site.run("pause").returncode, 0)
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.site.wait_until_it_waits_for("which is paused")
        self.assertEqual(self.site.run("resume").returncode, 0)
        self.site.wait_until_it_waits_for("the upload window")
        self.stop(daemon)
        self.assert_counts(upload_requests=0)

    def test_run_once_outside_ends_with_75_naming_what_is_left_and_inside_it_delivers(self):
        self.schedule(*SHUT)
        self.folder.drop(self.artifacts.apk(), "app.apk")
        done = self.site.run("run", "--once")
        self.assertEqual(done.returncode, 75, done.stderr)
        self.assertIn("app.apk", done.stderr)
        opens = datetime.datetime.strptime(self.opening(), "%Y-%m-%dT%H:%M:%S.000Z").strftime("%a %Y-%m-%d %H:%M")
        self.assertIn(f"which opens on {opens} (UTC)", done.stderr)
        self.assertEqual(self.site.jobs()[0]["state"], "claimed")
        self.assert_counts(upload_requests=0)
        self.schedule(*OPEN)
        done = self.site.run("run", "--once")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_one_delivery()

    def test_run_once_outside_carries_on_what_has_begun(self):
        self.schedule(*OPEN)
        self.portal.set(hold_builds=True)
        self.folder.drop(self.artifacts.apk(), "first.apk")
        self.assertEqual(self.site.run("run", "--once", "--timeout", "5s").returncode, 75)
        self.assertEqual(self.site.jobs()[0]["state"], "building")
        self.portal.set(hold_builds=False)
        self.schedule(*SHUT)
        self.folder.drop(self.artifacts.apk(), "second.apk")
        done = self.site.run("run", "--once")
        self.assertEqual(done.returncode, 75, done.stderr)
        self.assertEqual([trace["file_name"] for trace in self.folder.traces().values()], ["first.apk"])
        self.assertEqual({job["file_name"]: job["state"] for job in self.site.jobs()},
                         {"first.apk": "delivered", "second.apk": "claimed"})

    def test_by_a_wrong_clock_nothing_begins_and_once_it_is_right_all_goes_on(self):
        late = LateClock(self.portal.url)
        self.addCleanup(late.close)
        self.site.settings["portal"]["url"] = late.url
        self.schedule(*OPEN)
        self.folder.drop(self.artifacts.apk(), "app.apk")
        done = self.site.run("run", "--once")
        self.assertEqual(done.returncode, 75, done.stderr)
        self.assertIn("set it by NTP", done.stderr)
        status = self.site.status()
        self.assertIn("a right clock of this machine", status["jobs"][0]["waiting_for"])
        self.assertIn("behind the portal's", status["notices"][0]["message"])
        self.assert_counts(upload_requests=0)
        late.ahead = datetime.timedelta(0)
        daemon = self.site.start()
        self.folder.wait_for_receipt()
        self.assert_one_delivery()
        until(lambda: not self.site.status()["notices"], "the notice is gone")
        self.stop(daemon)

    def test_a_window_that_is_none_is_refused_with_its_place(self):
        for schedule, words in (({"window": "22:00"}, "'22:00' is no window"),
                                ({"window": "22:00-22:00"}, "is empty"),
                                ({"window": ["fri 22:00-06:00", "someday 22:00-06:00"]}, "names the day 'someday'"),
                                ({"timezone": "Europe/Berln"}, "did you mean Europe/Berlin?")):
            self.site.settings["schedule"] = schedule
            self.site.write_config()
            for command in (("check",), ("run",), ("run", "--once")):
                done = self.site.run(*command)
                self.assertEqual(done.returncode, 78, command)
                self.assertRegex(done.stdout + done.stderr, r"tegodrop\.yaml:\d+:\d+: 'schedule\.(window|timezone)'")
                self.assertIn(words, done.stdout + done.stderr)

    def test_local_is_what_tz_says(self):
        # Open by a clock in UTC; in Omsk, five or six hours later, it is over.
        self.site.settings["schedule"] = {"window": window(-1, 1), "timezone": "local"}
        self.site.write_config()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        done = self.site.run("run", "--once", extra_environment={"TZ": "Asia/Omsk"})
        self.assertEqual(done.returncode, 75, done.stderr)
        self.assertIn("(Asia/Omsk)", done.stderr)
        done = self.site.run("run", "--once", extra_environment={"TZ": "UTC"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_one_delivery()


if __name__ == "__main__":
    runner.main()
