"""The portal goes away with a job in each state, stays away, and comes back: it is asked about once a minute meanwhile, nothing
is lost, and within a minute of its return all goes on. Three minutes; with $CRASH_NIGHT an hour.
"""

import os
import signal
import threading
import time
import unittest
import urllib.parse

from tests import runner
from tests.crash.harness.door import Door
from tests.crash.harness.points import of_this_shard, play_all
from tests.crash.harness.world import World
from tests.scenario.harness.case import workshop
from tests.scenario.harness.wait import PATIENCE, until

AWAY = 3600 if os.environ.get("CRASH_NIGHT") else 180
# Failures in a row before a host rests, what else may be under way then (two uploads, a listing, a download, each of which
# may be tried again on a connection of its own), and the first rest.
BEFORE_REST = 5 + 5
FIRST_REST = 30
REST = 60
SLOW = 40_000
# An upload that was cut off may still reach the portal out of the kernel's buffers: ten seconds later at that pace. The history
# must be asked for more than twice as long.
CONFIRM_AFTER = 30

_pause = threading.Event()


class Gone:
    """One way of being away."""

    def __init__(self, name, world):
        self.world = world
        self.name = name
        self.port = urllib.parse.urlparse(world.portal.url).port
        if name == "refused":
            self.door = Door(self.port)
            self.port = self.door.port
            world.site.settings["portal"]["url"] = world.portal.url.replace(str(self.door._behind), str(self.port))
            world.site.write_config()

    def begin(self):
        if self.name == "refused":
            self.door.close()
        elif self.name == "stalled":
            self.world.portal.program.send(signal.SIGSTOP)
        else:
            self.world.portal.set(portal_down=True)

    def end(self):
        if self.name == "refused":
            self.door.open()
        elif self.name == "stalled":
            self.world.portal.program.send(signal.SIGCONT)
        else:
            self.world.portal.set(portal_down=False)

    def knocks(self, program):
        return len([one for one in self.world.calls(program) if " connect " in one and one.endswith(f"port {self.port}")])


class AwayTest(unittest.TestCase):
    maxDiff = None

    def test_asked_about_once_a_minute_and_nothing_is_lost(self):
        ways = of_this_shard(("closed", "refused", "stalled"))
        if not ways:
            return
        totals = play_all(f"portal away for {AWAY} s", ways, World, self.play)
        self.assertFalse(totals.wrong, "\n".join(totals.wrong)[:60000])

    def play(self, world, way):
        world.site.settings["polling"].update(confirm_after=f"{CONFIRM_AFTER}s")
        world.site.write_config()
        gone = Gone(way, world)
        program = self.one_in_each_state(world)
        before = gone.knocks(program)
        gone.begin()
        went = time.monotonic()
        world.drop("late.apk", workshop().apk(size=30_000, version_code=9))
        early = late = 0
        told = {}
        while (passed := time.monotonic() - went) < AWAY:
            _pause.wait(2)
            if passed < FIRST_REST:
                early = gone.knocks(program) - before
            elif passed > AWAY - 2 * REST:
                # Who is being asked for at this moment, and has no answer for a minute, waits for nothing else meanwhile.
                told.update({one["file_name"]: (one["state"], one["waiting_for"], one["not_before"]) for one in world.site.jobs()
                             if one["waiting_for"] or one["file_name"] not in told})
        knocks = gone.knocks(program) - before
        late = knocks - early
        wrong = []
        wrong += [f"{name} waits, and status does not say for what: {one}" for name, one in told.items()
                  if one[0] != "delivered" and not one[1]]
        allowed = (AWAY - FIRST_REST) // REST + 2
        if late > allowed or early > BEFORE_REST:
            wrong.append(f"asked {early} times at first, then {late} times; allowed are {BEFORE_REST} and {allowed}")
        ended = len(world.site.folder.room_names("receipts"))
        gone.end()
        world.portal.set(upload_bytes_per_second=0, download_bytes_per_second=0, hold_builds=False)
        back = time.monotonic()
        until(lambda: len(world.site.folder.room_names("receipts")) > ended, "it goes on", 120, every=0.2)
        took = time.monotonic() - back
        if took > REST * PATIENCE:
            wrong.append(f"went on only after {took:.0f} s")
        until(world.at_their_end, "all goes on", 120, every=0.5)
        done = time.monotonic() - back
        if done > (REST + CONFIRM_AFTER + 10) * PATIENCE:
            wrong.append(f"all was done only after {done:.0f} s")
        _, told_wrong = world.finish(program, at_once=False)
        print(f"{way}: away {AWAY} s, {early} knocks in the first {FIRST_REST} s, then {late}; went on after {took:.1f} s, all done "
              f"after {done:.1f} s; meanwhile {told}", flush=True)
        return way, took, wrong + told_wrong

    @staticmethod
    def one_in_each_state(world):
        """A download, a build and an upload under way."""
        program = world.start(at=0)
        world.portal.set(download_bytes_per_second=SLOW)
        sizes = {"downloading.apk": 3_000_000, "building.apk": 150_000, "uploading.apk": 400_000}
        for number, (name, size) in enumerate(sizes.items()):
            if name == "uploading.apk":
                world.portal.set(upload_bytes_per_second=SLOW)
            world.drop(name, workshop().apk(size=size, version_code=number + 1))
            if name == "downloading.apk":
                until(lambda: world.portal.counters()["downloads_started"] == 1, "a download is under way")
                world.portal.set(hold_builds=True)
            elif name == "building.apk":
                until(lambda: world.portal.counters()["builds_queued"] == 2, "a build is under way")
            else:
                until(lambda: world.portal.counters()["puts_started"] == 3, "an upload is under way")
        return program


if __name__ == "__main__":
    runner.main()
