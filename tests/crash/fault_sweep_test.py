"""Each fault at each state: one build and one delivery all the same, or a failure with its reason, or a wait that says for what.

Prints the table fault | state | outcome. $CRASH_NIGHT: every row, else a cross-section.
"""

import os
import time
import unittest

from tests import runner
from tests.crash.harness.points import of_this_shard, play_all
from tests.crash.harness.sweep_rows import CHUNK, FOREVER, NAMES, PARTS, ROWS, SINGLE
from tests.crash.harness.world import World, is_held
from tests.scenario.harness.case import workshop
from tests.scenario.harness.wait import until

NIGHT = bool(os.environ.get("CRASH_NIGHT"))
ONLY = os.environ.get("CRASH_ROWS", "")
# The longest of all: a Complete is given five minutes for its answer.
LONGEST = 420


def make(row):
    world = World(switches={"multipart_threshold": 2 * CHUNK, "chunk_size": CHUNK, **row["switches"]})
    world.site.settings["limits"] = {"concurrent_parts": 2}
    world.site.write_config()
    for order in row["orders"]:
        world.portal.fault(**order)
    world.drop("app.apk", workshop().apk(size=PARTS if row["parts"] else SINGLE))
    return world


class Play:
    """One row."""

    def __init__(self, world, row):
        self.world, self.row = world, row
        self.wrong = []
        self.begun = time.monotonic()

    def __call__(self):
        program = self.killed() if self.row["kill"] else self.world.start()
        outcome = self.outcome(program)
        if outcome != self.row["expect"]:
            self.wrong.append(f"{outcome}, not {self.row['expect']}")
        if self.row["state"] == "abort":
            # It goes on beside the job, which may have ended meanwhile.
            until(lambda: not self.world.portal.state()["faults_left"], "the aborts have met their troubles", LONGEST, every=0.1)
        left = self.world.portal.state()["faults_left"]
        if left and not any(one.get("times", 1) == FOREVER for one in self.row["orders"]):
            self.wrong.append(f"{left} troubles have not happened: the row proves nothing")
        self.world.portal.clear_faults()
        self.allow(outcome)
        if self.row["gets"] is not None:
            self.look_at_gets()
        _, wrong = self.world.finish(program, seconds=LONGEST, at_once=False)
        line = f"{self.row['fault']} | {self.row['state']} | {outcome} | {time.monotonic() - self.begun:.1f} s"
        print(line, flush=True)
        return line, time.monotonic() - self.begun, self.wrong + wrong

    def killed(self):
        """The call is named by what is renamed or made in the output folder, counted in a run of its own."""
        number, after = self.row["kill"]
        probe = make(self.row)
        try:
            program = probe.start(at=0)
            probe.finish(program)
            named = [int(one.split()[0]) for one in probe.calls(program)
                     if one.split()[1] in ("renameat2", "linkat") and ".part" in one]
        finally:
            probe.close()
        if len(named) != NAMES:
            self.wrong.append(f"a delivery has {len(named)} renames, not {NAMES}: bring the rows up to date")
        killed, _ = self.world.live_until_death(named[number - 1], after)
        if not killed:
            self.wrong.append("nobody was killed: the row proves nothing")
        return self.world.start()

    def outcome(self, program):
        """What became of the artifact, as its folders and the status tell; the ones that may never be are lost and silent."""
        try:
            return until(lambda: self.look(program), "an outcome", LONGEST, every=0.1)
        except AssertionError as late:
            jobs = self.world.site.jobs()
            self.wrong.append(str(late))
            if not jobs:
                return "lost"
            return f"waits({jobs[0]['waiting_for']})" if jobs[0]["waiting_for"] else "silent"

    def look(self, program):
        if program.code is not None:
            self.wrong.append(f"the daemon ended with {program.code}")
            return "lost"
        receipts = list(self.world.site.folder.receipts().values())
        if receipts and receipts[0]["state"] == "delivered":
            return "delivered"
        if receipts:
            return f"failed({receipts[0]['failure']['kind']})"
        if '"confirming"' not in program.stderr() and "job.confirming" not in program.stderr():
            return None
        jobs = self.world.site.jobs()
        return "waits(for a person)" if jobs and is_held(jobs[0]) else None

    def look_at_gets(self):
        def first(asked):
            return 0 if asked is None else int(asked.removeprefix("bytes=").removesuffix("-"))
        gets = [(one["status"], first(one["range"])) for one in self.world.portal.requests() if one["endpoint"] == "get"]
        if gets != self.row["gets"]:
            self.wrong.append(f"the output was asked for as {gets}, not {self.row['gets']}")

    def allow(self, outcome):
        """What the judgement has to know: a failure is one, and which uploads may stay open at the portal."""
        world, counters = self.world, self.world.portal.counters()
        if outcome.startswith("failed("):
            world.expected[0].failure = outcome[len("failed("):-1]
            world.failed_builds = min(1, counters["builds_queued"])
        elif outcome.startswith("waits(for"):
            # The person has seen that the portal has nothing of it.
            if counters["builds_queued"]:
                self.wrong.append("held for a person, though the portal has built it")
            [job] = world.site.jobs()
            if not all(command in job["waiting_for"] for command in (f"'tegodrop retry --rebuild {job['id']}'", "'tegodrop cancel")):
                self.wrong.append(f"held, and the person is not told both commands: {job['waiting_for']}")
            done = world.site.run("retry", "--rebuild", job["id"])
            if done.returncode != 0:
                self.wrong.append(f"retry --rebuild: {done.stderr}")
        if any(one["where"] in ("upload_request", "complete") for one in self.row["orders"]):
            # An answer that was not read may have opened one; one whose Complete may have arrived is not aborted.
            world.unknowable = sum(one.get("times", 1) for one in self.row["orders"])


class FaultSweepTest(unittest.TestCase):
    maxDiff = None

    def test_none_is_lost_or_doubled_or_silent(self):
        rows = [row for row in ROWS if (NIGHT or row["quick"] or ONLY) and ONLY in f"{row['fault']} | {row['state']}"]
        print(f"\nfault | state | outcome | time ({len(rows)} rows)")
        totals = play_all("fault sweep", of_this_shard(rows), make, lambda world, row: Play(world, row)(), by_point=True)
        self.assertFalse(totals.wrong, "\n".join(totals.wrong)[:60000])


if __name__ == "__main__":
    runner.main()
