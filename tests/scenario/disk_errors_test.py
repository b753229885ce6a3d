"""A write, sync, rename or close that fails with EIO or ENOSPC, one after the other: delivered once, or waited for and then delivered."""

import os
import unittest

from tests.runner import main
from tests.scenario.harness import disk_errors


class DiskErrors(unittest.TestCase):
    # At night each point; else a sample that meets every kind of call.
    every = int(os.environ.get("DISK_ERRORS_EVERY", "11"))

    def test_each_call_that_fails(self):
        wrong = disk_errors.play(list(disk_errors.points())[::self.every])
        if wrong:
            self.fail(f"{len(wrong)} points went wrong\n\n" + "\n\n".join(wrong[:5]))


if __name__ == "__main__":
    main()
