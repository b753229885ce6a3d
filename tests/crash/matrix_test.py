"""Killed at each call by which the daemon changes its ledger, its folders or what it has told the portal.

A first run without a kill counts the calls of a path; then each call has a life of its own that ends there, before the call is
done or right after it, and a second life that must carry all to its end. $CRASH_NIGHT: every point of every path, both ways.
"""

import os
import random
import unittest

from tests import runner
from tests.crash.harness.points import of_this_shard, play_all
from tests.crash.harness.world import World
from tests.scenario.harness.case import workshop

NIGHT = bool(os.environ.get("CRASH_NIGHT"))
CHUNK = 256 << 10
# What a kill between the call and the program's knowledge of it can tell apart from a kill before the next call.
LASTING = ("fsync", "fdatasync", "rename", "renameat", "renameat2", "linkat", "unlinkat", "sendto", "mkdirat")


class MatrixTest(unittest.TestCase):
    """One method for each path; what is done in it is done for this shard's part of its points."""

    maxDiff = None

    def matrix(self, name, make, stride=1, meanwhile=None):
        first = make()
        try:
            program = first.start(at=0)
            if meanwhile is not None:
                meanwhile(first)(program)
            _, wrong = first.finish(program)
            calls = first.calls(program)
        finally:
            first.close()
        self.assertEqual(wrong, [])
        self.assertGreater(len(calls), 300)
        points = [(number, after) for number, call in enumerate(calls, 1) for after in (False, True)
                  if NIGHT or not after or call.split()[1] in LASTING]
        points = of_this_shard(points[:: 1 if NIGHT else stride])

        def play(world, point):
            at, after = point
            killed, call = world.live_until_death(at, after, meanwhile=meanwhile and meanwhile(world))
            took, wrong = world.recover()
            return f"{name}, {'after' if after else 'before'} {call}{'' if killed else ' (not reached)'}", took, wrong

        self.expect_nothing_wrong(play_all(f"crash matrix, {name}, {len(calls)} calls", points, make, play))

    def expect_nothing_wrong(self, totals):
        self.assertFalse(totals.wrong, "\n".join(totals.wrong)[:60000])
        # A point near the end may come after the last call of a life that had one poll less to do.
        self.assertGreaterEqual(totals.kills, 0.95 * totals.points)

    def test_single_put(self):
        self.matrix("single PUT", single)

    def test_parts(self):
        self.matrix("in parts", parts, stride=5)


def single():
    world = World()
    world.drop("app.apk", workshop().apk(size=200_000))
    return world


def parts():
    world = World(switches={"multipart_threshold": CHUNK, "chunk_size": CHUNK})
    world.drop("app.apk", workshop().apk(size=2 * CHUNK + 1000))
    return world


if __name__ == "__main__":
    runner.main()
