"""A share whose calls hang, that dies, or that another one takes the place of: other folders go on, the daemon stops in time, and the
folder goes on where it was."""

import os
import time

from tests.scenario.harness import namespace
from tests.scenario.harness.wait import until
from tests.shares.harness.case import STALLED_WITHIN
from tests.shares.harness.faults import NEEDED, OPERATIONS, EveryOperationCase, FaultsCase
from tests.shares.harness.mounts import FaultyMount


class EveryOperationHangs(EveryOperationCase):
    def test_calls_that_hang(self):
        daemon = self.start()
        begun = time.monotonic()
        self.fail_and_drop("stall")
        self.others_go_on()
        after = {}

        def all_known():
            for entry in self.site.status()["folders"]:
                if entry["state"] == "stalled":
                    after.setdefault(entry["name"], time.monotonic() - begun)
            for folder in self.site.folders[:-1]:
                if folder.name not in NEEDED and self.is_delivered(folder):
                    after.setdefault(folder.name, 0)
            return len(after) == len(OPERATIONS)
        try:
            # A sync may take its time, and is what hangs last.
            until(all_known, "status says of every folder that it is stalled", STALLED_WITHIN + 120, every=0.5)
        finally:
            print("\noperation | met | what status said")
            for name in OPERATIONS:
                print(f"{name} | {self.faulty[name].hits()} | {_said(after.get(name))}")
        self.others_go_on()
        self.mend()
        begun = time.monotonic()
        self.all_come_back()
        print(f"all back after {time.monotonic() - begun:.0f} s")
        late = {name: seconds for name, seconds in after.items() if seconds > STALLED_WITHIN and name != "fsync"}
        self.assertEqual(late, {}, "these hung and the status said something else at first")
        self.stop_and_judge(daemon)

    def test_a_stop_while_everything_hangs(self):
        daemon = self.start()
        self.fail_and_drop("stall")
        until(lambda: all(self.faulty[name].hits() for name in ("open", "readdir", "getattr", "read", "rename")),
              "those that are needed to take a file hang")
        # Within 5 s.
        self.stop(daemon)
        daemon = self.site.start()
        self.others_go_on()
        self.mend()
        self.all_come_back()
        self.stop_and_judge(daemon)


def _said(seconds):
    if seconds is None:
        return "nothing"
    return f"stalled after {seconds:.0f} s" if seconds else "delivered all the same"


class GoneTest(FaultsCase):
    def setUp(self):
        super().setUp()
        self.share = self.faulty[self.folder.name]

    def test_a_file_system_that_dies_and_comes_back(self):
        self.portal.set(hold_builds=True)
        daemon = self.start()
        self.drop(self.folder)
        until(lambda: self.portal.counters()["builds_queued"] == 1, "it builds")
        # What is mounted answers "transport endpoint is not connected".
        self.share.kill()
        self.wait_until_state(self.folder, "missing", "degraded")
        self.share.unmount()
        self.wait_until_state(self.folder, "missing")
        self.drop(self.folder)
        self.portal.set(hold_builds=False)
        self.others_go_on()
        self.assertEqual(self.local_names_below(self.share), [])
        self.share.mount()
        self.wait_until_all_delivered(self.folder)
        self.wait_until_state(self.folder, "ok")
        self.stop_and_judge(daemon)

    def test_another_share_mounted_in_its_place_is_not_taken_for_it(self):
        daemon = self.start()
        self.drop(self.folder)
        self.wait_until_all_delivered(self.folder)
        other = os.path.join(self.site.root, "far", "other")
        wrong = FaultyMount("mount-other", self.share.path, other, self.site.logs)
        self.addCleanup(wrong.close)
        self.mounts.append(wrong)
        with open(os.path.join(other, "stray.apk"), "wb") as file:
            file.write(self.mint.make(1003, 10 << 10))
        self.wait_until_state(self.folder, "missing")
        self.assertEqual(os.listdir(other), ["stray.apk"])
        wrong.kill()
        wrong.unmount()
        self.drop(self.folder)
        self.wait_until_all_delivered(self.folder)
        self.wait_until_state(self.folder, "ok")
        self.stop_and_judge(daemon)

    def test_everything_fails_and_nothing_is_lost(self):
        daemon = self.start()
        self.drop(self.folder)
        self.wait_until_all_delivered(self.folder)
        for error in ("ENOTCONN", "ESTALE", "EHOSTDOWN"):
            self.share.fail("*", error)
            self.drop(self.folder)
            self.wait_until_state(self.folder, "missing", "degraded")
            self.others_go_on()
            self.share.mend()
            self.wait_until_all_delivered(self.folder)
            self.wait_until_state(self.folder, "ok")
        self.stop_and_judge(daemon)


if __name__ == "__main__":
    namespace.main()
