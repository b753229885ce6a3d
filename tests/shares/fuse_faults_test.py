"""A share on which each operation that the daemon needs fails or hangs in turn: the folder says so, comes back, and loses and doubles
nothing. Prints what each operation did under each error."""

import os
import time

from tests.scenario.harness import namespace
from tests.scenario.harness.wait import Late, until
from tests.shares.harness.case import BACK_WITHIN, STALLED_WITHIN, SharesCase
from tests.shares.harness.mounts import FaultyMount

# One folder for each, all in one daemon: what one suffers, the others must not feel.
OPERATIONS = ("open", "readdir", "getattr", "read", "rename", "create", "write", "fsync", "unlink", "statfs", "mkdir")
# Those without which nothing can be taken from a folder and no receipt written into it.
NEEDED = ("open", "readdir", "getattr", "read", "rename", "create", "write", "mkdir")


class FaultsCase(SharesCase):
    def setUp(self):
        super().setUp()
        self.faulty = {folder.name: self.to_share(folder, lambda *where: FaultyMount(*where, self.site.logs))
                       for folder in self.site.folders[:-1]}

    def start(self):
        daemon = self.site.start_and_watch()
        for folder in self.site.folders:
            self.wait_until_state(folder, "ok")
        return daemon

    def is_delivered(self, folder):
        count = len(self.dropped[folder.name])
        return len(folder.traces()) >= count and len(folder.receipts()) >= count

    def words_of(self, folder):
        """What `status` says of a folder that is not well, or of a job of it that waits."""
        status = self.site.status()
        entry = next(one for one in status["folders"] if one["name"] == folder.name)
        if entry["state"] != "ok":
            return f"{entry['state']}: {entry['reason']}"
        return next((one["waiting_for"] for one in status["jobs"] if one["folder"] == folder.name and one["waiting_for"]), None)


class EveryOperation(FaultsCase):
    folders = (*OPERATIONS, "local")

    def trouble(self, error):
        """Orders it, drops, and waits until each folder has delivered all the same or says what is wrong; {operation: the words}."""
        for folder in self.site.folders[:-1]:
            self.faulty[folder.name].fail(folder.name, error)
            self.drop(folder)
        words = {}
        try:
            until(lambda: self._all_known(words), "all have delivered or said what is wrong", STALLED_WITHIN, every=0.5)
        except Late:
            pass  # who is missing in `words` is silent
        return words

    def _all_known(self, words):
        for folder in self.site.folders[:-1]:
            if self.is_delivered(folder):
                words.setdefault(folder.name, "delivered all the same")
            elif folder.name not in words and self.faulty[folder.name].hits():
                said = self.words_of(folder)
                if said:
                    words[folder.name] = said
        return len(words) == len(OPERATIONS)

    def mend(self):
        for mounted in self.faulty.values():
            mounted.mend()

    def all_come_back(self):
        for folder in self.site.folders[:-1]:
            self.wait_until_all_delivered(folder)
            self.wait_until_state(folder, "ok", seconds=BACK_WITHIN)

    def play(self, error):
        daemon = self.start()
        begun = time.monotonic()
        words = self.trouble(error)
        self.others_go_on()
        hits = {name: mounted.hits() for name, mounted in self.faulty.items()}
        said_after = time.monotonic() - begun
        self.mend()
        begun = time.monotonic()
        self.all_come_back()
        print(f"\n{error}: all said after {said_after:.0f} s, all back after {time.monotonic() - begun:.0f} s")
        print("operation | met | what status said")
        for name in OPERATIONS:
            print(f"{name} | {hits[name]} | {words.get(name, 'nothing')}")
        self.assertEqual([name for name in OPERATIONS if name not in words], [], "these neither delivered nor said what is wrong")
        self.assertEqual([name for name in NEEDED if not hits[name]], [], "these were never asked for: their rows prove nothing")
        self.stop_and_judge(daemon)

    def test_input_output_errors(self):
        self.play("EIO")

    def test_stale_handles(self):
        self.play("ESTALE")

    def test_no_room(self):
        self.play("ENOSPC")

    def test_no_permission(self):
        self.play("EACCES")

    def test_an_error_that_passes_is_hardly_noticed(self):
        daemon = self.start()
        for error in ("EIO", "ESTALE", "ENOSPC", "EACCES"):
            for folder in self.site.folders[:-1]:
                self.faulty[folder.name].fail(folder.name, error, times=1)
                self.drop(folder)
            self.all_come_back()
        self.stop_and_judge(daemon)

    def test_calls_that_hang(self):
        daemon = self.start()
        begun = time.monotonic()
        for folder in self.site.folders[:-1]:
            self.faulty[folder.name].fail(folder.name, "stall")
            self.drop(folder)
        self.others_go_on()
        after = {}

        def all_known():
            for entry in self.site.status()["folders"]:
                if entry["state"] == "stalled":
                    after.setdefault(entry["name"], f"stalled after {time.monotonic() - begun:.0f} s")
            for folder in self.site.folders[:-1]:
                if folder.name not in NEEDED and self.is_delivered(folder):
                    after.setdefault(folder.name, "delivered all the same")
            return len(after) == len(OPERATIONS)
        try:
            # Some hang only when the receipt is written, and a sync may take its time.
            until(all_known, "status says of every folder that it is stalled", STALLED_WITHIN + 120, every=0.5)
        finally:
            print("\noperation | met | what status said")
            for name in OPERATIONS:
                print(f"{name} | {self.faulty[name].hits()} | {after.get(name, 'nothing')}")
        self.others_go_on()
        self.mend()
        begun = time.monotonic()
        self.all_come_back()
        print(f"all back after {time.monotonic() - begun:.0f} s")
        self.stop_and_judge(daemon)

    def test_a_stop_while_everything_hangs(self):
        daemon = self.start()
        for folder in self.site.folders[:-1]:
            self.faulty[folder.name].fail(folder.name, "stall")
            self.drop(folder)
        until(lambda: all(self.faulty[name].hits() for name in ("open", "readdir", "getattr", "read", "rename")),
              "those that are needed to take a file hang")
        # Within 5 s.
        self.stop(daemon)
        daemon = self.site.start()
        self.others_go_on()
        self.mend()
        self.all_come_back()
        self.stop_and_judge(daemon)


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
