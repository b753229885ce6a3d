"""The portal goes away with a job in each state, stays away, and comes back: it is asked about once a minute meanwhile, nothing
is lost, and within a minute of its return all goes on. Away for a first rest and a probe; with $CRASH_NIGHT for an hour.
"""

import collections
import datetime
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

# Failures in a row before a host rests, what else may be under way then (two uploads, a listing, a download, each of which
# may be tried again on a connection of its own), the first rest and each later one.
BEFORE_REST = 5 + 5
FIRST_REST = 30
REST = 60
# A host that says nothing is given a minute for an answer before that counts as a failure.
ANSWER = 60
NIGHT = bool(os.environ.get("CRASH_NIGHT"))
AWAY = {"closed": FIRST_REST + 15, "refused": FIRST_REST + 15, "stalled": ANSWER + 15}
if NIGHT:
    AWAY = dict.fromkeys(AWAY, 3600)
SLOW = 40_000
# An upload that was cut off may still reach the portal out of the kernel's buffers: ten seconds later at that pace. The history
# must be asked for more than twice as long.
CONFIRM_AFTER = 30

# A listing, a download and the judgement itself, on a machine that has much else to do.
BUSY = 20

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
        """{port: when it was connected to, each time, as time.time() has it}"""
        found = collections.defaultdict(list)
        for one in self.world.calls(program):
            words = one.split()
            # "N connect THREAD port P at SECONDS", its last line perhaps not yet whole.
            if words[1:2] == ["connect"] and len(words) == 7 and "." in words[6]:
                found[int(words[4])].append(float(words[6]))
        return found

    def rested(self, program):
        """{port: when the daemon began to leave this host alone}"""
        found = {}
        for one in self.world.site.log_events(program):
            if one["event"] == "host.rests":
                # The log's time is cut to a millisecond: the request that failed last may be of the same one.
                when = datetime.datetime.fromisoformat(one["time"]).timestamp() + 0.002
                found.setdefault(int(one["host"].rsplit(":", 1)[1]), when)
        return found

    def too_many(self, program, since, until_then):
        """(what each host was asked, in words, what of it was too much)"""
        rested, told, wrong = self.rested(program), [], []
        if not self.knocks(program)[self.port]:
            wrong.append("no connection to the portal was seen: nothing is proven")
        for port, times in self.knocks(program).items():
            rest = rested.get(port, until_then)
            early = [one for one in times if since <= one <= rest]
            late = [one for one in times if rest < one <= until_then]
            gaps = [after - before for before, after in zip([rest, *late], late)]
            name = "the portal" if port == self.port else "the storage"
            told.append(f"{name} {len(early)} times in {rest - since:.0f} s{' until it rested' if port in rested else ''}, then "
                        f"{len(late)} times in {until_then - rest:.0f} s, {', '.join(f'{one:.1f}' for one in gaps)} s apart")
            if port == self.port and len(early) > BEFORE_REST:
                wrong.append(f"{name} was asked {len(early)} times before it rested, allowed are {BEFORE_REST}")
            # The daemon's own timers: a busy machine makes a gap longer, never shorter.
            wrong += [f"{name} was asked {gap:.1f} s after the last time" for number, gap in enumerate(gaps)
                      if gap < (REST if number else FIRST_REST) - 1]
        if self.port not in rested and (NIGHT or self.name != "stalled"):
            wrong.append("the portal never rested")
        return "; ".join(told), wrong


class AwayTest(unittest.TestCase):
    maxDiff = None

    def test_asked_about_once_a_minute_and_nothing_is_lost(self):
        ways = of_this_shard(AWAY)
        if not ways:
            return
        totals = play_all("portal away", ways, World, self.play)
        self.assertFalse(totals.wrong, "\n".join(totals.wrong)[:60000])

    def play(self, world, way):
        world.site.settings["polling"].update(confirm_after=f"{CONFIRM_AFTER}s")
        world.site.write_config()
        gone = Gone(way, world)
        program = self.one_in_each_state(world)
        gone.begin()
        went = time.time()
        world.drop("late.apk", workshop().apk(size=30_000, version_code=9))
        told = {}
        while not self.is_enough(passed := time.time() - went, AWAY[way], world, told):
            _pause.wait(2)
            if passed > AWAY[way] - 2 * REST:
                # Who is being asked for at this moment, and has no answer for a minute, waits for nothing else meanwhile.
                told.update({one["file_name"]: (one["state"], one["waiting_for"], one["not_before"]) for one in world.site.jobs()
                             if one["waiting_for"] or one["file_name"] not in told})
        wrong = [f"{name} waits, and status does not say for what: {one}" for name, one in told.items()
                 if one[0] != "delivered" and not one[1]]
        if len(told) != len(world.expected):
            wrong.append(f"the status tells of {sorted(told)}")
        ended = len(world.site.folder.room_names("receipts"))
        asked, too_many = gone.too_many(program, went, time.time())
        gone.end()
        world.portal.set(upload_bytes_per_second=0, download_bytes_per_second=0, hold_builds=False)
        back = time.monotonic()
        until(lambda: len(world.site.folder.room_names("receipts")) > ended, "it goes on", 240, every=0.2)
        took = time.monotonic() - back
        if took > REST * PATIENCE + BUSY:
            wrong.append(f"went on only after {took:.0f} s")
        until(world.at_their_end, "all goes on", 240, every=0.5)
        done = time.monotonic() - back
        if done > (REST + CONFIRM_AFTER) * PATIENCE + 2 * BUSY:
            wrong.append(f"all was done only after {done:.0f} s")
        _, told_wrong = world.finish(program, at_once=False)
        print(f"{way}: away {passed:.0f} s; {asked}; went on after {took:.1f} s, all done after {done:.1f} s; meanwhile {told}",
              flush=True)
        return way, took, wrong + too_many + told_wrong

    @staticmethod
    def is_enough(passed, away, world, told):
        """After its time, once the status has told of all; a busy machine may need some time more for that."""
        if passed < away:
            return False
        all_told = len(told) == len(world.expected) and all(state == "delivered" or what for state, what, _ in told.values())
        return all_told or passed > away + 2 * REST

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
