"""A share on which each operation that the daemon needs fails in turn: the folder says so, comes back, and loses and doubles nothing.
Prints what each operation did under each error."""

import time

from tests.scenario.harness import namespace
from tests.scenario.harness.wait import Late, until
from tests.shares.harness.case import STALLED_WITHIN
from tests.shares.harness.faults import NEEDED, OPERATIONS, EveryOperationCase


class EveryOperationFails(EveryOperationCase):
    def trouble(self, error):
        """Orders it, drops, and waits until each folder has delivered all the same or says what is wrong; {operation: the words}."""
        self.fail_and_drop(error)
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
            self.fail_and_drop(error, times=1)
            self.all_come_back()
        self.stop_and_judge(daemon)


if __name__ == "__main__":
    namespace.main()
