"""One long night: killed again and again at random moments, the portal in passing trouble, artifacts coming all the while.

The seed is printed; $CRASH_SEED and $CRASH_KILLS choose another night.
"""

import os
import random
import shutil
import threading
import time
import unittest
import zipfile

from tests import runner
from tests.crash.harness.points import Totals
from tests.crash.harness.world import World, is_held
from tests.scenario.harness.case import workshop
from tests.scenario.harness.wait import PATIENCE, until

NIGHT = bool(os.environ.get("CRASH_NIGHT"))
KILLS = int(os.environ.get("CRASH_KILLS", "1000" if NIGHT else "30"))
SEED = int(os.environ.get("CRASH_SEED", "1"))
ARTIFACTS = max(10, KILLS * 3 // 10)
CHUNK = 256 << 10
SIZES = (20_000, 150_000, 400_000, 2 * CHUNK + 5, 4 * CHUNK + 70_000)

_pause = threading.Event()


def trouble(chance):
    """(where, action) of something that passes by itself."""
    where = chance.choice(("upload_request", "put", "put", "part", "complete", "list", "download_request", "get", "abort"))
    actions = [{"status": 503, "headers": {"Retry-After": "1"}}, {"status": 500}, {"lost_answer": True},
               {"lost_answer": True, "reset": True}, {"close_after_bytes": 0}]
    if where in ("put", "part", "get"):
        at = chance.randrange(400_000)
        actions += [{"close_after_bytes": at}, {"close_after_bytes": at, "reset": True}, {"stall": True, "after_bytes": at}]
    if where == "part":
        actions.append({"status": 403, "early": True})
    return where, chance.choice(actions)


class RandomKillsTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.chance = random.Random(SEED)
        self.world = World(switches={"multipart_threshold": 2 * CHUNK, "chunk_size": CHUNK,
                                     "upload_bytes_per_second": 4_000_000, "download_bytes_per_second": 4_000_000})
        self.addCleanup(self.world.close)
        self.held = 0

    def artifact(self, number):
        """Each has bytes of its own."""
        made = os.path.join(self.world.site.root, "outside", f"made-{number}.apk")
        shutil.copyfile(workshop().apk(size=self.chance.choice(SIZES)), made)
        with zipfile.ZipFile(made, "a") as archive:
            archive.writestr("assets/number.txt", str(number))
        return made

    def live_and_be_killed(self):
        world = self.world
        if self.chance.random() < 0.3:
            world.portal.fault(*trouble(self.chance))
        program = world.start()
        # Many short lives, which see little but the start, and some that get somewhere.
        life = self.chance.uniform(0, 0.4) if self.chance.random() < 0.5 else self.chance.uniform(0.3, 2.0)
        _pause.wait(life * PATIENCE)
        self.assertIsNone(program.code, f"ended by itself with {program.code}: {program.stderr()[-1000:]}")
        program.kill()
        world.kills += 1
        world.open_uploads.look(alive=False)

    def look_for_the_held(self):
        """A person's part: what is held is uploaded anew once the portal is seen to have none of it."""
        built = {one["source_sha256"] for one in self.world.portal.state()["builds"]}
        sources = {one.name: one.source_sha256 for one in self.world.expected}
        for job in self.world.site.jobs():
            if is_held(job):
                self.assertNotIn(sources[job["file_name"]], built, f"held, though the history has it: {job}")
                self.assertEqual(self.world.site.run("retry", "--rebuild", job["id"]).returncode, 0)
                self.held += 1

    def test_every_artifact_is_built_and_delivered_once(self):
        world = self.world
        for kill in range(KILLS):
            while len(world.expected) * KILLS < (kill + 1) * ARTIFACTS:
                number = len(world.expected)
                world.drop(f"app-{number}.apk", self.artifact(number))
            self.live_and_be_killed()
        world.portal.clear_faults()
        begun = time.monotonic()
        program = world.start()

        def done():
            self.look_for_the_held()
            return world.at_their_end()
        until(done, "every artifact is at its end, or held", 300, every=1)
        # One for each daemon that died, or was cut off, with the answer that opened it; which ones may is judged one by one.
        world.unknowable = world.kills
        totals = Totals(f"random kills, seed {SEED}, {self.held} held for a person")
        took = time.monotonic() - begun
        _, wrong = world.finish(program, at_once=False)
        totals.add(world, "the night", took, wrong)
        print(totals, flush=True)
        self.assertEqual(totals.wrong, [])
        sources = {one["source"]["sha256"] for one in world.site.folder.traces().values()}
        self.assertEqual(len(sources), ARTIFACTS)

    def evidence(self):
        return self.world.evidence()[-40000:]


if __name__ == "__main__":
    runner.main()
