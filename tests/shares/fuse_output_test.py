"""An output folder on a share on which each operation that a delivery needs fails or hangs in turn: what is built waits, says for what, and
is delivered once, whole."""

import os
import time

from tests.scenario.harness import namespace
from tests.scenario.harness.wait import Late, until
from tests.shares.harness.case import BACK_WITHIN, STALLED_WITHIN, SharesCase
from tests.shares.harness.mounts import FaultyMount

OPERATIONS = ("open", "getattr", "create", "write", "fsync", "rename", "link", "unlink", "statfs", "mkdir")
NEEDED = ("getattr", "create", "write")


class OutputTest(SharesCase):
    """The drop folders are local ones; the output folder of each but the last is on a share and named for an operation."""

    folders = (*OPERATIONS, "local")
    quick = {"settle": "200ms"}

    def setUp(self):
        super().setUp()
        self.faulty = {}
        for folder in self.site.folders[:-1]:
            mounted = FaultyMount(f"mount-{folder.name}", folder.output, os.path.join(self.site.root, "far", folder.name), self.site.logs)
            self.addCleanup(mounted.close)
            self.mounts.append(mounted)
            self.faulty[folder.name] = mounted
            folder.output = mounted.far

    def fail_and_drop(self, error):
        for folder in self.site.folders[:-1]:
            self.faulty[folder.name].fail(folder.name, error)
            self.drop(folder)

    def mend_and_wait(self):
        for mounted in self.faulty.values():
            mounted.mend()
        for folder in self.site.folders[:-1]:
            self.wait_until_all_delivered(folder)
            self.wait_until_state(folder, "ok", seconds=BACK_WITHIN)

    def words(self):
        """{operation: what `status` says of its folder or its job}, as far as it names the place of the trouble."""
        status = self.site.status()
        said = {one["folder"]: one["waiting_for"] for one in status["jobs"] if f"/{one['folder']}" in (one["waiting_for"] or "")}
        said.update({one["name"]: f"{one['state']}: {one['reason']}" for one in status["folders"] if one["state"] != "ok"})
        return said

    def play(self, error):
        daemon = self.site.start_and_watch()
        begun = time.monotonic()
        self.fail_and_drop(error)
        words = {}

        def all_known():
            for name, said in self.words().items():
                if self.faulty[name].hits():
                    words.setdefault(name, said)
            for folder in self.site.folders[:-1]:
                if len(folder.traces()) == len(self.dropped[folder.name]):
                    words.setdefault(folder.name, "delivered all the same")
            return len(words) == len(OPERATIONS)
        try:
            until(all_known, "each has delivered or said what is wrong", STALLED_WITHIN, every=0.5)
        except Late:
            pass  # who is missing in `words` is silent
        self.others_go_on()
        print(f"\n{error}: all said after {time.monotonic() - begun:.0f} s\noperation | met | what status said")
        hits = {name: mounted.hits() for name, mounted in self.faulty.items()}
        for name in OPERATIONS:
            print(f"{name} | {hits[name]} | {words.get(name, 'nothing')}")
        begun = time.monotonic()
        self.mend_and_wait()
        print(f"all back after {time.monotonic() - begun:.0f} s")
        self.assertEqual([name for name in OPERATIONS if name not in words and name != "fsync"], [],
                         "these neither delivered nor said what is wrong")
        self.assertEqual([name for name in NEEDED if not hits[name]], [], "these were never asked for: their rows prove nothing")
        self.stop_and_judge(daemon)

    def test_input_output_errors(self):
        self.play("EIO")

    def test_no_room(self):
        self.play("ENOSPC")

    def test_no_permission(self):
        self.play("EACCES")

    def test_calls_that_hang(self):
        self.play("stall")

    def test_a_stop_while_everything_hangs(self):
        daemon = self.site.start_and_watch()
        self.fail_and_drop("stall")
        until(lambda: any(mounted.hits() for mounted in self.faulty.values()), "a delivery hangs")
        # Within 5 s.
        self.stop(daemon)
        daemon = self.site.start()
        self.others_go_on()
        self.mend_and_wait()
        self.stop_and_judge(daemon)


if __name__ == "__main__":
    namespace.main()
