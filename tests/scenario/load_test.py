"""Large artifacts and many: the bytes arrive, the memory stays small. Part of tests/night."""

import os
import time
import zipfile

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.secrets_case import SecretsCase
from tests.scenario.harness.site import sha256_of
from tests.scenario.harness.wait import until


def peak_memory(pid):
    """The most memory that a process has had resident, in bytes."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


def grow_to(path, size):
    """Makes the ZIP exactly `size` bytes large, by its comment; a little must be missing."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"x" * (size - os.path.getsize(path))
    assert os.path.getsize(path) == size


def cpu_seconds(pid):
    """The processor time that a process has used."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class LargeTest(ScenarioCase):
    def deliver(self, size):
        """The daemon's peak memory while it carries an artifact of exactly so many bytes to its end."""
        source = self.artifacts.apk(size=size - 8192)
        grow_to(source, size)
        daemon = self.site.start()
        begun = time.monotonic()
        self.folder.drop(source, "large.apk")
        self.folder.wait_for_receipt(seconds=600)
        took = time.monotonic() - begun
        self.assert_one_delivery(source=sha256_of(source))
        peak = peak_memory(daemon.pid)
        counters = self.portal.counters()
        print(f"{size >> 20} MiB: {took:.1f} s, peak memory {peak / 2**20:.1f} MiB, objects {counters['objects_received']}, "
              f"builds {counters['builds_queued']}, parts {counters['parts_received']}, "
              f"upload {counters['upload_requests']}, complete {counters['complete_requests']}")
        self.stop(daemon)
        self.assertLessEqual(peak, 40 << 20)

    def test_just_below_the_multipart_threshold(self):
        self.deliver(95 << 20)
        self.assert_counts(parts_received=0)

    def test_at_the_multipart_threshold(self):
        self.deliver(100 << 20)
        self.assert_counts(parts_received=10)

    def test_two_gibibytes(self):
        self.deliver(2 << 30)
        self.assert_counts(parts_received=205)


class ManyTest(ScenarioCase):
    count = 60

    def test_many_at_once_each_give_one_build_and_one_delivery(self):
        sources = [self.artifacts.apk(version_code=number) for number in range(1, self.count + 1)]
        daemon = self.site.start()
        for number, source in enumerate(sources):
            # Half of them under one name.
            self.folder.drop(source, "same.apk" if number % 2 else f"app-{number}.apk")
            if number % 2:
                until(lambda: "same.apk" not in self.folder.waiting_names(), "it is claimed")
        self.folder.wait_for_receipt(self.count, seconds=240)
        traces = self.folder.wait_for_trace(self.count)
        self.assert_counts(objects_received=self.count, builds_queued=self.count)
        self.assertEqual({one["source"]["sha256"] for one in traces}, {sha256_of(source) for source in sources})
        identities = {(one["version"], one["platform"], one["start_time"], one["file_name"]) for one in traces}
        self.assertEqual(len(identities), self.count)
        self.stop(daemon)



class NightOfDropsTest(SecretsCase):
    """A night's artifacts at once, and a tenant with two build slots; nothing of it shows a credential."""
    count = 500
    folders = ("first", "second")
    switches = {"build_seconds": 0.05, "concurrent_builds": 2}

    def test_all_are_delivered_with_at_most_four_requests_each_besides_the_polls(self):
        # What an answer of the portal looks like, asked for before anything is counted.
        needles = self.needles()
        self.site.settings["polling"] = {"interval": "100ms"}
        self.site.settings["log"]["level"] = "info"
        self.site.write_config()
        source = self.artifacts.apk(size=300_000)
        for number in range(self.count):
            self.site.folders[number % 2].drop(source, f"app-{number}.apk")
        begun = time.monotonic()
        daemon = self.site.start()
        for folder in self.site.folders:
            folder.wait_for_receipt(self.count // 2, seconds=600)
        seconds = time.monotonic() - begun
        self.assert_counts(objects_received=self.count, builds_queued=self.count, builds_finished=self.count)
        counters = self.portal.counters()
        for counter in ("upload_requests", "uploads_granted"):
            counters[counter] -= 1  # this test's own
        asked = {name: counters[name] for name in
                 ("upload_requests", "complete_requests", "abort_requests", "download_requests", "list_requests")}
        each = (sum(asked.values()) - asked["list_requests"]) / self.count
        refused = counters["upload_requests"] - counters["uploads_granted"]
        cpu = cpu_seconds(daemon.pid)
        peak = peak_memory(daemon.pid)
        print(f"{self.count} artifacts in {seconds:.0f} s, {cpu:.1f} s of processor time, peak memory {peak / (1 << 20):.1f} MiB; "
              f"requests: {asked}, {each:.2f} an artifact besides the polls, {refused} refused with 429")
        self.assertLessEqual(each, 4)
        self.assertLessEqual(refused, 20)
        delivered = [trace for folder in self.site.folders for trace in folder.traces().values()]
        self.assertEqual({one["file_name"] for one in delivered}, {f"app-{number}.apk" for number in range(self.count)})
        self.assertEqual(len(delivered), self.count)
        self.assertLessEqual(peak, 40 << 20)
        self.assert_no_process_shows_them(daemon, needles)
        self.stop(daemon)
        self.assert_no_file_has_them(needles)


if __name__ == "__main__":
    runner.main()
