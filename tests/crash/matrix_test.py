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
from tests.scenario.harness.wait import until

SEED = int(os.environ.get("CRASH_SEED", "1"))
NIGHT = bool(os.environ.get("CRASH_NIGHT"))
CHUNK = 256 << 10
# What a kill between the call and the program's knowledge of it can tell apart from a kill before the next call.
LASTING = ("fsync", "fdatasync", "rename", "renameat", "renameat2", "linkat", "unlinkat", "sendto", "mkdirat")


class MatrixTest(unittest.TestCase):
    """One method for each path; what is done in it is done for this shard's part of its points."""

    maxDiff = None

    def calls_of(self, make):
        """The calls of a life that nobody kills."""
        world = make()
        try:
            program = world.start(at=0)
            _, wrong = world.finish(program)
            self.assertEqual(wrong, [], world.evidence() if wrong else "")
            calls = world.calls(program)
        finally:
            world.close()
        self.assertGreater(len(calls), 200)
        self.assertTrue([one for one in calls if " connect " in one], "an ordinary user sees connections too")
        return calls

    def matrix(self, name, make, stride=1):
        calls = self.calls_of(make)
        points = [(number, after) for number, call in enumerate(calls, 1) for after in (False, True)
                  if NIGHT or not after or call.split()[1] in LASTING]
        points = of_this_shard(points[:: 1 if NIGHT else stride])

        def play(world, point):
            killed, call = world.live_until_death(*point)
            took, wrong = world.recover()
            return f"{name}, {'after' if point[1] else 'before'} {call}{'' if killed else ' (not reached)'}", took, wrong

        self.expect_nothing_wrong(play_all(f"crash matrix, {name}, {len(calls)} calls", points, make, play))

    def expect_nothing_wrong(self, totals):
        self.assertFalse(totals.wrong, "\n".join(totals.wrong)[:60000])
        # A point near the end may come after the last call of a life that had some polls less to do than the one that was counted.
        self.assertGreaterEqual(totals.kills, 0.8 * totals.points - 1)

    def test_single_put(self):
        self.matrix("single PUT", single)

    def test_parts(self):
        self.matrix("in parts", parts, stride=6)

    def test_two_folders(self):
        self.matrix("two folders", two_folders, stride=12)

    def test_a_build_that_fails(self):
        self.matrix("failing build", failing, stride=6)

    def test_keep(self):
        self.matrix("after: keep", keeping, stride=6)

    def test_retry(self):
        self.matrix("retry", retried, stride=6)

    def test_several_deaths(self):
        """Killed in its first life, in its second, and perhaps in its third, wherever the seed says."""
        seeds = of_this_shard(range(SEED, SEED + (400 if NIGHT else 40)))
        counts = {make: len(self.calls_of(make)) for make in (single, parts)}

        def play(world, seed):
            chance = random.Random(seed)
            label = [f"seed {seed}, {world.name}"]
            for _ in range(chance.choice((2, 2, 3))):
                # Early ones are the opening of the ledger, which every life has.
                point = chance.randrange(1, counts[world.make]), chance.random() < 0.5
                killed, call = world.live_until_death(*point)
                label.append(f"{'after' if point[1] else 'before'} {call}{'' if killed else ' (not reached)'}")
            took, wrong = world.recover()
            return "; ".join(label), took, wrong

        def make_by(seed):
            make = random.Random(seed).choice((single, parts))
            world = make()
            world.name, world.make = make.__name__, make
            return world

        totals = play_all(f"crash matrix, several deaths, seeds from {SEED}", seeds, make_by, play, by_point=True)
        self.assertFalse(totals.wrong, "\n".join(totals.wrong)[:60000])
        self.assertGreater(totals.kills, totals.points)


def single(**more):
    world = World(**more)
    world.drop("app.apk", workshop().apk(size=200_000))
    return world


def parts():
    world = World(switches={"multipart_threshold": CHUNK, "chunk_size": CHUNK})
    world.drop("app.apk", workshop().apk(size=2 * CHUNK + 1000))
    return world


def two_folders():
    world = World(folders=("first", "second"))
    for number in range(2):
        world.drop("app.apk", workshop().apk(size=200_000, version_code=number + 1), folder=number)
    return world


def failing():
    world = World(switches={"fail_build": "no classes to protect"})
    world.drop("app.apk", workshop().apk(size=200_000), failure="build_failed")
    world.failed_builds = 1
    return world


def keeping():
    return single(of_folder={"after": "keep"})


def retried():
    """A job that the portal has refused, and that a person has put back to work while no daemon ran."""
    world = single()
    world.portal.fault("upload_request", {"status": 400, "body": '{"message": "not now"}'})
    program = world.start()
    until(lambda: [one for one in world.site.jobs() if one["state"] == "failed"], "it is refused")
    # The receipt stands before the row says that all is put away, and only then there is something to retry.
    until(lambda: '"event":"job.failed"' in program.stderr(), "all of it is put away")
    program.stop()
    done = world.site.run("retry", "--failed")
    if done.returncode != 0 or not [one for one in world.site.jobs() if one["state"] == "reclaiming"]:
        raise AssertionError(f"{done.stdout}{done.stderr}{world.site.jobs()}")
    return world


if __name__ == "__main__":
    runner.main()
