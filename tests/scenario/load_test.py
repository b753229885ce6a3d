"""Large artifacts and many: the bytes arrive, the memory stays small. Part of tests/night."""

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.site import sha256_of
from tests.scenario.harness.wait import until


def peak_memory(pid):
    """The most memory that a process has had resident, in bytes."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


class LargeTest(ScenarioCase):
    def test_an_artifact_just_below_the_multipart_threshold_takes_little_memory(self):
        source = self.artifacts.apk(size=95 << 20)
        daemon = self.site.start()
        self.folder.drop(source, "large.apk")
        self.folder.wait_for_receipt(seconds=240)
        self.assert_one_delivery(source=sha256_of(source))
        peak = peak_memory(daemon.pid)
        print(f"peak memory: {peak >> 20} MiB")
        self.assertLess(peak, 80 << 20)
        self.stop(daemon)


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


if __name__ == "__main__":
    runner.main()
