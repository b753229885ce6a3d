"""The figures that the daemon must reach. Run alone, on a release build; prints what it measured."""

import os
import statistics
import time

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.full_ledger import multiply
from tests.scenario.harness.programs import path_of
from tests.scenario.harness.service_manager import ServiceManager
from tests.scenario.harness.wait import until

TICKS = os.sysconf("SC_CLK_TCK")


class LatencyTest(ScenarioCase):
    rounds = 9

    def test_from_the_rename_to_the_first_request_in_under_300_ms(self):
        # The daemon's own user drops it, so that the lease can be asked.
        daemon = self.site.start_and_watch()
        offset = self.portal.clock_offset()
        waits = []
        for number in range(1, self.rounds + 1):
            before = len(self.portal.requests())
            source = self.artifacts.apk(size=1 << 20, version_code=number)
            staged = os.path.join(self.site.root, "outside", "staged")
            with open(source, "rb") as data, open(staged, "wb") as copy:
                copy.write(data.read())
            renamed = time.monotonic()
            self.folder.rename_in(staged, f"app-{number}.apk")
            first = until(lambda: self.portal.requests()[before:], "the first request")[0]
            waits.append((offset + first["ms"] / 1000 - renamed) * 1000)
            self.folder.wait_for_receipt(number)
        print("rename to first request, ms:", " ".join(f"{one:.0f}" for one in sorted(waits)))
        self.assertLess(statistics.median(waits), 300)
        self.stop(daemon)


class LongLedgerTest(ScenarioCase):
    rounds = 9

    def setUp(self):
        super().setUp()
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_receipt()
        until(lambda: self.site.jobs()[0]["state"] == "delivered", "the job is at its end")
        self.stop(daemon)
        multiply(self.site.state_dir, 10_000)

    def test_with_ten_thousand_jobs_in_the_ledger_it_is_ready_in_under_200_ms(self):
        manager = ServiceManager(self.site.root)
        self.addCleanup(manager.close)
        waits = []
        for _ in range(self.rounds):
            manager.forget()
            begun = time.monotonic()
            daemon = self.site.start(extra_environment=manager.environment)
            until(lambda: "READY=1" in manager.read(), "it is ready", every=0.001)
            waits.append((time.monotonic() - begun) * 1000)
            self.stop(daemon)
        print("start to READY, ms:", " ".join(f"{one:.0f}" for one in sorted(waits)))
        self.assertLess(statistics.median(waits), 200)

    def test_with_ten_thousand_jobs_in_the_ledger_status_takes_under_50_ms(self):
        daemon = self.site.start_and_watch()
        for arguments in ((), ("--json",)):
            waits = []
            command = [path_of("TEGODROP"), "--config", self.site.config_file, "status", *arguments]
            for _ in range(self.rounds):
                # Without subprocess, which looks only now and then whether a process has ended.
                begun = time.monotonic()
                process = os.posix_spawn(command[0], command, self.site.environment,
                                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
                _, status = os.waitpid(process, 0)
                waits.append((time.monotonic() - begun) * 1000)
                self.assertEqual(status, 0)
            told = self.site.run("status", *arguments).stdout
            self.assertIn("9501 more came to their end" if not arguments else '"left_out": 9501,', told)
            print(f"status {' '.join(arguments)}, ms:", " ".join(f"{one:.0f}" for one in sorted(waits)))
            self.assertLess(statistics.median(waits), 50)
        self.stop(daemon)


class IdleTest(ScenarioCase):
    folders = ("first", "second", "third")
    seconds = 20

    def test_idle_it_wakes_at_most_once_a_second_and_uses_under_a_thousandth_of_a_core(self):
        # The settings that a user has: the shorter times of the other tests would be measured, not the daemon.
        for folder in self.site.settings["folders"]:
            del folder["settle"]
        del self.site.settings["polling"], self.site.settings["log"]
        self.site.write_config()
        daemon = self.site.start()
        # Idle after work, not only before it.
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.folder.wait_for_receipt(seconds=60)
        until(lambda: self.site.jobs()[0]["state"] == "delivered", "the job is at its end")
        self.wait_until_quiet(daemon)
        before = usage(daemon.pid)
        begun = time.monotonic()
        until(lambda: time.monotonic() - begun >= self.seconds, "the time to measure", seconds=self.seconds + 5, every=1)
        after = usage(daemon.pid)
        seconds = time.monotonic() - begun
        wakes = sum(after[0].values()) - sum(before[0].get(task, 0) for task in after[0])
        share = (after[1] - before[1]) / seconds
        print(f"idle for {seconds:.1f} s: {wakes / seconds:.2f} wake-ups a second, {share:.4%} of a core")
        self.assertLessEqual(wakes / seconds, 1)
        self.assertLess(share, 0.001)
        self.stop(daemon)

    def wait_until_quiet(self, daemon):
        """Until two looks, a second apart, see at most one wake-up."""
        def quiet():
            before = sum(usage(daemon.pid)[0].values())
            begun = time.monotonic()
            until(lambda: time.monotonic() - begun >= 1, "a second", every=0.2)
            return sum(usage(daemon.pid)[0].values()) - before <= 1
        until(quiet, "the daemon has come to rest", seconds=60, every=0)


def usage(pid):
    """({thread: how often it went to sleep by itself}, seconds of processor time) of a process."""
    wakes = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status", encoding="utf-8") as file:
            wakes[task] = next(int(line.split()[1]) for line in file if line.startswith("voluntary_ctxt_switches"))
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return wakes, (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    runner.main()
