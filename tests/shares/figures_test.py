"""The figures of drop folders. Run alone, on a release build; prints what it measured, beside what the machine itself took."""

import collections
import datetime
import io
import os
import random
import signal
import time
import zipfile

from tests.scenario.harness import namespace
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.mint import Mint, sha256
from tests.scenario.harness.site import sha256_of
from tests.scenario.harness.wait import PATIENCE, until
from tests.shares.harness.case import SharesCase
from tests.shares.harness.event_queue import BareQueue, DaemonsQueue, Prober, at
from tests.shares.harness.mounts import FaultyMount


def row(what, goal, times, bare=None):
    """A line of the table; milliseconds. `bare`: what a process took, at the same time, that does nothing else."""
    own = " | ".join(f"{at(times, percent):.1f}" for percent in (50, 99, 99.9, 100))
    machine = ", ".join(f"{at(bare, percent):.1f}" for percent in (50, 99, 99.9)) if bare else "-"
    print(f"\nwhat, ms | goal | times | p50 | p99 | p99.9 | worst | the machine's own p50, p99, p99.9\n"
          f"{what} | {goal} | {len(times)} | {own} | {machine}")


def assert_goal(case, prober, percent, goal):
    """What the machine takes to wake up a process that does nothing else is not the daemon's."""
    own, bare = (at(times, percent) for times in prober.times)
    case.assertLessEqual(own, goal * PATIENCE + bare)


class FigureCase(ScenarioCase):
    def setUp(self):
        namespace.run_daemon_as_ordinary(self)
        super().setUp()

    def start_paused(self):
        """What is dropped is admitted, and goes no further."""
        daemon = self.site.start_and_watch()
        self.assertEqual(self.site.run("pause").returncode, 0)
        return daemon

    def until_logged(self, daemon, event, name, begun):
        """Milliseconds from `begun`, of time.time(), to the daemon's own time of `event` about the file `name`, rounded up."""
        def there():
            return [one for one in self.site.log_events(daemon) if one["event"] == event and one.get("file") == name][0]
        moment = datetime.datetime.fromisoformat(until(there, f"{event} of {name}")["time"]).timestamp()
        return (moment - begun) * 1000 + 1

    def stage(self, content):
        path = os.path.join(self.site.root, "outside", "staged")
        with open(path, "wb") as file:
            file.write(content)
        return path


class EventTest(FigureCase):
    # Four uploads of four parts each, together half of what a line of a gigabit takes.
    switches = {"upload_bytes_per_second": 3_500_000}
    count, size = 2000, 320 << 20

    def test_an_event_is_read_within_10_ms_of_the_close_while_four_uploads_run(self):
        self.site.settings["limits"] = {"concurrent_uploads": 4}
        self.site.write_config()
        daemon = self.start_paused()
        for number in range(1, 5):
            self.folder.drop(self.artifacts.apk(size=self.size, version_code=number), f"large-{number}.apk")
        # All begin at once.
        until(lambda: [one["state"] for one in self.site.jobs()] == ["claimed"] * 4, "four are admitted", seconds=60)
        self.assertEqual(self.site.run("resume").returncode, 0)
        until(lambda: [one["state"] for one in self.site.jobs()] == ["uploading"] * 4, "four uploads run")
        pauses = random.Random(1)
        with DaemonsQueue(daemon.pid, self.folder.path) as queue, BareQueue(self.folder.path) as bare, \
                Prober(self.folder.path, queue, bare) as prober:
            for _ in range(self.count):
                prober.probe(pauses.uniform(0, 0.008))
        row("close to event read, four uploads at once", "p99 10", *prober.times)
        self.assertEqual([one["state"] for one in self.site.jobs()], ["uploading"] * 4, "they have ended meanwhile")
        assert_goal(self, prober, 99, 10)
        self.stop(daemon)


class AdmissionTest(FigureCase):
    rounds, size = 60, 100 << 20

    def test_100_mib_of_the_services_own_are_admitted_within_150_ms_of_the_rename(self):
        whole = Mint(self.artifacts.apk()).make(1, self.size)
        daemon = self.start_paused()
        times, hashed = [], []
        for number in range(1, self.rounds + 1):
            name = f"app-{number}.apk"
            # Just written, so that it is read from memory, as after any build.
            staged = self.stage(commented(whole, f"{number:08}"))
            begun = time.time()
            sha256_of(staged)
            hashed.append((time.time() - begun) * 1000)
            begun = time.time()
            self.folder.rename_in(staged, name)
            times.append(self.until_logged(daemon, "artifact.admitted", name, begun))
            self.assertNotIn(name, self.folder.waiting_names())
            job = next(one["id"] for one in self.site.jobs() if one["file_name"] == name)
            self.assertEqual(self.site.run("cancel", job).returncode, 0)
            # The disk is not to fill.
            until(lambda: name in self.folder.room_names("failed"), "it is put away")
            os.unlink(self.folder.room("failed", name))
        row("rename-in to admitted, 100 MiB (own: one reading and hashing)", "p99 150", times, hashed)
        self.assertLessEqual(at(times, 99), 150 * PATIENCE)
        self.stop(daemon)


class ScanTest(FigureCase):
    rounds, others, artifacts_there = 60, 100_000, 100

    def test_100_000_entries_are_scanned_within_150_ms_and_the_loop_goes_on(self):
        # What lies there is looked at by each scan and never taken.
        self.site.configure(existing="ignore")
        mint = Mint(self.artifacts.apk())
        for number in range(self.others):
            with open(os.path.join(self.folder.path, f"build-{number}.log"), "wb"):
                pass
        for number in range(self.artifacts_there):
            self.folder.rename_in(self.stage(mint.make(number, 1 << 10)), f"old-{number}.apk")
        daemon = self.start_paused()
        until(lambda: [one for one in self.site.log_events(daemon) if one["event"] == "folder.ignored"], "it has seen them", seconds=60)
        times = []
        pauses = random.Random(1)
        with DaemonsQueue(daemon.pid, self.folder.path) as queue, BareQueue(self.folder.path) as bare, \
                Prober(self.folder.path, queue, bare) as prober:
            for number in range(1, self.rounds + 1):
                name = f"new-{number}.apk"
                staged = self.stage(mint.make(1000 + number, 1 << 10))
                begun = time.time()
                self.folder.rename_in(staged, name)
                # Its scan, and those after its claim; no other may be under way when the next one comes.
                while time.time() - begun < 1:
                    prober.probe(pauses.uniform(0, 0.004))
                times.append(self.until_logged(daemon, "artifact.seen", name, begun))
        row("rename-in to seen by a scan of 100,000", "150", times)
        row("close to event read, while it scans", "p99 10", *prober.times)
        self.assertLessEqual(at(times, 99), 150 * PATIENCE)
        assert_goal(self, prober, 99, 10)
        self.stop(daemon)


class BurstTest(FigureCase):
    count = int(os.environ.get("BURST", "50000"))
    kernel_keeps = 16_384

    def test_a_burst_of_50_000_files_loses_none(self):
        self.site.settings["log"]["level"] = "info"
        self.site.write_config()
        staged, content_of = os.path.join(self.site.root, "outside"), {}
        for number in range(self.count):
            content = tiny(number)
            content_of[f"tiny-{number}.apk"] = sha256(content)
            with open(os.path.join(staged, f"tiny-{number}.apk"), "wb") as file:
                file.write(content)
        daemon = self.start_paused()
        names = list(content_of)
        begun = time.monotonic()
        for name in names[:self.count // 2]:
            os.rename(os.path.join(staged, name), os.path.join(self.folder.path, name))
        # As a machine does that has no time for it: its queue runs over.
        daemon.send(signal.SIGSTOP)
        for name in names[self.count // 2:]:
            os.rename(os.path.join(staged, name), os.path.join(self.folder.path, name))
        came = time.monotonic() - begun
        with DaemonsQueue(daemon.pid, self.folder.path) as queue:
            # Each event is its head of 16 bytes and its name, rounded up to 32.
            self.assertGreaterEqual(queue.bytes(), min(self.kernel_keeps, self.count // 2) * 32)
        daemon.send(signal.SIGCONT)
        until(lambda: not self.folder.waiting_names(), "all are claimed", seconds=3600, every=1)
        until(lambda: len(self.site.jobs()) == self.count, "each has its row", seconds=60, every=1)
        took = time.monotonic() - begun
        print(f"\nburst | came in, s | all claimed after, s | files a second\n{self.count} files | {came:.1f} | {took:.1f} | "
              f"{self.count / took:.0f}")
        self.stop(daemon)
        jobs = self.site.jobs()
        self.assertEqual(collections.Counter(one["state"] for one in jobs), {"claimed": self.count})
        self.assertEqual(collections.Counter(one["file_name"] for one in jobs), collections.Counter(names))
        claimed = {one["file_name"]: sha256_of(self.folder.room("claimed", one["id"], one["file_name"])) for one in jobs}
        self.assertEqual(claimed, content_of)
        self.assertEqual(len(set(claimed.values())), self.count)


def commented(whole, text):
    """The same ZIP, which ends in a comment now: other bytes."""
    return whole[:-2] + len(text).to_bytes(2, "little") + text.encode()


def tiny(number):
    """A whole APK as far as a look can tell, of some hundred bytes that no other has."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("AndroidManifest.xml"), str(number))
    return out.getvalue()


class HungFolderTest(SharesCase):
    # Long enough for the hanging to be found out, given up and tried again.
    seconds, probes = 60, 10_000

    def test_the_loop_goes_on_within_5_ms_while_a_folder_hangs(self):
        hung = self.to_share(self.folder, lambda *where: FaultyMount(*where, self.site.logs))
        daemon = self.site.start_and_watch()
        self.drop(self.folder)
        self.wait_until_all_delivered(self.folder)
        hung.fail("*", "stall")
        self.drop(self.folder)
        until(hung.hits, "something of the daemon's hangs")
        pauses = random.Random(1)
        begun = dropped = time.monotonic()
        with DaemonsQueue(daemon.pid, self.local.path) as queue, BareQueue(self.local.path) as bare, \
                Prober(self.local.path, queue, bare) as prober:
            while time.monotonic() - begun < self.seconds or len(prober.times[0]) < self.probes:
                prober.probe(pauses.uniform(0, 0.003))
                # The loop has its work too, meanwhile.
                if time.monotonic() - dropped > 1:
                    dropped = time.monotonic()
                    self.drop(self.local)
        self.wait_until_state(self.folder, "stalled")
        self.wait_until_all_delivered(self.local)
        row("close to event read, one folder hung", "p99.9 5", *prober.times)
        assert_goal(self, prober, 99.9, 5)
        hung.mend()
        self.wait_until_all_delivered(self.folder)
        self.stop_and_judge(daemon)


if __name__ == "__main__":
    namespace.main()
