"""What a service manager is told (sd_notify), by a daemon that is started as one would start it."""

import os
import re
import signal
import time

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.service_manager import ServiceManager
from tests.scenario.harness.wait import until


class ServiceTest(ScenarioCase):
    def setUp(self):
        super().setUp()
        self.manager = ServiceManager(self.site.root)
        self.addCleanup(self.manager.close)

    def start(self, **environment):
        return self.site.start(extra_environment={**self.manager.environment, **environment})

    def test_it_is_ready_once_folders_and_ledger_are_there_and_says_what_it_does(self):
        daemon = self.start()
        self.manager.wait_for("READY=1")
        self.assertEqual(self.manager.read().index("READY=1"), 1, "its status comes before")
        self.assertEqual(self.manager.read()[0], "STATUS=1 folder")
        self.assertTrue([one for one in self.site.log_events(daemon) if one["event"] == "folder.open"])
        self.assertTrue(os.path.exists(os.path.join(self.site.state_dir, "control.sock")), "commands are served")
        self.portal.set(hold_builds=True)
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.manager.wait_for("STATUS=1 folder, 1 building")
        self.portal.set(hold_builds=False)
        self.folder.wait_for_trace()
        until(lambda: self.manager.read()[-1] == "STATUS=1 folder", "nothing is left to do")
        self.stop(daemon)
        self.assertEqual(self.manager.read()[-1], "STOPPING=1")
        self.assertEqual(self.manager.beats(), 0, "nobody asked for these")

    def test_a_reload_is_told_with_its_time_and_its_end(self):
        daemon = self.start()
        self.manager.wait_for("READY=1")
        for command in (lambda: self.site.run("reload"), lambda: daemon.send(signal.SIGHUP)):
            self.manager.forget()
            before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            command()
            self.manager.wait_for("READY=1")
            said = [one for one in self.manager.read() if not one.startswith("STATUS=")]
            self.assertEqual((said[0], said[2]), ("RELOADING=1", "READY=1"))
            told = int(re.fullmatch(r"MONOTONIC_USEC=(\d+)", said[1])[1])
            self.assertTrue(before <= told <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)
        # One that is refused ends too, or systemctl would wait for it.
        self.site.settings["setle"] = "1s"
        self.site.write_config()
        self.manager.forget()
        self.assertEqual(self.site.run("reload").returncode, 78)
        daemon.send(signal.SIGHUP)
        self.manager.wait_for("READY=1")
        self.stop(daemon)

    def test_the_watchdog_hears_of_it_while_the_loop_goes_on_and_not_while_it_stands(self):
        patience = 0.4
        daemon = self.start(WATCHDOG_USEC=str(int(patience * 1_000_000)))
        self.manager.wait_for("READY=1")
        # Also while there is work, and a portal that does not answer.
        self.portal.fault("upload_request", {"stall": True})
        self.folder.drop(self.artifacts.apk(), "app.apk")
        heard = self.manager.beats()
        until(lambda: self.manager.beats() >= heard + 20, "it beats on")
        daemon.send(signal.SIGSTOP)
        until(lambda: daemon.stands_still(), "it stands still")
        self.manager.forget()
        # What a watchdog would wait: nothing may come meanwhile, so the time itself is what is tested.
        deadline = time.monotonic() + 3 * patience
        until(lambda: time.monotonic() >= deadline, "the watchdog's patience is over")
        self.assertEqual(self.manager.beats(), 0)
        daemon.send(signal.SIGCONT)
        until(lambda: self.manager.beats() > 0, "it goes on")
        self.stop(daemon)


if __name__ == "__main__":
    runner.main()
